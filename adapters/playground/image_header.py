"""Format and dimensions of an uploaded file, from its first bytes and never from its name.

Pure, but slow enough for a thread. Only formats that every browser shows count as pictures here; anything else is
unknown bytes, which the core inspects itself. Nothing is decoded: a header that claims enormous dimensions costs
nothing.
"""

import io
from dataclasses import dataclass

from PIL import GifImagePlugin, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

_ORIENTATION_TAG = 0x0112  # Exif
_SIDEWAYS = (5, 6, 7, 8)  # orientations that swap width and height
UNKNOWN = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageHeader:
    """What the first bytes of a file say."""

    media_type: str
    """UNKNOWN for anything that is no picture."""
    width: int | None = None
    """Pixels, as shown."""
    height: int | None = None
    """Pixels, as shown."""


def read_image_header(data: bytes) -> ImageHeader:
    """Media type and dimensions of a picture, or UNKNOWN. Never raises."""
    found = _detect_format(data[:16])
    if found is None:
        return ImageHeader(media_type=UNKNOWN)
    media_type, reader = found
    try:
        # the reader itself and not Image.open, which warns of large pictures
        with reader(io.BytesIO(data)) as picture:
            width, height = picture.size
            is_jpeg = isinstance(picture, JpegImagePlugin.JpegImageFile)
            if is_jpeg and picture.getexif().get(_ORIENTATION_TAG) in _SIDEWAYS:
                width, height = height, width
    except Exception:  # whatever a hostile header provokes in a parser: it is no picture that we can vouch for
        return ImageHeader(media_type=UNKNOWN)
    return ImageHeader(media_type=media_type, width=width, height=height)


def _detect_format(head: bytes) -> tuple[str, type[ImageFile.ImageFile]] | None:
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png", PngImagePlugin.PngImageFile
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg", JpegImagePlugin.JpegImageFile
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif", GifImagePlugin.GifImageFile
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp", WebPImagePlugin.WebPImageFile
    return None
