"""Says what an image file claims about itself, from its structure alone: type, size, frames, scans. Decodes nothing.

Pure. Every walk over untrusted bytes ends after MAX_PARTS steps, whatever the bytes say.
"""

from collections.abc import Callable

from bot.pictures.headers import gif, isobmff, jpeg, png, webp
from bot.pictures.headers.base import PictureHeader, TooManyParts, UnreadableHeader

__all__ = ["SNIFF_BYTES", "PictureHeader", "TooManyParts", "UnreadableHeader", "read_header", "sniff_media_type"]

SNIFF_BYTES = 64  # bytes at the start of a file that determine its media type
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"}

_READERS: dict[str, Callable[[bytes], PictureHeader]] = {
    "image/png": png.read,
    "image/jpeg": jpeg.read,
    "image/webp": webp.read,
    "image/gif": gif.read,
    "image/avif": isobmff.read_avif,
    "image/heic": isobmff.read_heif,
    "image/heif": isobmff.read_heif,
}


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


def read_header(data: bytes, media_type: str) -> PictureHeader:
    """What a file of that media type claims. Raises UnreadableHeader, also for an image without area; TooManyParts."""
    header = _READERS[media_type](data)
    if header.width < 1 or header.height < 1:
        raise UnreadableHeader(f"{header.width}x{header.height}")
    return header


def _sniff_heif(head: bytes) -> str | None:
    """The media type by the brands of the `ftyp` box (ISO 14496-12, 4.3)."""
    end = min(int.from_bytes(head[:4], "big"), SNIFF_BYTES)
    brands = {head[at : at + 4] for at in (8, *range(16, end, 4))}
    if brands & {b"avif", b"avis"}:
        return "image/avif"
    if brands & _HEIC_BRANDS:
        return "image/heic"
    return "image/heif" if b"mif1" in brands else None
