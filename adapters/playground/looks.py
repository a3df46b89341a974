"""What an uploaded file is, by its first bytes, never by its name. Pure, but slow enough for a thread.

Only kinds that every browser shows count as pictures here; anything else is handed on as unknown bytes, and
the core looks for itself. Nothing is decoded: a header that promises a giant costs nothing.
"""

import io
from dataclasses import dataclass

from PIL import GifImagePlugin, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

_ORIENTATION = 0x0112  # Exif: 5 to 8 lie on their side
UNKNOWN = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """`width` and `height` in pixels, as shown."""

    media_type: str
    width: int | None = None
    height: int | None = None


def look(data: bytes) -> Looks:
    """The kind and the size of a picture, or UNKNOWN. Never raises."""
    found = _kind(data[:16])
    if found is None:
        return Looks(media_type=UNKNOWN)
    media_type, reader = found
    try:
        # the reader itself and not Image.open, which warns of large pictures
        with reader(io.BytesIO(data)) as picture:
            width, height = picture.size
            if isinstance(picture, JpegImagePlugin.JpegImageFile) and picture.getexif().get(_ORIENTATION) in (
                5,
                6,
                7,
                8,
            ):
                width, height = height, width
    except Exception:  # whatever a hostile header provokes in a parser: it is no picture that we can vouch for
        return Looks(media_type=UNKNOWN)
    return Looks(media_type=media_type, width=width, height=height)


def _kind(head: bytes) -> tuple[str, type[ImageFile.ImageFile]] | None:
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png", PngImagePlugin.PngImageFile
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg", JpegImagePlugin.JpegImageFile
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif", GifImagePlugin.GifImageFile
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp", WebPImagePlugin.WebPImageFile
    return None
