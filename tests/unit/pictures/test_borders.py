"""What stands around a picture in a larger canvas: its edges drawn out, and the picture itself untouched."""

import numpy as np
import pytest
from PIL import Image as Pillow

from bot.pictures.borders import extend_edges
from bot.pictures.frames import FRAMES, Shapes, enlarge
from tests.unit.pictures.scenery import scene


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("way", FRAMES)
def test_every_pixel_of_the_picture_stays(way: str, mode: str) -> None:
    picture = scene().convert(mode)
    frame = enlarge(picture.size, way, Shapes())
    canvas = extend_edges(picture, frame)
    assert canvas.size == (frame.width, frame.height)
    assert canvas.mode == mode
    assert np.array_equal(np.asarray(canvas.crop(frame.box)), np.asarray(picture))


def test_what_is_new_has_the_colours_of_the_edges() -> None:
    picture = Pillow.new("RGB", (64, 64), "blue")
    picture.paste("red", (0, 0, 32, 64))
    canvas = extend_edges(picture, enlarge(picture.size, "zoom 2", Shapes()))
    assert (canvas.getpixel((2, 64)), canvas.getpixel((125, 64))) == ((255, 0, 0), (0, 0, 255))


def test_the_smallest_pictures_have_a_border_as_well() -> None:
    picture = Pillow.new("RGB", (1, 1), "green")
    assert extend_edges(picture, enlarge(picture.size, "zoom 2", Shapes())).getpixel((0, 0)) == (0, 128, 0)
