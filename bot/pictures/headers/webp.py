"""WebP: the header by its chunks (RFC 9649, 2.5 to 2.7); canvas, frames and bitstreams, the largest of what they say.

Pure.
"""

from bot.pictures.headers.base import MAX_FRAMES, MAX_PARTS, PictureHeader, TooManyParts, UnreadableHeader

_RIFF_BYTES = 12
_FRAME_HEADER_BYTES = 16  # of ANMF, before the chunks of its image


def read(data: bytes) -> PictureHeader:
    """Walks the chunks, also those inside frames. Raises UnreadableHeader, TooManyParts."""
    sizes: list[tuple[int, int]] = []
    at, parts, frames, transparent = _RIFF_BYTES, 0, 0, False
    while at + 8 <= len(data):
        if parts == MAX_PARTS:
            if frames > 1:
                break
            raise TooManyParts("chunks")
        parts += 1
        kind, start = data[at : at + 4], at + 8
        if kind in (b"VP8X", b"VP8L", b"VP8 "):
            head = data[start : start + 10].ljust(10, b"\0")
            sizes.append(_size(kind, head))
            transparent = transparent or _has_alpha(kind, head)
        if kind == b"ANMF":
            frames += 1
            at = start + _FRAME_HEADER_BYTES
        else:
            length = int.from_bytes(data[at + 4 : at + 8], "little")
            at = start + length + length % 2
    if not sizes:
        raise UnreadableHeader("no bitstream")
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    return PictureHeader(
        media_type="image/webp",
        width=width,
        height=height,
        frames=max(1, min(frames, MAX_FRAMES)),
        parts=parts,
        transparent=transparent,
    )


def _has_alpha(kind: bytes, head: bytes) -> bool:
    """Whether the canvas or the lossless bitstream says that alpha is used."""
    return bool(head[0] & 0x10) if kind == b"VP8X" else kind == b"VP8L" and bool(head[4] & 0x10)


def _size(kind: bytes, head: bytes) -> tuple[int, int]:
    """Width and height by the first bytes of the canvas, a lossless or a lossy bitstream."""
    if kind == b"VP8X":
        return int.from_bytes(head[4:7], "little") + 1, int.from_bytes(head[7:10], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(head[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return int.from_bytes(head[6:8], "little") & 0x3FFF, int.from_bytes(head[8:10], "little") & 0x3FFF
