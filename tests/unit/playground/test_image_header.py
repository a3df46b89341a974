"""Format and dimensions from the first bytes of a file."""

import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from adapters.playground.image_header import UNKNOWN, read_image_header


def encode(kind: str, orientation: int | None = None) -> bytes:
    held = io.BytesIO()
    exif = Pillow.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    Pillow.new("RGB", (40, 30)).save(held, kind, exif=exif)
    return held.getvalue()


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "gif"])
def test_a_picture_is_known_by_its_first_bytes(kind: str) -> None:
    header = read_image_header(encode(kind.upper()))
    assert (header.media_type, header.width, header.height) == (f"image/{kind}", 40, 30)


@pytest.mark.parametrize(("orientation", "size"), [(1, (40, 30)), (3, (40, 30)), (6, (30, 40)), (8, (30, 40))])
def test_a_photo_that_lies_on_its_side_is_measured_as_shown(orientation: int, size: tuple[int, int]) -> None:
    header = read_image_header(encode("JPEG", orientation))
    assert (header.width, header.height) == size


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_a_torn_or_unknown_file_is_no_picture(kind: str) -> None:
    assert read_image_header(encode(kind)[:14]).media_type == UNKNOWN


@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF____WEBP"]),
)
def test_reading_a_header_never_raises(data: bytes, head: bytes) -> None:
    read_image_header(head + data)


def test_a_header_that_promises_a_giant_is_believed_without_decoding() -> None:
    png = bytearray(encode("PNG"))
    png[16:24] = (60_000).to_bytes(4, "big") * 2
    png[29:33] = zlib.crc32(png[12:29]).to_bytes(4, "big")
    assert read_image_header(bytes(png)).width == 60_000
