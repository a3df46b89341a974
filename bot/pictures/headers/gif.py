"""GIF: the header by its blocks (GIF89a, Appendix A), its frames counted up to a bound.

Pure.
"""

from bot.pictures.headers.base import MAX_FRAMES, MAX_PARTS, PictureHeader, UnreadableHeader

_MAX_BLOCKS = 10 * MAX_PARTS  # of at most 255 bytes each: 50 MB of an ordinary file
_EXTENSION, _IMAGE = 0x21, 0x2C
_HEADER_BYTES = 13  # signature, canvas, flags, background, aspect
_DESCRIPTOR_BYTES = 10  # of an image, with its introducer


def read(data: bytes) -> PictureHeader:
    """Walks the blocks until they end, or until so many are found that more make no difference.

    Raises UnreadableHeader, also for a GIF that begins with that many blocks and no image.
    """
    if len(data) < _HEADER_BYTES:
        raise UnreadableHeader("no screen")
    width, height = _u16(data, 6), _u16(data, 8)
    at, frames, blocks = _HEADER_BYTES + _table_bytes(data[10]), 0, 0
    while frames < MAX_FRAMES and blocks < _MAX_BLOCKS and at < len(data):
        blocks += 1
        if data[at] == _EXTENSION:
            at += 2
        elif data[at] == _IMAGE and at + _DESCRIPTOR_BYTES <= len(data):
            frames += 1
            width = max(width, _u16(data, at + 1) + _u16(data, at + 5))
            height = max(height, _u16(data, at + 3) + _u16(data, at + 7))
            at += _DESCRIPTOR_BYTES + _table_bytes(data[at + 9]) + 1  # one byte of the code size
        else:
            break
        while at < len(data) and data[at] != 0 and blocks < _MAX_BLOCKS:
            blocks += 1
            at += data[at] + 1
        at += 1
    if not frames:
        raise UnreadableHeader("no image")
    return PictureHeader(
        media_type="image/gif",
        width=width,
        height=height,
        frames=frames,
        parts=min(blocks, MAX_PARTS),
        transparent=True,
        converted=True,
    )


def _u16(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "little")


def _table_bytes(flags: int) -> int:
    """Bytes of the colour table that the flags announce."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0
