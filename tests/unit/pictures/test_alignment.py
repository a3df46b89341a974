"""Edits that a model has painted a little moved, scaled or tinted are laid over their originals; others are not."""

import pytest
from PIL import Image as Pillow

from bot.pictures.alignment import Placement, find_placement
from tests.unit.pictures.scenery import keep_around, repainted, scene

SIZE = (320, 240)
PRECISION_PX = 0.6


def grey(image: Pillow.Image) -> Pillow.Image:
    return image.convert("L")


def found(edited: Pillow.Image, original: Pillow.Image | None = None, keep: Pillow.Image | None = None) -> object:
    before = original or scene()
    return find_placement(grey(before), grey(edited), keep or keep_around(before.size))


@pytest.mark.forms(1)
@pytest.mark.parametrize("tint", [(1.0, 1.0, 1.0), (1.1, 0.95, 0.85)])
def test_what_did_not_move_is_not_moved(tint: tuple[float, float, float]) -> None:
    assert found(repainted(scene(), tint=tint)) == Placement()


@pytest.mark.forms(2)
@pytest.mark.parametrize(
    "moved",
    [
        Placement(shift_x=7.5 / 320, shift_y=-4.25 / 240),
        Placement(shift_x=-30 / 320, shift_y=12 / 240),
        Placement(scale=1.035),
        Placement(scale=0.95, shift_x=3 / 320),
        Placement(scale=1.09, shift_x=-12 / 320, shift_y=9 / 240),
    ],
)
def test_what_moved_is_laid_over_the_original(moved: Placement) -> None:
    placement = found(repainted(scene(), moved, tint=(0.93, 0.97, 1.0)))
    assert isinstance(placement, Placement)
    # where the placement takes what the move has taken from a corner, a border and the centre
    for x, y in ((0.25, 0.25), (0.5, 0.5), (0.75, 0.3)):
        at = [0.5 + (share - 0.5) * moved.scale + shift for share, shift in ((x, moved.shift_x), (y, moved.shift_y))]
        back = [
            0.5 + (share - 0.5) * placement.scale + shift
            for share, shift in zip(at, (placement.shift_x, placement.shift_y), strict=True)
        ]
        assert abs(back[0] - x) * SIZE[0] < PRECISION_PX
        assert abs(back[1] - y) * SIZE[1] < PRECISION_PX


@pytest.mark.thorough
def test_an_edit_of_another_size_is_compared_by_its_shape() -> None:
    edited = repainted(scene(), Placement(shift_x=0.03)).resize((640, 480))
    placement = found(edited)
    assert isinstance(placement, Placement)
    assert placement.shift_x == pytest.approx(-0.03, abs=PRECISION_PX / SIZE[0])


def test_another_picture_has_no_placement() -> None:
    assert found(repainted(scene(seed=2))) is None
    assert found(repainted(scene().rotate(180))) is None


def test_where_nothing_can_be_compared_nothing_moves() -> None:
    flat = Pillow.new("RGB", SIZE, "teal")
    assert found(repainted(scene()), original=flat) == Placement()
    assert found(repainted(scene(seed=2)), keep=Pillow.new("L", SIZE, 0)) == Placement()


def test_little_that_is_alike_by_chance_is_no_placement() -> None:
    original, edited = Pillow.new("RGB", SIZE, "white"), Pillow.new("RGB", SIZE, "white")
    original.paste("black", (0, 0, 20, 240))
    edited.paste("black", (300, 0, 320, 240))
    assert found(edited, original=original) is None


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (1, 40), (17, 1)])
def test_tiny_pictures_have_a_placement_or_none(size: tuple[int, int]) -> None:
    image = scene(64, 64).resize(size)
    assert found(image, original=image, keep=Pillow.new("L", size, 255)) == Placement()
