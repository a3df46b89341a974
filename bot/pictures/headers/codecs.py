"""Picture sizes that the bitstreams inside AVIF and HEIC announce: AV1 sequence headers and HEVC parameter sets.

Pure. What cannot be read announces nothing: no decoder can read it either.
"""

from collections.abc import Iterator
from itertools import islice

MAX_UNITS = 16  # units of a bitstream that are looked at; a still image has four
_SEQUENCE_HEADER = 1  # obu_type (AV1, 6.2.2)
_SPS = 33  # nal_unit_type of a sequence parameter set (HEVC, table 7-1)


class _Bits:
    """Reads big-endian bits; zeros beyond the end."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = len(data) * 8

    def u(self, count: int) -> int:
        """An unsigned number of `count` bits."""
        self._left -= count
        bits = self._value >> self._left if self._left >= 0 else self._value << -self._left
        return bits & ((1 << count) - 1)

    def ue(self) -> int:
        """An Exp-Golomb number (HEVC, 9.2; `uvlc` of AV1, 4.10.3). Raises ValueError."""
        zeros = 0
        while self.u(1) == 0:
            zeros += 1
            if zeros > 32 or self._left < 0:
                raise ValueError("no number")
        return (1 << zeros) - 1 + self.u(zeros)


def av1_sizes(data: bytes) -> list[tuple[int, int]]:
    """Largest width and height of each sequence header among the units at the start of `data` (AV1, 5.3 and 5.5)."""
    sizes: list[tuple[int, int]] = []
    for kind, unit in _obus(data):
        if kind == _SEQUENCE_HEADER:
            try:
                sizes.append(_sequence_header_size(_Bits(unit[:64])))
            except ValueError:
                break
    return sizes


def _obus(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    for _ in range(MAX_UNITS):
        if at >= len(data):
            return
        head = data[at]
        at += 2 if head & 4 else 1  # an extension byte
        if not head & 2:  # no size: up to the end
            yield head >> 3 & 15, data[at:]
            return
        size = 0
        for shift in range(0, 56, 7):  # leb128
            byte = data[at] if at < len(data) else 0
            size |= (byte & 0x7F) << shift
            at += 1
            if byte < 0x80:
                break
        yield head >> 3 & 15, data[at : at + size]
        at += size


def _sequence_header_size(bits: _Bits) -> tuple[int, int]:
    """`max_frame_width_minus_1` and `max_frame_height_minus_1`, plus one (AV1, 5.5.1)."""
    bits.u(4)  # profile, still picture
    if bits.u(1):  # reduced header
        bits.u(5)
    else:
        _skip_operating_points(bits)
    width_bits, height_bits = bits.u(4) + 1, bits.u(4) + 1
    return bits.u(width_bits) + 1, bits.u(height_bits) + 1


def _skip_operating_points(bits: _Bits) -> None:
    delay_bits = 0
    if bits.u(1):  # timing info
        bits.u(64)
        if bits.u(1):
            bits.ue()
        if bits.u(1):  # decoder model
            delay_bits = bits.u(5) + 1
            bits.u(42)
    display_delay = bits.u(1)
    for _ in range(bits.u(5) + 1):
        bits.u(12)
        if bits.u(5) > 7:
            bits.u(1)
        if delay_bits and bits.u(1):
            bits.u(2 * delay_bits + 1)
        if display_delay and bits.u(1):
            bits.u(4)


def hevc_sizes(configuration: bytes) -> list[tuple[int, int]]:
    """Width and height of each sequence parameter set in an `hvcC` box (ISO/IEC 14496-15, 8.3.3.1)."""
    sizes: list[tuple[int, int]] = []
    for unit in islice(_nal_units(configuration), MAX_UNITS):
        if unit[0] >> 1 & 63 == _SPS:
            try:
                sizes.append(_sps_size(unit[2:]))
            except ValueError:
                break
    return sizes


def _nal_units(configuration: bytes) -> Iterator[bytes]:
    """The beginnings of all units in all arrays of an `hvcC` box, but for empty ones."""
    at = 23
    while at < len(configuration):
        count = int.from_bytes(configuration[at + 1 : at + 3], "big")
        at += 3
        for _ in range(count):
            length = int.from_bytes(configuration[at : at + 2], "big")
            if unit := configuration[at + 2 : at + 2 + min(length, 256)]:
                yield unit
            at += 2 + length


def _sps_size(sps: bytes) -> tuple[int, int]:
    """`pic_width_in_luma_samples` and `pic_height_in_luma_samples` (HEVC, 7.3.2.2). Raises ValueError."""
    bits = _Bits(sps.replace(b"\0\0\3", b"\0\0"))
    bits.u(4)
    sub_layers = bits.u(3)
    bits.u(1 + 96)  # nesting, profile, level
    present = [(bits.u(1), bits.u(1)) for _ in range(sub_layers)]
    if sub_layers:
        bits.u(2 * (8 - sub_layers))
    for profile, level in present:
        bits.u(88 * profile + 8 * level)
    bits.ue()  # id
    if bits.ue() == 3:  # chroma format
        bits.u(1)
    return bits.ue(), bits.ue()
