"""A result made to fit what a chat takes: as it is, else another encoding, else smaller."""

import io
import random

import pytest
from PIL import Image as Pillow

from bot.errors import BadResult
from bot.painting import Image
from bot.pictures import processing


def noise_png(mode: str, edge: int) -> Image:
    data = random.Random(1).randbytes(edge * edge * len(mode))
    held = io.BytesIO()
    Pillow.frombytes(mode, (edge, edge), data).save(held, "PNG")
    return Image(data=held.getvalue(), media_type="image/png", width=edge, height=edge)


async def test_what_fits_is_left_as_it_is() -> None:
    image = noise_png("RGB", 64)
    assert await processing.fit_to_limit(image, max_bytes=len(image.data)) == (image, False)


async def test_what_does_not_fit_is_encoded_anew() -> None:
    image = noise_png("RGB", 256)
    fitted, changed = await processing.fit_to_limit(image, max_bytes=len(image.data) // 2)
    assert changed
    assert (fitted.media_type, fitted.width) == ("image/jpeg", 256)
    assert len(fitted.data) <= len(image.data) // 2


async def test_what_shows_through_still_does() -> None:
    image = noise_png("RGBA", 256)
    fitted, _ = await processing.fit_to_limit(image, max_bytes=len(image.data) // 2)
    assert fitted.media_type == "image/webp"


async def test_when_no_encoding_is_small_enough_it_is_scaled() -> None:
    image = noise_png("RGB", 256)
    fitted, _ = await processing.fit_to_limit(image, max_bytes=10_000)
    assert len(fitted.data) <= 10_000
    assert fitted.width < 256


async def test_a_limit_that_nothing_meets_is_a_failure() -> None:
    with pytest.raises(BadResult):
        await processing.fit_to_limit(noise_png("RGB", 256), max_bytes=10)
