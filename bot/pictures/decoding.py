"""Decodes untrusted bytes to plain pixels: upright, sRGB, no metadata; large images in strips, which bounds memory.

Blocking; called in worker threads and processes only. Whether an image may be decoded at all is decided before, by its
price.
"""

import io
from collections.abc import Callable, Generator
from contextlib import contextmanager
from math import ceil
from typing import Any

from PIL import Image as Pillow
from PIL import ImageCms
from PIL.AvifImagePlugin import AvifImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile
from pillow_heif import HeifImageFile

from bot.errors import BrokenPicture, EaselError
from bot.pictures.price import STRIP_PIXELS, fit_within

MAX_PROFILE_BYTES = 2_000_000  # bytes; a larger ICC profile is ignored; printers' profiles reach 1.5 MB
STRIP_MARGIN = 4  # times the scale: rows beside a strip that its first and last rows are computed from; Lanczos takes 3

# Pillow's plugins themselves and not Image.open: no other parser can be reached, and nothing need be registered.
_DECODERS: dict[str, Callable[[io.BytesIO], ImageFile]] = {
    "image/png": PngImageFile,
    "image/jpeg": JpegImageFile,
    "image/webp": WebPImageFile,
    "image/gif": GifImageFile,
    "image/avif": AvifImageFile,
    "image/heic": HeifImageFile,
}
_ORIENTATION = 0x0112  # EXIF tag; the values below are those of CIPA DC-008, 4.6.4
_TRANSPOSES = {
    2: Pillow.Transpose.FLIP_LEFT_RIGHT,
    3: Pillow.Transpose.ROTATE_180,
    4: Pillow.Transpose.FLIP_TOP_BOTTOM,
    5: Pillow.Transpose.TRANSPOSE,
    6: Pillow.Transpose.ROTATE_270,
    7: Pillow.Transpose.TRANSVERSE,
    8: Pillow.Transpose.ROTATE_90,
}
_SWAPPED_SIDES = (5, 6, 7, 8)  # EXIF orientations that swap width and height
_ICC_COLOUR_SPACES = {
    "L": b"GRAY",
    "RGB": b"RGB ",
    "RGBA": b"RGB ",
    "CMYK": b"CMYK",
}  # Pillow mode -> colour space in the header of an ICC profile


@contextmanager
def translated_decoder_errors(name: str) -> Generator[None]:
    """Raises every exception of a decoder as BrokenPicture; hostile bytes can provoke any. Those that mean "too large"
    pass: MemoryError, DecompressionBombError."""
    try:
        yield
    except (EaselError, MemoryError, Pillow.DecompressionBombError):
        raise
    except Exception as exc:
        raise BrokenPicture(name=name, detail=f"{type(exc).__name__}: {exc}"[:200]) from exc


def open_image(data: bytes, media_type: str, name: str) -> ImageFile:
    """Opens an image: its header is read, nothing is decoded. `name` is for the error. Raises BrokenPicture."""
    with translated_decoder_errors(name):
        return _DECODERS[media_type](io.BytesIO(data))


def is_lossless(picture: ImageFile) -> bool:
    """Whether the file format is lossless, so that the pixels are worth a lossless encoding."""
    return isinstance(picture, PngImageFile | GifImageFile)


def is_upright_srgb_jpeg(picture: ImageFile, edge: int) -> bool:
    """Whether it is a JPEG whose pixels can be sent unchanged: upright, in sRGB, neither side above `edge` pixels."""
    if not isinstance(picture, JpegImageFile) or picture.mode != "RGB" or max(picture.size) > edge:
        return False
    profile = picture.info.get("icc_profile")
    return _orientation(picture) not in _TRANSPOSES and (profile is None or _is_srgb_profile(profile))


def upright_size(picture: ImageFile) -> tuple[int, int]:
    """Width and height of the image when upright, pixels."""
    width, height = picture.size
    return (height, width) if _orientation(picture) in _SWAPPED_SIDES else (width, height)


def verify_image(picture: ImageFile, *, frames: int, by_checksum: bool) -> tuple[int, int]:
    """Checks that the image is complete. Returns its upright width and height.

    Decodes it, of an animation at most `frames` frames. `by_checksum`: a still PNG without EXIF, which has a checksum
    in every chunk; verifying those takes a fortieth of the time. A JPEG is decoded at an eighth of its size: it is read
    to its end all the same, in little memory.
    """
    if by_checksum:
        picture.verify()
        return picture.size
    if isinstance(picture, JpegImageFile):
        size = upright_size(picture)
        picture.draft(picture.mode, (1, 1))
        picture.load()
        return size
    for frame in range(frames):
        if frame:
            try:
                picture.seek(frame)
            except EOFError:  # fewer than were announced
                break
        picture.load()
    return upright_size(picture)


def decode_upright(picture: ImageFile, edge: int) -> Pillow.Image:
    """Decodes an image: upright, RGB or RGBA in sRGB, neither side above `edge` pixels, without metadata."""
    size = fit_within(picture.size, edge)
    transpose = _TRANSPOSES.get(_orientation(picture))
    if isinstance(picture, JpegImageFile):
        picture.draft(picture.mode, size)  # decodes at 1/2, 1/4 or 1/8 where that is still large enough
    picture.load()
    profile = picture.info.get("icc_profile")
    image = _scale_8_bit(picture, size)
    if transpose is not None:
        image = image.transpose(transpose)
    if isinstance(profile, bytes):
        image = _to_srgb(image, profile)
    image = _convert(image, "RGBA" if image.mode in ("LA", "RGBA") else "RGB")
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255):
        image = image.convert("RGB")
    image.info = {}  # encoders write what they find there: comments, profiles, EXIF
    return image


def resize(image: Pillow.Image, size: tuple[int, int]) -> Pillow.Image:
    """The image scaled to `size` (width, height)."""
    return image if image.size == size else _scale_8_bit(image, size)


def _scale_8_bit(picture: Pillow.Image, size: tuple[int, int]) -> Pillow.Image:
    """The image scaled to `size`, in a mode that resizes well. A large one is worked on in strips, so that neither
    conversion nor scaling takes another copy of it."""
    if picture.width * picture.height <= STRIP_PIXELS or (picture.size == size and _to_8_bit(picture) is picture):
        return _resize(_to_8_bit(picture), size)
    scale = picture.height / size[1]
    margin = ceil(STRIP_MARGIN * max(1.0, scale))
    rows = max(1, int(STRIP_PIXELS / picture.width / scale))
    scaled: Pillow.Image | None = None
    for top in range(0, size[1], rows):
        bottom = min(top + rows, size[1])
        first, last = max(0, int(top * scale) - margin), min(picture.height, ceil(bottom * scale) + margin)
        strip = _to_8_bit(picture.crop((0, first, picture.width, last)))
        box = (0.0, top * scale - first, float(picture.width), min(bottom * scale - first, strip.height))
        strip = _resize(strip, (size[0], bottom - top), box, reducing_gap=None)  # which would move with the strip
        scaled = Pillow.new(strip.mode, size) if scaled is None else scaled
        scaled.paste(strip, (0, top))
    assert scaled is not None
    return scaled


def _resize(
    image: Pillow.Image,
    size: tuple[int, int],
    box: tuple[float, float, float, float] | None = None,
    *,
    reducing_gap: float | None = 3.0,
) -> Pillow.Image:
    if image.size == size and box in (None, (0, 0, *size)):
        return image
    lanczos = Pillow.Resampling.LANCZOS
    return image.resize(size, lanczos, box, reducing_gap)  # pyright: ignore[reportUnknownMemberType] - hints at numpy


def _convert(image: Pillow.Image, mode: str) -> Pillow.Image:
    """The image in that mode; Pillow copies even one that has it."""
    return image if image.mode == mode else image.convert(mode)


def _orientation(picture: ImageFile) -> int:
    """Its EXIF orientation; 1 (upright) where there is none."""
    try:
        return int(picture.getexif().get(_ORIENTATION, 1))
    except Exception:  # a broken EXIF block does not make the picture broken
        return 1


def _to_8_bit(picture: Pillow.Image) -> Pillow.Image:
    """Converts to a mode that resizes well and has a colour space of its own: L, LA, RGB, RGBA or CMYK."""
    if picture.mode.startswith("I"):  # 16 bits of grey, which a plain convert would clip
        grey = picture.convert("I")
        return grey.point(lambda level: level * (1 / 256)).convert("L")  # pyright: ignore[reportUnknownMemberType] - hints at numpy
    if picture.mode in ("P", "PA", "RGBa") or "transparency" in picture.info:
        return picture.convert("RGBA")
    if picture.mode in ("L", "LA", "RGB", "RGBA", "CMYK"):
        return picture
    return picture.convert("L" if picture.mode == "1" else "RGB")


def _to_srgb(image: Pillow.Image, profile: bytes) -> Pillow.Image:
    """Converts from the colour space of an ICC profile; one that cannot be used is ignored, as by most viewers."""
    if len(profile) > MAX_PROFILE_BYTES or profile[16:20] != _ICC_COLOUR_SPACES.get(image.mode):  # ICC.1, 7.2.6
        return image
    try:
        if _is_srgb_profile(profile):
            return image
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = "RGBA" if image.mode == "RGBA" else "RGB"
        return ImageCms.profileToProfile(image, source, _srgb_profile(), outputMode=mode) or image
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image


def _is_srgb_profile(profile: bytes) -> bool:
    """Whether an ICC profile is sRGB, by its description; False for one that cannot be read."""
    if len(profile) > MAX_PROFILE_BYTES:
        return False
    try:
        return "srgb" in ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile))).lower()
    except (ImageCms.PyCMSError, OSError, ValueError):
        return False


def _srgb_profile() -> ImageCms.ImageCmsProfile:
    untyped: Any = ImageCms  # the C module behind createProfile has no types
    return ImageCms.ImageCmsProfile(untyped.createProfile("sRGB"))
