"""The sandbox goes on with a scene beyond its edges where a mask leaves only the border."""

import random

from PIL import Image

from bot.sandbox.painting.borders import continue_scene, kept_box
from tests.unit.pictures.scenery import scene


def mask(size: tuple[int, int], box: tuple[int, int, int, int]) -> Image.Image:
    made = Image.new("L", size)
    made.paste(255, box)
    return made


def test_only_a_whole_box_is_a_border() -> None:
    box = (20, 10, 80, 50)
    assert kept_box(mask((100, 60), box)) == box
    assert kept_box(mask((100, 60), box).resize((130, 78), Image.Resampling.LANCZOS)) == (26, 13, 104, 65)
    with_hole = mask((100, 60), box)
    with_hole.paste(0, (30, 20, 50, 40))
    assert kept_box(with_hole) is None
    assert kept_box(mask((100, 60), (0, 0, 100, 60))) is None
    assert kept_box(Image.new("L", (100, 60))) is None


def test_the_scene_is_mirrored_at_each_edge() -> None:
    picture = scene().resize((120, 80))
    box = (40, 20, 100, 60)
    made = continue_scene(picture, box, random.Random(1))
    assert made.size == picture.size
    left, right = made.crop((39, 30, 40, 50)), made.crop((40, 30, 41, 50))
    differences = [abs(a - b) for a, b in zip(left.convert("L").tobytes(), right.convert("L").tobytes(), strict=True)]
    assert sum(differences) / len(differences) < 40
