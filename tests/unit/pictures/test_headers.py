"""Headers: what files claim is read without decoding, the largest of it counts, and every walk ends."""

import io
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from bot.pictures.headers import TooManyParts, UnreadableHeader, codecs, isobmff, jpeg, read_header, sniff_media_type
from bot.pictures.headers.base import MAX_FRAMES, MAX_PARTS, PictureHeader
from tests.support.hostile_images import (
    black_png,
    claiming_webp,
    frames_apng,
    frames_gif,
    png_chunk,
    resized_avif,
    resized_heic,
    scanned_jpeg,
)
from tests.support.images import encode_image
from tests.unit.pictures.images import EXIF, encoded, four_corners


def header(data: bytes) -> PictureHeader:
    media_type = sniff_media_type(data[:64])
    assert media_type is not None
    return read_header(data, media_type)


def animation(kind: str, frames: int = 3) -> bytes:
    rest = [Pillow.new("RGB", (60, 40), (90 * number, 0, 0)) for number in range(1, frames)]
    return encode_image(Pillow.new("RGB", (60, 40), "teal"), kind, save_all=True, append_images=rest)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF", "HEIF"])
@pytest.mark.parametrize("size", [(60, 40), (640, 480)])
def test_the_size_is_read_without_decoding(kind: str, size: tuple[int, int]) -> None:
    found = header(encoded(four_corners(*size), kind))
    assert (found.frames, found.animated) == (1, False)
    assert size <= (found.width, found.height) <= (size[0] + 8, size[1] + 8)  # HEVC codes blocks of eight


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "AVIF"])
def test_frames_are_counted(kind: str) -> None:
    found = header(animation(kind))
    assert (found.width, found.height, found.frames, found.animated) == (60, 40, 3, True)


@pytest.mark.parametrize("make", [frames_apng, frames_gif])
def test_frames_are_counted_up_to_a_bound(make: Any) -> None:
    assert header(make(MAX_FRAMES + 50)).frames == MAX_FRAMES


@pytest.mark.parametrize(
    ("mode", "how", "transparent", "converted"),
    [
        ("RGB", {}, False, False),
        ("RGBA", {}, True, False),
        ("LA", {}, True, False),
        ("L", {}, False, False),
        ("1", {}, False, True),
        ("I;16", {}, False, True),
        ("P", {}, False, True),
        ("P", {"transparency": 0}, True, True),
        ("RGB", {"transparency": (1, 2, 3)}, True, True),
    ],
)
def test_what_a_png_needs_to_become_plain_pixels(
    mode: str, how: dict[str, Any], transparent: bool, converted: bool
) -> None:
    found = header(encode_image(Pillow.new(mode, (9, 9)), "PNG", **how))
    assert (found.transparent, found.converted, found.interlaced, found.oriented) == (
        transparent,
        converted,
        False,
        False,
    )


def test_a_png_says_that_it_is_interlaced_or_has_exif() -> None:
    plain = black_png(9, 9)
    assert header(plain[:28] + b"\1" + plain[29:]).interlaced
    assert header(encode_image(Pillow.new("RGB", (9, 9)), "PNG", exif=EXIF.tobytes())).oriented


def test_of_two_png_headers_the_larger_counts() -> None:
    second = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 9000, 9000, 8, 2, 0, 0, 0))
    assert header(black_png(9, 9, before=second)).pixels == 81_000_000


@pytest.mark.parametrize(("kind", "size"), [(b"VP8X", (9000, 8000)), (b"VP8L", (9000, 8000)), (b"VP8 ", (9000, 8000))])
def test_the_claim_of_a_webp_is_believed(kind: bytes, size: tuple[int, int]) -> None:
    found = header(claiming_webp(kind, *size))
    assert ((found.width, found.height), found.transparent) == (size, False)


@pytest.mark.parametrize("lossless", [False, True])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_webp_says_whether_it_is_transparent(mode: str, lossless: bool) -> None:
    image = Pillow.new(mode, (9, 9), (1, 2, 3, 4)[: len(mode)])
    assert header(encode_image(image, "WEBP", lossless=lossless)).transparent == (mode == "RGBA")


@pytest.mark.parametrize("make", [resized_avif, resized_heic])
def test_a_box_that_lies_about_the_size_does_not_hide_what_the_bitstream_says(make: Any) -> None:
    small, large = header(make((640, 480), (10, 10))), header(make((64, 64), (9000, 9000)))
    assert (small.width, small.height) == (640, 480)
    assert large.pixels == 81_000_000


def test_the_alpha_of_an_avif_or_a_heic_is_seen() -> None:
    for kind in ("AVIF", "HEIF"):
        assert not header(encoded(four_corners(64, 64), kind)).transparent
        shown = four_corners(64, 64, "RGBA")
        shown.putalpha(Pillow.linear_gradient("L").crop((0, 96, 64, 160)))
        assert header(encoded(shown, kind)).transparent


def test_scans_are_counted_up_to_the_end_of_the_image() -> None:
    plain = encoded(four_corners(), "JPEG")
    assert (header(plain).scans, header(plain).coefficients) == (1, 0.0)
    progressive = encoded(four_corners(), "JPEG", progressive=True)
    scans = header(progressive).scans
    assert 1 < scans < 20
    assert header(progressive).coefficients == 3.0  # 4:2:0: one and a half samples a pixel, two bytes each
    assert header(encoded(four_corners(), "JPEG", progressive=True, subsampling=0)).coefficients == 6.0
    assert header(progressive + progressive).scans == scans  # a phone's second picture
    assert header(scanned_jpeg((64, 64), 198)).scans == 198
    assert header(scanned_jpeg((8, 8), 5000)).scans == jpeg.MAX_SCANS


def test_bytes_between_jpeg_segments_hide_nothing() -> None:
    data = encoded(four_corners(), "JPEG", progressive=True)
    at = data.rindex(b"\xff\xda")
    assert header(data[:at] + b"rubbish\xff\x00\xff\x01\xff\xff" + data[at:]).scans == header(data).scans


def test_a_marker_is_found_across_the_steps_of_a_long_search() -> None:
    for at in (0, 1 << 18, (1 << 18) - 1, (1 << 18) + 1, 600_000):
        assert jpeg.find_marker(bytes(at) + b"\xff\xda", 0) == at
    assert jpeg.find_marker(bytes(600_000), 0) is None


def many(kind: str) -> bytes:
    """More parts than are looked at."""
    box = struct.pack(">I", 8) + b"free"
    return {
        "png": black_png(9, 9, before=png_chunk(b"tEXt", b"") * (MAX_PARTS + 1)),
        "jpeg": b"\xff\xd8" + b"\xff\xe5\0\2" * (MAX_PARTS + 1) + encoded(four_corners(), "JPEG")[2:],
        "webp": b"RIFF\0\0\0\0WEBP" + (b"JUNK" + bytes(4)) * (MAX_PARTS + 1),
        "avif": b"\0\0\0\x18ftypavif\0\0\0\0mif1avif" + box * (MAX_PARTS + 1),
        "bitstreams": b"\0\0\0\x18ftypavif\0\0\0\0mif1avif" + (struct.pack(">I", 8) + b"av1C") * 600,
    }[kind]


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "avif", "bitstreams"])
def test_a_file_of_too_many_parts_is_not_read_to_its_end(kind: str) -> None:
    with pytest.raises(TooManyParts):
        header(many(kind))


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_an_animation_of_too_many_parts_is_one_all_the_same(kind: str) -> None:
    more = {"PNG": png_chunk(b"tEXt", b""), "WEBP": b"JUNK" + bytes(4)}[kind] * (MAX_PARTS + 1)
    data = animation(kind)
    end = len(data) - 12 if kind == "PNG" else len(data)
    found = header(data[:end] + more + data[end:])
    assert (found.frames, found.parts) == (3, MAX_PARTS)


def test_a_gif_of_endless_blocks_is_not_read_to_its_end() -> None:
    data = frames_gif(1)[:-4] + b"\1\0" * 300_000
    found = header(data)
    assert (found.frames, found.parts) == (1, MAX_PARTS)


@pytest.mark.parametrize(
    ("media_type", "data"),
    [
        ("image/png", b"\x89PNG\r\n\x1a\n"),
        ("image/png", black_png(0, 9)),
        ("image/jpeg", b"\xff\xd8\xff\xd9"),
        ("image/jpeg", b"\xff\xd8\xff\xc0\0\3\1"),
        ("image/gif", b"GIF89a"),
        ("image/gif", b"GIF89a" + bytes(7)),
        ("image/gif", b"GIF89a\1\0\1\0\0\0\0" + b"!\xfe\0" * 200_001 + frames_gif(1)[19:]),
        ("image/webp", b"RIFF\0\0\0\0WEBP"),
        ("image/avif", b"\0\0\0\x18ftypavif\0\0\0\0mif1avif"),
        ("image/heic", b"\0\0\0\1ftyp"),
    ],
)
def test_a_file_without_a_size_is_unreadable(media_type: str, data: bytes) -> None:
    with pytest.raises(UnreadableHeader):
        read_header(data, media_type)


KINDS = [encoded(four_corners(), kind) for kind in ("PNG", "JPEG", "WEBP", "GIF", "AVIF", "HEIF")]


@given(st.sampled_from(KINDS), st.lists(st.tuples(st.integers(0, 2000), st.binary(max_size=9)), max_size=6))
def test_reading_any_header_ends_or_says_why_not(data: bytes, changes: list[tuple[int, bytes]]) -> None:
    for at, piece in changes:
        data = data[:at] + piece + data[at + len(piece) :]
    media_type = sniff_media_type(data[:64])
    if media_type is None:
        return
    try:
        found = read_header(data, media_type)
    except UnreadableHeader:
        return
    assert found.width > 0
    assert found.height > 0


# ---------------------------------------------------------------- bitstreams


def bits(*fields: tuple[int, int]) -> bytes:
    """(value, bits) pairs, filled up with zeros."""
    text = "".join(f"{value:0{count}b}" for value, count in fields)
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


def obu(kind: int, body: bytes, *, sized: bool = True, extended: bool = False) -> bytes:
    head = bytes([kind << 3 | extended << 2 | sized << 1]) + (b"\0" if extended else b"")
    return head + (bytes([len(body)]) if sized else b"") + body


SIZE = ((15, 4), (15, 4), (4095, 16), (2159, 16))
REDUCED = bits((0, 3), (1, 1), (1, 1), (8, 5), *SIZE)
FULL = bits((0, 3), (0, 1), (0, 1), (0, 1), (0, 1), (0, 5), (0, 12), (4, 5), *SIZE)
TIMED = bits(
    *((0, 3), (0, 1), (0, 1), (1, 1), (1, 32), (1, 32), (1, 1), (1, 1), (1, 1)),  # ends with an Exp-Golomb number
    *((3, 5), (1, 32), (3, 5), (3, 5), (1, 1), (1, 5)),
    *((0, 12), (9, 5), (1, 1), (1, 1), (5, 4), (5, 4), (0, 1), (1, 1), (3, 4)),
    *((0, 12), (4, 5), (0, 1), (0, 1)),
    *SIZE,
)
UNEQUAL = bits((0, 3), (0, 1), (0, 1), (1, 1), (1, 32), (1, 32), (0, 1), (0, 1), (0, 1), (0, 5), (0, 12), (4, 5), *SIZE)


@pytest.mark.parametrize("body", [REDUCED, FULL, TIMED, UNEQUAL])
@pytest.mark.parametrize("extended", [False, True])
@pytest.mark.parametrize("before", [b"", obu(2, b""), obu(15, bytes(99))])
def test_the_size_in_an_av1_sequence_header(body: bytes, extended: bool, before: bytes) -> None:
    assert codecs.av1_sizes(before + obu(1, body, extended=extended) + obu(6, b"tile")) == [(4096, 2160)]
    assert codecs.av1_sizes(before + obu(1, body, sized=False, extended=extended)) == [(4096, 2160)]


def test_bits_that_are_no_av1_announce_nothing() -> None:
    endless = bits((0, 3), (0, 1), (0, 1), (1, 1), (1, 32), (1, 32), (1, 1), (0, 60))
    assert codecs.av1_sizes(obu(1, endless)) == []
    assert codecs.av1_sizes(b"") == []
    assert codecs.av1_sizes(b"\x0a") == [(1, 1)]  # a sequence header without bytes is all zeros
    assert codecs.av1_sizes(obu(2, b"") * 40 + obu(1, FULL)) == []  # more units than are looked at
    assert codecs.av1_sizes(b"\x0a" + b"\xff" * 12) != []


def golomb(value: int) -> tuple[int, int]:
    return value + 1, 2 * (value + 1).bit_length() - 1


def sps(*, sub_layers: int = 0, chroma: int = 1, size: tuple[int, int] = (4096, 2160)) -> bytes:
    fields = [(0, 4), (sub_layers, 3), (1, 1), (0, 96)]
    if sub_layers:
        fields += [(1, 1), (1, 1)] + [(0, 2)] * (sub_layers - 1) + [(0, 2 * (8 - sub_layers)), (0, 88), (0, 8)]
    fields += [golomb(0), golomb(chroma)] + [(0, 1)] * (chroma == 3)
    return bytes([33 << 1, 1]) + bits(*fields, golomb(size[0]), golomb(size[1]))


def hvcc(*units: bytes) -> bytes:
    return bytes(23) + b"\x21" + struct.pack(">H", len(units)) + b"".join(struct.pack(">H", len(u)) + u for u in units)


@pytest.mark.parametrize("sub_layers", [0, 1, 3])
@pytest.mark.parametrize("chroma", [1, 3])
def test_the_size_in_an_hevc_parameter_set(sub_layers: int, chroma: int) -> None:
    unit = sps(sub_layers=sub_layers, chroma=chroma).replace(b"\0\0\0", b"\0\0\3\0")
    assert codecs.hevc_sizes(hvcc(bytes([32 << 1, 1]), b"", unit)) == [(4096, 2160)]


def test_bits_that_are_no_hevc_announce_nothing() -> None:
    assert codecs.hevc_sizes(b"") == []
    assert codecs.hevc_sizes(hvcc(bytes([33 << 1, 1]) + bytes(30))) == []


@pytest.mark.parametrize("version", [0, 1, 2])
def test_items_are_found_by_their_extents(version: int) -> None:
    wide = {0: ">H", 1: ">H", 2: ">I"}[version]
    item = struct.pack(wide, 1) + (b"\0\0" if version else b"") + b"\0\0" + struct.pack(">I", 100)
    extents = struct.pack(">H", 2) + b"".join(
        (b"\0\0" if version else b"") + struct.pack(">II", offset, 50) for offset in (7, 90)
    )
    sizes = b"\x44\x42" if version else b"\x44\x40"
    iloc = bytes([version, 0, 0, 0]) + sizes + struct.pack(wide, 1) + item + extents
    assert list(isobmff._item_offsets(iloc)) == [107, 190]  # pyright: ignore[reportPrivateUsage] - a table by itself


def test_boxes_with_long_short_and_open_lengths_are_walked() -> None:
    ispe = b"ispe" + bytes(4) + struct.pack(">II", 500, 400)
    long = struct.pack(">I", 1) + b"ipco" + struct.pack(">Q", 16 + 20) + struct.pack(">I", 20) + ispe
    assert read_header(long, "image/avif").pixels == 200_000
    assert read_header(struct.pack(">I", 0) + ispe, "image/avif").pixels == 200_000
    with pytest.raises(UnreadableHeader):
        read_header(struct.pack(">I", 3) + ispe, "image/avif")
    with pytest.raises(UnreadableHeader):
        read_header(io.BytesIO().getvalue(), "image/avif")


def test_a_sample_entry_announces_a_size() -> None:
    entry = struct.pack(">I", 8 + 78) + b"av01" + bytes(24) + struct.pack(">HH", 700, 600) + bytes(50)
    samples = struct.pack(">I", 16 + len(entry)) + b"stsd" + bytes(8) + entry
    assert read_header(samples, "image/avif").pixels == 420_000
