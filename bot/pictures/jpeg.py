"""Strips metadata from a JPEG and leaves its pixels untouched: nothing is decoded, so nothing is lost.

Reads untrusted bytes; segments by ISO/IEC 10918-1, Annex B. Whether the result decodes is checked by `decoding`.
"""

from dataclasses import dataclass

from bot.pictures.headers.jpeg import find_marker

_TABLES = {0xC4, 0xDB, 0xDD}  # Huffman, quantization, restart interval
_FRAMES = {0xC0, 0xC1, 0xC2}  # baseline, extended, progressive: what every decoder reads
_METADATA = {*range(0xE0, 0xF0), 0xFE}  # APPn and COM
_APP14, _APP0 = 0xEE, 0xE0
_SOS, _EOI = 0xDA, 0xD9  # start of scan, end of image
_MINIMAL_JFIF = (
    b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"  # version 1.1, square pixels, no thumbnail
)
_JFIF_BYTES = 14  # bytes of a JFIF segment's content without a thumbnail
_ADOBE_BYTES = 12  # bytes: "Adobe", version, flags, colour transform; what follows them does not concern colours
_SCAN_SAMPLE_BYTES = 4096  # bytes of each scan in `StrippedJpeg.sample`


@dataclass(frozen=True, slots=True)
class StrippedJpeg:
    """A JPEG without metadata."""

    data: bytes
    """The whole JPEG."""

    sample: bytes
    """The same JPEG with only the beginning of each scan, cheap to decode. It has all that a decoder can reject: of
    what is wrong within a scan, libjpeg and its kin only warn, fill it up, and go on."""


def strip_metadata(data: bytes) -> StrippedJpeg | None:
    """The JPEG without EXIF, XMP, comments, profiles, thumbnails, and whatever follows its end.

    None for a JPEG so rare or broken that it must be decoded instead.
    """
    parts, at = [b"\xff\xd8"], 2
    scan_samples: dict[int, bytes] = {}  # by the scan's index in `parts`
    while (segment := _parse_segment(data, at)) is not None:
        marker, start, end = segment
        if marker == _EOI:
            parts.append(b"\xff\xd9")
            sample = (scan_samples.get(number, part) for number, part in enumerate(parts))
            return StrippedJpeg(data=b"".join(parts), sample=b"".join(sample)) if scan_samples else None
        if (
            marker == _APP0
            and data[start : start + 5] == b"JFIF\x00"
            and end - start >= _JFIF_BYTES
            and len(parts) == 1
        ):
            parts.append(_MINIMAL_JFIF)
        elif marker == _APP14 and data[start : start + 5] == b"Adobe" and end - start >= _ADOBE_BYTES:
            parts.append(b"\xff\xee\x00\x0e" + data[start : start + _ADOBE_BYTES])
        elif marker == _SOS:
            scan_end = find_marker(data, end)
            if scan_end is None:
                return None
            scan_samples[len(parts)] = data[at : min(scan_end, end + _SCAN_SAMPLE_BYTES)]
            end = scan_end
            parts.append(data[at:end])
        elif marker in _TABLES or marker in _FRAMES:
            parts.append(data[at:end])
        elif marker not in _METADATA:
            return None
        at = end
    return None


def _parse_segment(data: bytes, at: int) -> tuple[int, int, int] | None:
    """The marker at offset `at`, and the start and end offsets of its content; None where no segment begins."""
    marker = data[at + 1 : at + 2]
    if data[at : at + 1] != b"\xff" or not marker:
        return None
    if marker[0] == _EOI:
        return _EOI, at + 2, at + 2
    length = int.from_bytes(data[at + 2 : at + 4], "big")
    if length < 2 or at + 2 + length > len(data):
        return None
    return marker[0], at + 4, at + 2 + length
