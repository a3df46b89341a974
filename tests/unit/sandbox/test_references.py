"""Reference pictures: identified by content, bounded in pixels."""

import pytest
from PIL import Image

from bot.sandbox import references
from bot.sandbox.painting.strip import describe_reference
from bot.sandbox.references import InvalidReferenceError, parse_reference
from tests.unit.sandbox.pictures import encode, plain_reference


def test_a_reference_is_what_its_bytes_say():
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = parse_reference(encode(Image.new("RGB", (80, 40), "red"), "JPEG", exif=exif))
    assert (turned.media_type, turned.width, turned.height, turned.exif) == ("image/jpeg", 80, 40, True)
    assert references.open_reference(turned, within=100).size == (40, 80)
    assert "EXIF" in describe_reference(turned)
    assert not plain_reference("red", kind="GIF").exif
    assert "data" not in repr(turned)


def test_a_transparent_reference_is_shown_over_white():
    clear = parse_reference(encode(Image.new("RGBA", (8, 8), (0, 0, 0, 0))))
    assert references.open_reference(clear, within=8).getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a picture",
        encode(Image.new("RGB", (9, 9)), "BMP"),
        encode(Image.new("RGB", (300, 300)))[:-60],
    ],
)
def test_what_is_no_picture_is_refused(data: bytes):
    with pytest.raises(InvalidReferenceError):
        parse_reference(data)


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded():
    bomb = encode(Image.new("1", (9_000, 9_000)))
    assert len(bomb) < 100_000
    with pytest.raises(InvalidReferenceError, match="9000x9000"):
        parse_reference(bomb)


def test_a_bomb_is_refused_whatever_warnings_do():
    bomb = encode(Image.new("1", (14_000, 14_000)))
    with pytest.raises(InvalidReferenceError):
        parse_reference(bomb)
