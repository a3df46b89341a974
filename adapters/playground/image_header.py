"""Format and dimensions of an uploaded file, from its first bytes and never from its name.

Pure, but slow enough for a thread. Only formats that every browser shows count as pictures here; anything else is
unknown bytes, which the core inspects itself. Nothing is decoded: a header that claims enormous dimensions costs
nothing.
"""

import io
from dataclasses import dataclass

from PIL.JpegImagePlugin import JpegImageFile

from bot.pictures.headers import SNIFF_BYTES, UnreadableHeader, read_header, sniff_media_type

_SHOWN = ("image/png", "image/jpeg", "image/gif", "image/webp")
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
    media_type = sniff_media_type(data[:SNIFF_BYTES])
    if media_type not in _SHOWN:
        return ImageHeader(media_type=UNKNOWN)
    try:
        header = read_header(data, media_type)
    except UnreadableHeader:
        return ImageHeader(media_type=UNKNOWN)
    width, height = header.width, header.height
    if media_type == "image/jpeg" and _lies_sideways(data):
        width, height = height, width
    return ImageHeader(media_type=media_type, width=width, height=height)


def _lies_sideways(jpeg: bytes) -> bool:
    """Whether its Exif says that the photo was taken with the camera on its side."""
    try:
        with JpegImageFile(io.BytesIO(jpeg)) as picture:
            return picture.getexif().get(_ORIENTATION_TAG) in _SIDEWAYS
    except Exception:  # whatever a hostile header provokes in a parser
        return False
