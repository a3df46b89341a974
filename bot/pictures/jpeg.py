"""A JPEG without all that is not its picture, its pixels untouched: nothing is decoded, so nothing is lost.

Reads untrusted bytes; segments by ISO/IEC 10918-1, Annex B. Whether a decoder takes it is for `decoding` to prove.
"""

import re
from dataclasses import dataclass

_TABLES = {0xC4, 0xDB, 0xDD}  # Huffman, quantization, restart interval
_FRAMES = {0xC0, 0xC1, 0xC2}  # baseline, extended, progressive: what every decoder reads
_METADATA = {*range(0xE0, 0xF0), 0xFE}  # APPn and COM
_APP14, _APP0 = 0xEE, 0xE0
_SOS, _EOI = 0xDA, 0xD9
_MINIMAL_JFIF = (
    b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"  # version 1.1, square pixels, no thumbnail
)
_JFIF_BYTES = 14  # of content without a thumbnail
_ADOBE_BYTES = 12  # "Adobe", version, flags, colour transform; what stands behind them says nothing of colours
_SCAN_SAMPLE_BYTES = 4096  # of a scan
_SCAN_END = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # ends a scan: neither a stuffed byte, a fill byte nor a restart


@dataclass(frozen=True, slots=True)
class StrippedJpeg:
    """`sample`: the same picture with no more than the beginning of each scan. It has all that a decoder can refuse:
    libjpeg and its kin warn of what is wrong within a scan, fill it up, and go on."""

    data: bytes
    sample: bytes


def strip_metadata(data: bytes) -> StrippedJpeg | None:
    """The same picture without EXIF, XMP, comments, profiles, thumbnails, and whatever follows its end.

    None for what is rare or broken enough to be decoded instead.
    """
    parts, at = [b"\xff\xd8"], 2
    cut: dict[int, bytes] = {}  # scans by their places in `parts`
    while (head := _parse_segment(data, at)) is not None:
        kind, start, end = head
        if kind == _EOI:
            parts.append(b"\xff\xd9")
            sample = (cut.get(number, part) for number, part in enumerate(parts))
            return StrippedJpeg(data=b"".join(parts), sample=b"".join(sample)) if cut else None
        if kind == _APP0 and data[start : start + 5] == b"JFIF\x00" and end - start >= _JFIF_BYTES and len(parts) == 1:
            parts.append(_MINIMAL_JFIF)
        elif kind == _APP14 and data[start : start + 5] == b"Adobe" and end - start >= _ADOBE_BYTES:
            parts.append(b"\xff\xee\x00\x0e" + data[start : start + _ADOBE_BYTES])
        elif kind == _SOS:
            found = _SCAN_END.search(data, end)
            if found is None:
                return None
            cut[len(parts)] = data[at : min(found.start(), end + _SCAN_SAMPLE_BYTES)]
            end = found.start()
            parts.append(data[at:end])
        elif kind in _TABLES or kind in _FRAMES:
            parts.append(data[at:end])
        elif kind not in _METADATA:
            return None
        at = end
    return None


def _parse_segment(data: bytes, at: int) -> tuple[int, int, int] | None:
    """The marker that stands there, and where its content begins and ends; None where no segment is."""
    kind = data[at + 1 : at + 2]
    if data[at : at + 1] != b"\xff" or not kind:
        return None
    if kind[0] == _EOI:
        return _EOI, at + 2, at + 2
    length = int.from_bytes(data[at + 2 : at + 4], "big")
    if length < 2 or at + 2 + length > len(data):
        return None
    return kind[0], at + 4, at + 2 + length
