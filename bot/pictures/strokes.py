"""What a member painted over a picture by hand, as vectors: read from a page's JSON, bounded, and scaled.

Pure arithmetic. Nothing here draws: `region_masks` does.
"""

import json
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from math import hypot
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bot.errors import RegionOfOtherPicture, RegionTooDetailed, RegionUnreadable
from bot.pictures.masks import same_aspect_ratio

MAX_BYTES = 1_000_000  # of the JSON; an hour's painting is a tenth
MAX_STROKES = 2_000  # undone ones are not sent
MAX_POINTS = 40_000  # of all strokes; a pointer gives 60 to 240 a second
MAX_EDGE_PX = 30_000  # a side of a picture, and the thickness of a brush; pixels
MAX_COVERINGS = 600  # times that all strokes together may cover the whole picture; at 4K they take 1.5 s to draw
FAR = 4.0  # times a picture's longer side beyond its edges that a stroke may reach, as fingers do

Point = tuple[float, float]


class Tool(StrEnum):
    """What a stroke does to the region painted before it."""

    BRUSH = "brush"
    """Adds a line."""

    ERASER = "eraser"
    """Takes a line away."""

    RECTANGLE = "rectangle"
    """Adds a rectangle."""

    HOLE = "hole"
    """Takes a rectangle away."""

    INVERT = "invert"
    """Swaps what is marked and what is not."""


LINES = (Tool.BRUSH, Tool.ERASER)
RECTANGLES = (Tool.RECTANGLE, Tool.HOLE)


@dataclass(frozen=True, slots=True)
class Stroke:
    """One stroke."""

    tool: Tool
    """What it does."""

    size: float = 0.0
    """Thickness of a line, pixels, > 0; 0 for the other tools."""

    points: tuple[Point, ...] = ()
    """A line's points (x, y), at least one, in pixels from the picture's upper left corner; two opposite corners of a
    rectangle; none for INVERT."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A region as it was painted: strokes in order, over a picture of that size."""

    width: int
    """Pixels, of the picture when upright; > 0."""

    height: int
    """Pixels, of the picture when upright; > 0."""

    strokes: tuple[Stroke, ...]
    """In the order in which they were painted."""

    def scaled_to(self, size: tuple[int, int]) -> "Drawing":
        """The drawing over the same picture of another size (width, height), pixels. Raises RegionOfOtherPicture for a
        size with another aspect ratio."""
        if not same_aspect_ratio(size, (self.width, self.height)):
            raise RegionOfOtherPicture
        across, down = size[0] / self.width, size[1] / self.height
        strokes = tuple(
            replace(each, size=each.size * across, points=tuple((x * across, y * down) for x, y in each.points))
            for each in self.strokes
        )
        return Drawing(width=size[0], height=size[1], strokes=strokes)

    @property
    def painted_pixels(self) -> float:
        """Pixels that are filled when all strokes are drawn, each counted as often as it is filled."""
        return sum(_painted_pixels(each, self.width, self.height) for each in self.strokes)


class _Stroke(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)

    tool: Literal["brush", "eraser", "rectangle", "hole", "invert"]
    size: Annotated[float, Field(ge=0, le=MAX_EDGE_PX, allow_inf_nan=False)] = 0.0
    points: Annotated[
        tuple[Annotated[float, Field(ge=-MAX_EDGE_PX * FAR, le=MAX_EDGE_PX * FAR, allow_inf_nan=False)], ...],
        Field(max_length=2 * MAX_POINTS),
    ] = ()

    @model_validator(mode="after")
    def _check_shape(self) -> Self:
        tool, numbers = Tool(self.tool), len(self.points)
        if tool in LINES and (self.size <= 0 or not numbers or numbers % 2):
            raise ValueError("a line has a size, and points of two numbers")
        if tool in RECTANGLES and numbers != 4:
            raise ValueError("a rectangle has two corners")
        if tool is Tool.INVERT and numbers:
            raise ValueError("an inversion has no points")
        return self


class _Drawing(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)

    width: Annotated[int, Field(ge=1, le=MAX_EDGE_PX)]
    height: Annotated[int, Field(ge=1, le=MAX_EDGE_PX)]
    strokes: tuple[_Stroke, ...]


def read_drawing(raw: bytes) -> Drawing:
    """The drawing in a page's JSON: `{width, height, strokes: [{tool, size, points: [x, y, x, y, …]}]}`.

    Raises RegionUnreadable for anything else, RegionTooDetailed beyond the limits above.
    """
    if len(raw) > MAX_BYTES:
        raise RegionTooDetailed(detail=f"{len(raw)} bytes")
    try:
        read = _Drawing.model_validate_json(raw)
    except ValidationError as error:
        raise RegionUnreadable(detail=str(error.errors(include_url=False, include_input=False)[:1])) from error
    drawing = Drawing(width=read.width, height=read.height, strokes=tuple(map(_make_stroke, read.strokes)))
    points = sum(len(each.points) for each in drawing.strokes)
    if len(drawing.strokes) > MAX_STROKES or points > MAX_POINTS:
        raise RegionTooDetailed(detail=f"{len(drawing.strokes)} strokes, {points} points")
    if drawing.painted_pixels > MAX_COVERINGS * drawing.width * drawing.height:
        raise RegionTooDetailed(detail=f"{drawing.painted_pixels:.0f} pixels")
    return drawing


def write_drawing(drawing: Drawing) -> bytes:
    """The JSON that `read_drawing` reads."""
    strokes = [
        {"tool": each.tool.value, "size": each.size, "points": [number for point in each.points for number in point]}
        for each in drawing.strokes
    ]
    return json.dumps({"width": drawing.width, "height": drawing.height, "strokes": strokes}).encode()


def _make_stroke(read: _Stroke) -> Stroke:
    numbers = iter(read.points)
    return Stroke(tool=Tool(read.tool), size=read.size, points=tuple(zip(numbers, numbers, strict=True)))


def _painted_pixels(stroke: Stroke, width: int, height: int) -> float:
    """As `Drawing.painted_pixels`, of one stroke. No piece of it fills more than the picture."""
    most = float(width * height)
    if stroke.tool not in LINES:
        return most
    dab = min(most, stroke.size * stroke.size)
    pieces = (min(most, hypot(x - u, y - v) * stroke.size) for (u, v), (x, y) in pairwise(stroke.points))
    return len(stroke.points) * dab + sum(pieces)
