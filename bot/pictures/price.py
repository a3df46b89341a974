"""What it costs to read an image, known from its header before anything is decoded: memory, time, and where to do it.

Pure. The rates were measured with Pillow 13 and pillow-heif 1.8 on images of 20 megapixels, and are rounded up.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from bot.errors import PictureTooComplex, PictureTooManyPixels
from bot.pictures.candidates import candidate_encodings
from bot.pictures.headers import PictureHeader
from bot.pictures.headers.base import MAX_PARTS

MEGAPIXEL = 1_000_000
MAX_SECONDS = 10.0  # seconds for one image; a PNG of 50 megapixels takes 5, most of them to encode it again
MAX_SCANS_S = 2.0  # seconds, of them, for the scans of a JPEG; twenty scans of 50 megapixels take 1.5
MAX_SCANS = 200  # whatever its size; a progressive JPEG has about ten
MAX_VERIFIED_FRAMES = 50  # frames of an animation that are decoded to see whether it is one
THREAD_BYTES = 64_000_000  # bytes; a photo of 12 megapixels. What takes more has a process of its own, with a limit
THREAD_S = 0.5  # seconds; what takes longer must be possible to end
THREAD_WEBP_PIXELS = 4_200_000  # 2048 × 2048 takes 10 ms in which the decoder of WebP holds the interpreter
STRIP_PIXELS = 4_000_000  # pixels of a larger image that are converted and scaled at a time
PIXEL_BYTES = 4  # of a decoded pixel in Pillow, whatever its colours
RESIZE_S = 10e-9  # seconds a pixel of the source
BYTE_S = 2e-9  # seconds a byte of the file, to read it and to verify checksums
PART_S = 20e-6  # seconds a part of the file; Pillow walks chunks in Python
SHRINK_SHARE = 0.9  # of the memory; the file and what it was encoded as so far lie beside an image that is shrunk
MIN_EDGE_PX = 64  # pixels; no smaller size is tried
MAX_ALPHA_WEBP_PIXELS = 8_000_000  # pixels; libwebp takes 31 bytes for each that is transparent
COMPOSING_BYTES = 12  # a pixel of an original that is composed with an edit: both, the mask, and how that fades
ORIGINAL_BYTES = 5  # a pixel of it while the edit is decoded: itself and its mask
COMPOSING_BASE_BYTES = 60_000_000  # whatever the size: numpy, its spectra, and the strip that is worked on
COMPOSING_S = 100e-9  # seconds a pixel, to put an original back around an edit
COMPOSING_BASE_S = 0.7  # seconds, whatever the size: to start numpy, and to compare the two
SCAN_S = 1.5e-9  # seconds a pixel, for each scan of a JPEG


DRAWING_BYTES = 6  # a pixel of a mask that is drawn: itself, its inversion, and how it is encoded
DRAWING_S = 40e-9  # seconds a pixel of it, to encode it
PAINTED_S = 0.4e-9  # seconds a pixel that a stroke fills


class Lane(StrEnum):
    """Where image work runs."""

    THREAD = "thread"
    """In a thread of Easel's own process: starts at once."""

    PROCESS = "process"
    """In a process of its own, which can be ended and has a memory limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is to be done with an image."""

    edge: int | None = None
    """Longest side of the image that comes out, pixels, > 0; None: it is only verified."""

    encodes: tuple[str, ...] = ()
    """Media types that it may be encoded as."""

    shrinks: bool = False
    """Whether the image that comes out may be smaller than `edge` where memory demands it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What may be spent on images."""

    max_megapixels: int = 50
    """Millions of pixels; no larger image is decoded. > 0."""

    memory_bytes: int = 300_000_000
    """Bytes that decoding takes at once, of all images together; > 0."""


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one piece of image work takes at most."""

    memory_bytes: int
    """Bytes at once, without those of the file."""

    seconds: float
    """Seconds of processor time; an estimate."""

    lane: Lane
    """Where it runs."""

    untouched_bytes: int = 0
    """Bytes that are allocated besides, and are no memory until they are touched."""

    def beside(self, other: "Price") -> "Price":
        """The price of both pieces of work, one after the other."""
        return Price(
            memory_bytes=max(self.memory_bytes, other.memory_bytes),
            untouched_bytes=max(self.untouched_bytes, other.untouched_bytes),
            seconds=self.seconds + other.seconds,
            lane=Lane.PROCESS if Lane.PROCESS in (self.lane, other.lane) else Lane.THREAD,
        )

    def composing(self, pixels: int) -> "Price":
        """The price of decoding an edit and putting an original of so many pixels back around it."""
        return Price(
            memory_bytes=COMPOSING_BASE_BYTES
            + max(self.memory_bytes + pixels * ORIGINAL_BYTES, pixels * COMPOSING_BYTES),
            untouched_bytes=self.untouched_bytes,
            seconds=self.seconds + COMPOSING_BASE_S + pixels * COMPOSING_S,
            lane=Lane.PROCESS,
        )


@dataclass(frozen=True, slots=True)
class _Decoder:
    """What a decoder takes for a pixel at its peak, with Pillow's own image."""

    bytes: float
    seconds: float
    untouched: float = 0.0
    """Bytes that it allocates besides and never touches: no memory of the machine, but within a process's limit."""

    isolated: bool = False
    """Whether it always runs in a process of its own: its bitstream may be larger than the file says."""


@dataclass(frozen=True, slots=True)
class _Encoder:
    """What an encoder takes for a pixel, with the image that it encodes."""

    bytes: float
    seconds: float
    max_pixels: int = 1 << 62

    def memory(self, pixels: int) -> float:
        return self.bytes * min(pixels, self.max_pixels)


_DECODERS = {
    "image/png": _Decoder(PIXEL_BYTES, 30e-9),
    "image/jpeg": _Decoder(PIXEL_BYTES, 6e-9),
    "image/gif": _Decoder(PIXEL_BYTES, 10e-9),
    "image/webp": _Decoder(17.5, 30e-9),  # two canvases of RGBA, a copy, the image
    "image/avif": _Decoder(11.5, 30e-9, isolated=True),
    "image/heic": _Decoder(7.75, 30e-9, untouched=4, isolated=True),
}
_ALPHA_DECODERS = _DECODERS | {
    "image/avif": _Decoder(14.5, 35e-9, isolated=True),
    "image/heic": _Decoder(13, 60e-9, untouched=4, isolated=True),
}
_ENCODERS = {"image/png": _Encoder(6, 150e-9), "image/webp": _Encoder(13, 90e-9), "image/jpeg": _Encoder(5, 6e-9)}
_ALPHA_ENCODERS = {  # a WebP is made of at most MAX_ALPHA_WEBP_PIXELS, a JPEG of a copy on white
    "image/png": _Encoder(8, 150e-9),
    "image/webp": _Encoder(35, 150e-9, max_pixels=MAX_ALPHA_WEBP_PIXELS),
    "image/jpeg": _Encoder(10, 10e-9),
}
_STRIP_BYTES = 8  # a pixel of a strip: itself and its conversion
_CONVERSION_BYTES = 6  # a pixel, from a palette or 16 bits of grey
_ANIMATION_BYTES = 8  # a pixel, for the frame before and the one being composed
_MAX_DRAFT = 8  # libjpeg decodes at 1/1, 1/2, 1/4 and 1/8


def draft_scale(size: tuple[int, int], target: tuple[int, int]) -> int:
    """The power of two, up to 8, by which libjpeg can divide `size` so that it is no smaller than `target`."""
    scale = _MAX_DRAFT
    while scale > 1 and (size[0] < target[0] * scale or size[1] < target[1] * scale):
        scale //= 2
    return scale


def fit_within(size: tuple[int, int], edge: int) -> tuple[int, int]:
    """The size scaled down, never up, so that neither side is above `edge`; pixels, each side >= 1."""
    width, height = size
    scale = min(1.0, edge / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def verified_frames(header: PictureHeader, limits: Limits) -> int:
    """How many frames of an animation are decoded when it is verified, >= 1: not more pixels than one image may have,
    and not more than MAX_VERIFIED_FRAMES."""
    return max(1, min(header.frames, MAX_VERIFIED_FRAMES, limits.max_megapixels * MEGAPIXEL // header.pixels))


def price_of(header: PictureHeader, file_bytes: int, task: Task, limits: Limits) -> Price:
    """What the task takes for an image with this header in a file of so many bytes."""
    seconds = file_bytes * BYTE_S + header.parts * PART_S
    memory = 0.0
    if task.edge is not None or not verifies_by_checksum(header):
        memory, decode_s = _decoding(header, task)
        seconds += decode_s * (verified_frames(header, limits) if task.edge is None else 1)
    if task.edge is not None:
        width, height = fit_within((header.width, header.height), task.edge)
        copied = header.transparent or header.converted or (width, height) != (header.width, header.height)
        encoders = _encoders(header, task)
        encoding = max(encoder.memory(width * height) for encoder in encoders)
        strip = STRIP_PIXELS * _STRIP_BYTES if copied and _decoded_pixels(header, task) > STRIP_PIXELS else 0
        memory = max(memory + width * height * PIXEL_BYTES * copied + strip, encoding)
        seconds += header.pixels * RESIZE_S + width * height * max(encoder.seconds for encoder in encoders)
    untouched = _decoder(header).untouched * header.pixels
    return Price(
        memory_bytes=int(memory),
        untouched_bytes=int(untouched),
        seconds=seconds,
        lane=_lane(header, memory, seconds),
    )


def drawing_price(pixels: int, painted: float) -> Price:
    """What it takes to draw a mask of so many pixels, of which strokes fill so many, each counted as often as that."""
    memory, seconds = pixels * DRAWING_BYTES, pixels * DRAWING_S + painted * PAINTED_S
    in_thread = memory <= THREAD_BYTES and seconds <= THREAD_S
    return Price(memory_bytes=memory, seconds=seconds, lane=Lane.THREAD if in_thread else Lane.PROCESS)


def shrink_task(header: PictureHeader, task: Task, limits: Limits) -> Task:
    """The task with the largest `edge` within SHRINK_SHARE of the memory, if it may shrink; else the task itself."""
    while (
        task.shrinks
        and task.edge is not None
        and task.edge > MIN_EDGE_PX
        and price_of(header, 0, task, limits).memory_bytes > limits.memory_bytes * SHRINK_SHARE
    ):
        task = replace(task, edge=min(task.edge, max(header.width, header.height)) * 15 // 16)
    return task


def check_price(header: PictureHeader, price: Price, limits: Limits, name: str) -> None:
    """Raises PictureTooManyPixels and PictureTooComplex, with `name`, for an image that would take too much."""
    if header.pixels > limits.max_megapixels * MEGAPIXEL or price.memory_bytes > limits.memory_bytes:
        megapixels = largest_megapixels(header, price, limits)
        raise PictureTooManyPixels(name=name, megapixels=megapixels, detail=f"{header.width}x{header.height}")
    scans_s = header.pixels * header.scans * SCAN_S
    if scans_s > MAX_SCANS_S or header.scans > MAX_SCANS or price.seconds > MAX_SECONDS:
        raise PictureTooComplex(name=name, detail=f"{header.scans} scans, {header.frames} frames, {header.parts} parts")


def largest_megapixels(header: PictureHeader, price: Price, limits: Limits) -> int:
    """Millions of pixels that an image of the same kind may have; >= 1."""
    by_memory = header.pixels / MEGAPIXEL * limits.memory_bytes / max(1, price.memory_bytes)
    return max(1, min(limits.max_megapixels, int(by_memory)))


def verifies_by_checksum(header: PictureHeader) -> bool:
    """Whether the image is complete when the checksums of its chunks are right, so that nothing need be decoded."""
    return header.media_type == "image/png" and not header.animated and not header.oriented


def _decoder(header: PictureHeader) -> _Decoder:
    return (_ALPHA_DECODERS if header.transparent else _DECODERS)[header.media_type]


def _decoding(header: PictureHeader, task: Task) -> tuple[float, float]:
    """Bytes at the peak, and seconds, of decoding one frame."""
    decoder = _decoder(header)
    bytes_a_pixel = decoder.bytes + _ANIMATION_BYTES * header.animated
    conversion = min(header.pixels, STRIP_PIXELS) * _CONVERSION_BYTES if header.converted else 0
    seconds = header.pixels * (decoder.seconds * (1 + header.interlaced) + SCAN_S * (header.scans - 1))
    return _decoded_pixels(header, task) * bytes_a_pixel + header.pixels * header.coefficients + conversion, seconds


def _decoded_pixels(header: PictureHeader, task: Task) -> int:
    """Pixels that come out of the decoder: a JPEG is decoded at a fraction of its size where that is enough."""
    if header.media_type != "image/jpeg":
        return header.pixels
    size = (header.width, header.height)
    return header.pixels // draft_scale(size, (1, 1) if task.edge is None else fit_within(size, task.edge)) ** 2


def _encoders(header: PictureHeader, task: Task) -> list[_Encoder]:
    """The encoders that may be tried, whether its pixels turn out to be transparent or not."""
    lossless = header.media_type in ("image/png", "image/gif")
    return [
        (_ALPHA_ENCODERS if transparent else _ENCODERS)[kind]
        for transparent in {False, header.transparent}
        for kind, _ in candidate_encodings(task.encodes, transparent=transparent, lossless=lossless)
    ]


def _lane(header: PictureHeader, memory: float, seconds: float) -> Lane:
    if header.media_type == "image/webp" and header.pixels * header.frames > THREAD_WEBP_PIXELS:
        return Lane.PROCESS
    if header.animated and header.parts >= MAX_PARTS:  # nobody has looked at what follows
        return Lane.PROCESS
    if _decoder(header).isolated or memory > THREAD_BYTES or seconds > THREAD_S:
        return Lane.PROCESS
    return Lane.THREAD
