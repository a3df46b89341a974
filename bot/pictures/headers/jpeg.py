"""JPEG: the header by its segments (ISO/IEC 10918-1, Annex B), its scans counted by their markers.

Pure. What follows the end of the image, such as the second picture of a phone, does not count: no decoder reads it.
"""

import re

from bot.pictures.headers.base import MAX_PARTS, PictureHeader, TooManyParts, UnreadableHeader

MAX_SCANS = 1000  # more are as good as these
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # SOFn; the others are tables
_PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
_BARE = {0x01, 0xD8}  # markers without a length
_SOS, _EOI = 0xDA, 0xD9  # start of scan, end of image
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # neither a stuffed byte, a fill byte nor a restart
_SEARCH_BYTES = 1 << 18  # bytes searched at a time, a millisecond: `re` holds the interpreter as long as it searches
_COEFFICIENT_BYTES = 2


def find_marker(data: bytes, start: int) -> int | None:
    """The offset of the first marker from `start` on; None where there is none."""
    for at in range(start, len(data), _SEARCH_BYTES):
        if (found := _MARKER.search(data, at, at + _SEARCH_BYTES + 1)) is not None:
            return found.start()
    return None


def read(data: bytes) -> PictureHeader:
    """Goes from marker to marker up to the end of the image, as libjpeg does. Raises UnreadableHeader,
    TooManyParts."""
    parts, scans, at = 0, 0, 2
    frames: list[tuple[int, bytes]] = []
    while scans < MAX_SCANS and (found := find_marker(data, at)) is not None and data[found + 1] != _EOI:
        parts += 1
        if parts > MAX_PARTS:
            raise TooManyParts("segments")
        marker, at = data[found + 1], found + 2
        if marker in _BARE:
            continue
        length = max(2, int.from_bytes(data[at : at + 2], "big"))
        scans += marker == _SOS
        if marker in _FRAMES:
            frames.append((marker, data[at + 2 : at + length]))
        at += length
    if not frames:
        raise UnreadableHeader("no frame")
    marker, frame = max(frames, key=lambda each: int.from_bytes(each[1][1:3]) * int.from_bytes(each[1][3:5]))
    return PictureHeader(
        media_type="image/jpeg",
        width=int.from_bytes(frame[3:5], "big"),
        height=int.from_bytes(frame[1:3], "big"),
        parts=parts,
        scans=max(1, scans),
        coefficients=_coefficient_bytes(frame) if marker in _PROGRESSIVE or scans > 1 else 0.0,
    )


def _coefficient_bytes(frame: bytes) -> float:
    """Bytes of all coefficients a pixel, by the components and their sampling factors (B.2.2)."""
    factors = [(sampling >> 4, sampling & 15) for sampling in frame[7 : 6 + 3 * 4 : 3]]
    largest = max((h for h, _ in factors), default=1) * max((v for _, v in factors), default=1)
    return _COEFFICIENT_BYTES * sum(h * v for h, v in factors) / max(1, largest)
