"""Strokes from a page: what is understood, what is too much, and what stays of them through JSON and scaling."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import RegionOfOtherPicture, RegionTooDetailed, RegionUnreadable
from bot.pictures.strokes import (
    MAX_BYTES,
    MAX_COVERINGS,
    MAX_POINTS,
    MAX_STROKES,
    Drawing,
    Stroke,
    Tool,
    read_drawing,
    write_drawing,
)

numbers = st.floats(-5_000, 20_000, allow_nan=False)
points = st.tuples(numbers, numbers)
lines = st.builds(
    Stroke,
    st.sampled_from([Tool.BRUSH, Tool.ERASER]),
    st.floats(0.1, 500),
    st.lists(points, min_size=1, max_size=20).map(tuple),
)
rectangles = st.builds(
    Stroke,
    st.sampled_from([Tool.RECTANGLE, Tool.HOLE]),
    st.just(0.0),
    st.tuples(points, points),
)
drawings = st.builds(
    Drawing,
    width=st.integers(500, 4_000),
    height=st.integers(500, 4_000),
    strokes=st.lists(st.one_of(lines, rectangles, st.just(Stroke(Tool.INVERT))), max_size=10).map(tuple),
)


def raw(*strokes: Any, **more: Any) -> bytes:
    return json.dumps({"width": 100, "height": 80, "strokes": strokes} | more).encode()


def brush(*numbers: Any, size: Any = 10) -> dict[str, Any]:
    return {"tool": "brush", "size": size, "points": numbers}


@given(drawings)
def test_a_drawing_comes_through_json_as_it_was(drawing: Drawing) -> None:
    assert read_drawing(write_drawing(drawing)) == drawing


@given(st.binary(max_size=200) | st.from_regex(rb'\{"width":.*', fullmatch=True))
def test_whatever_bytes_come_they_are_refused_in_words(data: bytes) -> None:
    with pytest.raises((RegionUnreadable, RegionTooDetailed)):
        read_drawing(data)


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"null",
        b"[]",
        b'{"width": 100, "height": 80}',
        raw(width=0),
        raw(height=10**9),
        raw(width=10.5),
        raw(width=True),
        raw({"tool": "spray", "size": 1, "points": [1, 1]}),
        raw(brush()),
        raw(brush(1, 2, 3)),
        raw(brush(1, 2, size=0)),
        raw(brush(1, 2, size=-4)),
        raw(brush(1, 2, size=10**6)),
        raw(brush("1", "2")),
        raw(brush(None, 2)),
        raw(brush(10**9, 2)),
        b'{"width": 100, "height": 80, "strokes": [{"tool": "brush", "size": 1, "points": [NaN, 1]}]}',
        b'{"width": 100, "height": 80, "strokes": [{"tool": "brush", "size": 1, "points": [1e999, 1]}]}',
        raw({"tool": "rectangle", "points": [1, 2]}),
        raw({"tool": "hole", "points": [1, 2, 3, 4, 5, 6]}),
        raw({"tool": "invert", "points": [1, 2]}),
        raw("brush"),
        b"[" * 100_000,
    ],
)
def test_what_is_no_drawing_is_not_understood(wrong: bytes) -> None:
    with pytest.raises(RegionUnreadable):
        read_drawing(wrong)


@pytest.mark.parametrize(
    "much",
    [
        b" " * (MAX_BYTES + 1),
        raw(*[{"tool": "invert"}] * (MAX_STROKES + 1)),
        raw(*[brush(*[1, 1] * (MAX_POINTS // 2), size=0.1)] * 3),
        raw(*[{"tool": "rectangle", "points": [0, 0, 100, 80]}] * (MAX_COVERINGS + 1)),
        raw(brush(*[50, 40] * (MAX_COVERINGS + 1), size=100)),
        raw(brush(*[0, 0, 100, 80] * MAX_COVERINGS, size=100)),
    ],
)
def test_more_than_can_be_drawn_is_refused(much: bytes) -> None:
    with pytest.raises(RegionTooDetailed):
        read_drawing(much)


def test_a_drawing_is_scaled_with_its_picture() -> None:
    drawn = Drawing(width=100, height=80, strokes=(Stroke(Tool.BRUSH, 10, ((50, 40),)), Stroke(Tool.INVERT)))
    scaled = drawn.scaled_to((200, 160))
    assert scaled == Drawing(width=200, height=160, strokes=(Stroke(Tool.BRUSH, 20, ((100, 80),)), Stroke(Tool.INVERT)))
    with pytest.raises(RegionOfOtherPicture):
        drawn.scaled_to((80, 100))
