"""AVIF and HEIC: the header by its boxes (ISO/IEC 14496-12, 23008-12) and by the bitstreams that they lead to.

Pure. A box may lie about the size of the image; a decoder allocates what the bitstream says. The largest counts.
"""

from collections.abc import Callable, Iterator
from itertools import chain, islice

from bot.pictures.headers import codecs
from bot.pictures.headers.base import MAX_FRAMES, MAX_PARTS, PictureHeader, TooManyParts, UnreadableHeader

_CONTAINERS = {  # box type -> bytes of its content before the boxes inside
    b"meta": 4,
    b"iprp": 0,
    b"ipco": 0,
    b"moov": 0,
    b"trak": 0,
    b"mdia": 0,
    b"minf": 0,
    b"stbl": 0,
    b"stsd": 8,
    b"av01": 78,  # a visual sample entry
    b"hvc1": 78,
}
_LEADING = (b"hvcC", b"av1C", b"iloc")
_MAX_BITSTREAMS = 512  # of one file; a photo of a phone has fifty tiles
_SEQUENCE_BYTES = 256  # bytes at the start of an item in which its sequence header stands
_Bitstream = tuple[Callable[[bytes], list[tuple[int, int]]], bytes]


def read_avif(data: bytes) -> PictureHeader:
    """The header of an AVIF. Raises UnreadableHeader, TooManyParts."""
    return _read(data, "image/avif")


def read_heif(data: bytes) -> PictureHeader:
    """The header of a HEIC. Several images in one are a burst or a collection, of which one is decoded: one frame.
    Raises UnreadableHeader, TooManyParts."""
    return _read(data, "image/heic")


def _read(data: bytes, media_type: str) -> PictureHeader:
    sizes: list[tuple[int, int]] = []
    bitstreams: list[_Bitstream] = []
    parts, frames, transparent = 0, 1, False
    for kind, start, end in _boxes(data):
        parts += 1
        if kind == b"ispe":
            sizes.append((_u32(data, start + 4), _u32(data, start + 8)))
        elif kind in (b"av01", b"hvc1"):
            sizes.append((_uint(data, start + 24, 2), _uint(data, start + 26, 2)))
        elif kind == b"auxC":
            transparent = transparent or any(mark in data[start:end] for mark in (b":alpha", b"auxid:1"))
        elif kind == b"stsz":
            frames = max(frames, min(_u32(data, start + 8), MAX_FRAMES))
        else:
            bitstreams += _bitstreams(kind, data[start:end] if kind in _LEADING else b"", data)
        if len(bitstreams) > _MAX_BITSTREAMS:
            raise TooManyParts("bitstreams")
    sizes += chain.from_iterable(announced_sizes(head) for announced_sizes, head in bitstreams)
    if not sizes:
        raise UnreadableHeader("no size")
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    return PictureHeader(
        media_type=media_type,
        width=width,
        height=height,
        frames=frames if media_type == "image/avif" else 1,
        parts=parts,
        transparent=transparent,
    )


def _bitstreams(kind: bytes, box: bytes, data: bytes) -> list[_Bitstream]:
    """The beginnings of the bitstreams that a box of that kind holds or leads to, each with its reader."""
    if kind == b"hvcC":
        return [(codecs.hevc_sizes, box)]
    if kind == b"av1C":
        return [(codecs.av1_sizes, box[4:])]
    if kind == b"iloc":
        offsets = islice(_item_offsets(box), _MAX_BITSTREAMS + 1)
        return [(codecs.av1_sizes, data[at : at + _SEQUENCE_BYTES]) for at in offsets]
    return []


def _boxes(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and end of the content of every box, outer ones before those inside. Raises TooManyParts."""
    pending, seen = [(0, len(data))], 0
    while pending:
        at, end = pending.pop()
        while at + 8 <= end:
            seen += 1
            if seen > MAX_PARTS:
                raise TooManyParts("boxes")
            length, kind, start = _u32(data, at), data[at + 4 : at + 8], at + 8
            if length == 1:  # 64 bits follow
                length, start = _uint(data, start, 8), start + 8
            box_end = end if length == 0 else min(at + length, end)
            if box_end < start:
                break
            yield kind, start, box_end
            if kind in _CONTAINERS:
                pending.append((start + _CONTAINERS[kind], box_end))
            at = box_end


def _item_offsets(iloc: bytes) -> Iterator[int]:
    """Where the extents of all items begin in the file (ISO/IEC 14496-12, 8.11.3)."""
    version, sizes = iloc[:1], _uint(iloc, 4, 2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    wide, method_bytes = version == b"\2", 0 if version == b"\0" else 2
    index_size = sizes & 15 if method_bytes else 0
    at = 10 if wide else 8
    while at < len(iloc):
        at += (4 if wide else 2) + method_bytes + 2  # id, construction method, data reference
        base, extents = _uint(iloc, at, base_size), _uint(iloc, at + base_size, 2)
        at += base_size + 2
        for _ in range(extents):
            yield base + _uint(iloc, at + index_size, offset_size)
            at += index_size + offset_size + length_size


def _u32(data: bytes, at: int) -> int:
    return _uint(data, at, 4)


def _uint(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "big")
