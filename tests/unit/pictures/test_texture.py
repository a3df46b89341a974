"""A texture of its own is found in a copy, and none in one that was recompressed or moved by nothing at all."""

import numpy as np
from PIL import Image as Pillow

from bot.pictures.texture import Floats, has_other_texture
from tests.unit.pictures.scenery import scene

SIZE = (320, 240)


def array(image: Pillow.Image) -> Floats:
    return np.asarray(image, dtype=np.float32)


def test_the_same_texture_is_no_other() -> None:
    picture = array(scene(*SIZE))
    assert not has_other_texture(picture, picture)
    assert not has_other_texture(picture, picture * 0.9)  # all of it a little smoother


def test_a_plain_picture_has_no_texture_until_some_is_added() -> None:
    plain = array(Pillow.new("RGB", SIZE, "blue"))
    assert not has_other_texture(plain, plain)
    rough = plain.copy()
    rough[40:120, 40:120, 0] += 60 * (np.arange(80) // 2 % 2)
    assert has_other_texture(plain, rough)


def test_what_was_smoothed_in_a_part_is_another() -> None:
    picture = array(scene(*SIZE))
    smooth = picture.copy()
    smooth[40:120, 40:120] = smooth[40:120, 40:120].mean(axis=(0, 1))
    assert has_other_texture(picture, smooth)


def test_a_picture_that_is_smaller_than_a_block_has_none() -> None:
    small = array(Pillow.new("RGB", (12, 40), "blue"))
    assert not has_other_texture(small, 255 - small)
