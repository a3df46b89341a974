"""Larger frames: the picture stands in its canvas whole, and the canvas has a shape that can be painted."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.intake.sizes import offered_sizes, ratio_of, resolve_size
from bot.painting import Capabilities
from bot.pictures.frames import (
    CANVAS_EDGE_PX,
    CANVAS_PIXELS,
    FRAMES,
    SHAPE,
    Shapes,
    enlarge,
    ratios,
)
from bot.pictures.masks import ASPECT_TOLERANCE
from bot.providers.presets import PRESETS

CLASSIC = Shapes(listed=(Fraction(1), Fraction(3, 2), Fraction(2, 3)))
ANY = Shapes(longest=3)
MODELS = [rule.capabilities for preset in PRESETS.values() for rule in preset.models]

sides = st.integers(1, 5000)
shapes = st.one_of(
    st.just(CLASSIC),
    st.just(ANY),
    st.just(Shapes()),
    st.builds(
        Shapes,
        listed=st.lists(st.fractions(Fraction(1, 3), Fraction(3), max_denominator=60), max_size=3).map(tuple),
        longest=st.sampled_from([0, 1, 3]),
    ),
)


@given(st.tuples(sides, sides), st.sampled_from(FRAMES), shapes)
def test_the_whole_picture_stands_within_its_canvas(size: tuple[int, int], way: str, known: Shapes) -> None:
    frame = enlarge(size, way, known)
    left, top, right, bottom = frame.box
    assert 0 <= left < right <= frame.width
    assert 0 <= top < bottom <= frame.height
    if not frame.is_scaled:
        assert (right - left, bottom - top) == size
    assert max(frame.width, frame.height) <= max(CANVAS_EDGE_PX, right - left, bottom - top)
    assert frame.width * frame.height <= CANVAS_PIXELS * 1.01 or min(size) < 100


@given(st.tuples(st.integers(200, 5000), st.integers(200, 5000)), st.sampled_from(FRAMES), st.sampled_from(MODELS))
def test_the_shape_of_a_canvas_can_be_painted_by_every_model(
    size: tuple[int, int], way: str, able: Capabilities
) -> None:
    listed = ratios([ratio_of(each) for each in offered_sizes(able)])
    known = Shapes(listed=listed, longest=max((rule.max_ratio for rule in able.size_rules), default=0))
    frame = enlarge(size, way, known)
    if listed or known.longest:
        assert resolve_size(f"{frame.shape.numerator}:{frame.shape.denominator}", None, able) is not None
        assert abs(frame.width / frame.height / float(frame.shape) - 1) < ASPECT_TOLERANCE


@pytest.mark.parametrize(
    ("way", "known", "canvas", "box"),
    [
        ("zoom 1.5", ANY, (1536, 1536), (256, 256, 1280, 1280)),
        ("zoom 2", CLASSIC, (2048, 2048), (512, 512, 1536, 1536)),
        ("pan left", ANY, (1536, 1024), (512, 0, 1536, 1024)),
        ("pan right", ANY, (1536, 1024), (0, 0, 1024, 1024)),
        ("pan up", CLASSIC, (1024, 1536), (0, 512, 1024, 1536)),
        ("pan down", ANY, (1024, 1536), (0, 0, 1024, 1024)),
        (SHAPE, Shapes(listed=(Fraction(16, 9),)), (1821, 1024), (398, 0, 1422, 1024)),
        (SHAPE, Shapes(listed=(Fraction(1, 2),)), (1024, 2048), (0, 512, 1024, 1536)),
    ],
)
def test_what_is_new_lies_where_it_is_asked_for(
    way: str, known: Shapes, canvas: tuple[int, int], box: tuple[int, int, int, int]
) -> None:
    frame = enlarge((1024, 1024), way, known)
    assert (frame.width, frame.height) == canvas
    assert frame.box == box
    assert frame.is_larger
    assert not frame.is_scaled


def test_a_listed_shape_is_preferred_where_its_canvas_is_hardly_larger() -> None:
    known = Shapes(listed=(Fraction(3, 2),), longest=3)
    assert enlarge((1530, 1024), "zoom 2", known).shape == Fraction(3, 2)
    assert enlarge((1300, 1024), "zoom 2", known).shape == Fraction(33, 26)


def test_a_shape_that_is_too_long_gets_a_higher_canvas() -> None:
    frame = enlarge((1000, 100), "pan left", ANY)
    assert (frame.width, frame.height, frame.shape) == (1500, 500, Fraction(3))


def test_a_canvas_that_would_be_too_large_is_smaller_as_a_whole() -> None:
    frame = enlarge((4032, 3024), "zoom 2", CLASSIC)
    assert frame.is_scaled
    assert frame.width * frame.height <= CANVAS_PIXELS
    assert frame.picture_width / frame.picture_height == pytest.approx(4 / 3, rel=0.002)


def test_a_picture_that_has_the_shape_already_gets_nothing_new() -> None:
    assert not enlarge((1024, 1024), SHAPE, Shapes(listed=(Fraction(1),))).is_larger


def test_what_is_no_shape_is_left_out() -> None:
    assert ratios([1.5, None, 1.5, 16 / 9]) == (Fraction(3, 2), Fraction(16, 9))
