"""JPEGs whose metadata is stripped and whose pixels stay."""

import io
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from bot.errors import BrokenPicture
from bot.pictures import jpeg
from tests.support.examples import examples
from tests.unit.pictures.images import (
    BLUE,
    CAPABILITIES,
    GREEN,
    MODEL,
    NAME,
    RED,
    SECRETS,
    WHITE,
    XMP,
    corners,
    decoded,
    encoded,
    four_corners,
    is_close,
    noise,
    prepare_reference,
)


@pytest.mark.parametrize("how", [{}, {"progressive": True}, {"restart_marker_rows": 1}, {"subsampling": 0}], ids=str)
async def test_a_jpeg_that_needs_no_change_keeps_its_pixels_and_loses_its_metadata(how: dict[str, Any]):
    source = noise(200, 100)
    plain = encoded(source, "JPEG", quality=70, **how)
    exif = Pillow.Exif()
    exif[MODEL] = "Camera of Somebody"
    tagged = encoded(source, "JPEG", quality=70, exif=exif, xmp=XMP, comment=b"spoken secret", **how)
    assert b"Camera of Somebody" in tagged
    prepared = await prepare_reference(tagged + b"<html>spoken secret</html>", name=NAME, capabilities=CAPABILITIES)
    assert (prepared.media_type, prepared.width, prepared.height) == ("image/jpeg", 200, 100)
    stripped = jpeg.strip_metadata(plain)
    assert stripped is not None
    assert prepared.data == stripped.data
    assert decoded(prepared).tobytes() == Pillow.open(io.BytesIO(plain)).convert("RGB").tobytes()
    assert [secret for secret in SECRETS if secret in prepared.data] == []


async def test_the_adobe_segment_with_the_colour_transform_is_kept():
    plain = encoded(
        four_corners(), "JPEG", keep_rgb=True
    )  # three planes that are no brightness and colour: APP14 tells
    prepared = await prepare_reference(plain, name=NAME, capabilities=CAPABILITIES)
    assert all(map(is_close, corners(decoded(prepared)), [RED, GREEN, WHITE, BLUE]))
    assert b"Adobe" in prepared.data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8",
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8rubbish",
        b"\xff\xd8\xff\xdb\xff\xff",
        b"\xff\xd8\xff\xcc\x00\x02\xff\xd9",
        encoded(four_corners(), "JPEG")[:-2],
    ],
)
def test_an_incomplete_or_unusual_jpeg_is_not_stripped(data: bytes):
    assert jpeg.strip_metadata(data) is None


GRAIN = Pillow.frombytes("RGB", (200, 100), random.Random(1).randbytes(60_000))
PHOTOS = [encoded(GRAIN, "JPEG", **how) for how in ({}, {"progressive": True}, {"restart_marker_rows": 1})]


def decoder_rejects(data: bytes) -> bool:
    """Whether a decoder that reads it from end to end takes it for broken."""
    try:
        Pillow.open(io.BytesIO(data)).load()
    except (OSError, SyntaxError):
        return True
    return False


@given(
    st.sampled_from(PHOTOS),
    st.dictionaries(st.integers(2, 800) | st.integers(2, min(map(len, PHOTOS)) - 1), st.integers(0, 255), max_size=4),
)
@settings(max_examples=examples(300))
def test_a_decoder_rejects_the_sample_if_it_rejects_the_jpeg(photo: bytes, changes: dict[int, int]):
    data = bytearray(photo)
    for at, value in changes.items():
        data[at] = value
    stripped = jpeg.strip_metadata(bytes(data))
    if stripped is not None:
        assert decoder_rejects(stripped.sample) == decoder_rejects(stripped.data)
        assert len(stripped.sample) <= len(stripped.data)


async def test_a_jpeg_without_quantization_tables_is_broken():
    photo, at = PHOTOS[0], PHOTOS[0].index(b"\xff\xdb")
    tables = int.from_bytes(photo[at + 2 : at + 4], "big")
    with pytest.raises(BrokenPicture):
        await prepare_reference(photo[:at] + photo[at + 2 + tables :], name=NAME, capabilities=CAPABILITIES)
