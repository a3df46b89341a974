"""Decodes untrusted bytes to plain pixels: checks type and dimensions before decoding; upright, sRGB, no metadata.

Blocking; called in worker threads only. Nothing here knows of limits other than those of decoding itself.
"""

import io
import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
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

from bot.errors import BrokenPicture, EaselError, NotAPicture, PictureTooManyPixels

SUPPORTED_FORMATS = "PNG, JPEG, WebP, HEIC"  # as named to users; a still GIF and AVIF are accepted as well
MAX_MEGAPIXELS = 100  # millions of pixels; no larger image is decoded
SNIFF_BYTES = 64  # bytes at the start of a file that determine its media type
MAX_JPEG_SCANS = 200  # a progressive JPEG has about ten scans, a bomb goes over the same pixels thousands of times
MAX_PROFILE_BYTES = 2_000_000  # bytes; a larger ICC profile is ignored; printers' profiles reach 1.5 MB

# Pillow's plugins themselves and not Image.open: no other parser can be reached, and nothing need be registered.
_DECODERS: dict[str, Callable[[io.BytesIO], ImageFile]] = {
    "image/png": PngImageFile,
    "image/jpeg": JpegImageFile,
    "image/webp": WebPImageFile,
    "image/gif": GifImageFile,
    "image/avif": AvifImageFile,
    "image/heic": HeifImageFile,
    "image/heif": HeifImageFile,
}
_SCAN_START = re.compile(rb"\xff\xda")  # the marker SOS; `bytes.count` of two bytes takes more than twice as long
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}
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


def sniff_media_type(head: bytes) -> str | None:
    """The media type by the first SNIFF_BYTES bytes; None for anything but a supported image."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return _sniff_heif(head) if head[4:8] == b"ftyp" else None


def _sniff_heif(head: bytes) -> str | None:
    """The media type by the brands of the `ftyp` box (ISO 14496-12, 4.3)."""
    end = min(int.from_bytes(head[:4], "big"), SNIFF_BYTES)
    brands = {head[at : at + 4] for at in (8, *range(16, end, 4))}
    if brands & {b"avif", b"avis"}:
        return "image/avif"
    if brands & _HEIC_BRANDS:
        return "image/heic"
    return "image/heif" if b"mif1" in brands else None


@contextmanager
def translated_decoder_errors(name: str) -> Generator[None]:
    """Raises every exception of a decoder as BrokenPicture or PictureTooManyPixels; hostile bytes can provoke any."""
    try:
        yield
    except EaselError:
        raise
    except Pillow.DecompressionBombError as exc:  # a frame beyond the canvas of its GIF
        raise PictureTooManyPixels(name=name, megapixels=MAX_MEGAPIXELS, detail=str(exc)) from exc
    except Exception as exc:
        raise BrokenPicture(name=name, detail=f"{type(exc).__name__}: {exc}"[:200]) from exc


def open_image(data: bytes, name: str) -> ImageFile:
    """Opens an image: its header is read, nothing is decoded. `name` is for the errors.

    Raises NotAPicture, BrokenPicture, PictureTooManyPixels.
    """
    media_type = sniff_media_type(data[:SNIFF_BYTES])
    if media_type is None:
        raise NotAPicture(name=name, kinds=SUPPORTED_FORMATS)
    with translated_decoder_errors(name):
        if media_type == "image/webp":
            _check_dimensions(_webp_canvas(data), name)  # its decoder allocates the canvas as soon as it is created
        if media_type == "image/jpeg" and len(_SCAN_START.findall(data)) > MAX_JPEG_SCANS:
            raise BrokenPicture(name=name, detail="too many scans")
        picture = _DECODERS[media_type](io.BytesIO(data))
        _check_dimensions(picture.size, name)
    return picture


def _check_dimensions(size: tuple[int, int], name: str) -> None:
    """Raises BrokenPicture for an empty image, and PictureTooManyPixels beyond MAX_MEGAPIXELS."""
    width, height = size
    if width < 1 or height < 1:
        raise BrokenPicture(name=name, detail=f"{width}x{height}")
    if width * height > MAX_MEGAPIXELS * 1_000_000:
        raise PictureTooManyPixels(name=name, megapixels=MAX_MEGAPIXELS, detail=f"{width}x{height}")


def _webp_canvas(data: bytes) -> tuple[int, int]:
    """Width and height of a WebP by its header (RFC 9649, 2.5 to 2.7)."""
    if data[12:16] == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if data[12:16] == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(data[28:30], "little") & 0x3FFF


def is_animated(picture: ImageFile) -> bool:
    """Whether it is an animation. Several images in one HEIC are a burst or a collection; the primary one counts."""
    return not isinstance(picture, HeifImageFile) and bool(getattr(picture, "is_animated", False))


def is_lossless(picture: ImageFile) -> bool:
    """Whether the file format is lossless, so that the pixels are worth a lossless encoding."""
    return isinstance(picture, PngImageFile | GifImageFile)


def is_upright_srgb_jpeg(picture: ImageFile, edge: int) -> bool:
    """Whether it is a JPEG whose pixels can be sent unchanged: upright, in sRGB, neither side above `edge` pixels."""
    if not isinstance(picture, JpegImageFile) or picture.mode != "RGB" or max(picture.size) > edge:
        return False
    profile = picture.info.get("icc_profile")
    return _orientation(picture) not in _TRANSPOSES and (profile is None or _is_srgb_profile(profile))


def verify_image(picture: ImageFile, data: bytes) -> tuple[int, int]:
    """Checks that the image is complete. Returns its upright width and height.

    A PNG has a checksum in every chunk, and verifying those takes a fortieth of the time of decoding. Other formats are
    decoded; of an animation as many frames as make up MAX_MEGAPIXELS. A JPEG is decoded at an eighth of its size: it is
    read to its end all the same, in little memory.
    """
    width, height = picture.size
    if isinstance(picture, JpegImageFile):
        picture.draft(picture.mode, (1, 1))
    if isinstance(picture, PngImageFile) and not is_animated(picture) and b"eXIf" not in data:
        picture.verify()
        return width, height
    frames = getattr(picture, "n_frames", 1) if is_animated(picture) else 1
    for frame in range(max(1, min(frames, MAX_MEGAPIXELS * 1_000_000 // (width * height)))):
        if frame:
            picture.seek(frame)
        picture.load()
    return (height, width) if _orientation(picture) in _SWAPPED_SIDES else (width, height)


def decode_upright(picture: ImageFile, edge: int) -> Pillow.Image:
    """Decodes an image: upright, RGB or RGBA in sRGB, neither side above `edge` pixels, without metadata."""
    size = fit_within(picture.size, edge)
    transpose = _TRANSPOSES.get(_orientation(picture))
    if isinstance(picture, JpegImageFile):
        picture.draft(picture.mode, size)  # decodes at 1/2, 1/4 or 1/8 where that is still large enough
    picture.load()
    profile = picture.info.get("icc_profile")
    image = resize(_to_8_bit(picture), size)
    if transpose is not None:
        image = image.transpose(transpose)
    if isinstance(profile, bytes):
        image = _to_srgb(image, profile)
    image = image.convert("RGBA" if image.mode in ("LA", "RGBA") else "RGB")
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255):
        image = image.convert("RGB")
    image.info = {}  # encoders write what they find there: comments, profiles, EXIF
    return image


def fit_within(size: tuple[int, int], edge: int) -> tuple[int, int]:
    """The size scaled down, never up, so that neither side is above `edge`; pixels, each side >= 1."""
    width, height = size
    scale = min(1.0, edge / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def resize(image: Pillow.Image, size: tuple[int, int]) -> Pillow.Image:
    """The image scaled to `size` (width, height)."""
    if image.size == size:
        return image
    lanczos = Pillow.Resampling.LANCZOS
    return image.resize(size, lanczos, reducing_gap=3.0)  # pyright: ignore[reportUnknownMemberType] - hints at numpy


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
