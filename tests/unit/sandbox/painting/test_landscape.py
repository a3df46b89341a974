"""Landscapes: words of the prompt choose palette and terrain."""

import random

import pytest
from PIL import ImageStat

from bot.sandbox.painting.landscape import draw_landscape


@pytest.mark.parametrize("words", ["night city", "sunset sea", "autumn hills", "snow", "a garden", "something"])
def test_words_choose_palette_and_terrain(words: str):
    one = draw_landscape((128, 96), words, random.Random(3), lambda: None)
    assert one.size == (128, 96)
    assert len(one.getcolors(1 << 16) or []) > 200


def test_a_night_is_darker_than_a_dawn():
    night, dawn = (
        ImageStat.Stat(draw_landscape((64, 64), words, random.Random(3), lambda: None).convert("L")).mean[0]
        for words in ("a night at sea", "dawn at sea")
    )
    assert night < dawn * 0.7
