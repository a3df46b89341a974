"""PNG and APNG: the header by its chunks (PNG third edition, 5.3 and 11).

Pure.
"""

from bot.pictures.headers.base import MAX_FRAMES, MAX_PARTS, PictureHeader, TooManyParts, UnreadableHeader

_SIGNATURE_BYTES = 8
_GREY, _PALETTE, _GREY_ALPHA, _RGBA = 0, 3, 4, 6  # colour types


def read(data: bytes) -> PictureHeader:
    """Walks the chunks up to IEND. Raises UnreadableHeader, TooManyParts."""
    at, parts, frames = _SIGNATURE_BYTES, 0, 1
    sizes: list[tuple[int, int]] = []
    depth, colour, interlaced, transparent_colour, oriented = 8, _RGBA, False, False, False
    while at + 8 <= len(data):
        if parts == MAX_PARTS:
            if frames > 1:
                break
            raise TooManyParts("chunks")
        parts += 1
        kind, start = data[at + 4 : at + 8], at + 8
        if kind == b"IHDR":  # a decoder believes the last one, and only one is legal
            sizes.append((int.from_bytes(data[start : start + 4], "big"), int.from_bytes(data[start + 4 : start + 8])))
            depth, colour, _, _, interlace = data[start + 8 : start + 13].ljust(5, b"\0")
            interlaced = interlaced or interlace != 0
        elif kind == b"acTL":
            frames = max(frames, min(int.from_bytes(data[start : start + 4], "big"), MAX_FRAMES))
        elif kind == b"tRNS":
            transparent_colour = True
        elif kind == b"eXIf":
            oriented = True
        elif kind == b"IEND":
            break
        at = start + int.from_bytes(data[at : at + 4], "big") + 4
    if not sizes:
        raise UnreadableHeader("no IHDR")
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    return PictureHeader(
        media_type="image/png",
        width=width,
        height=height,
        frames=frames,
        parts=parts,
        transparent=transparent_colour or colour in (_GREY_ALPHA, _RGBA),
        converted=transparent_colour or colour == _PALETTE or (colour == _GREY and depth != 8),
        interlaced=interlaced,
        oriented=oriented,
    )
