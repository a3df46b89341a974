"""Draws the strokes of a region as a mask, at the exact size of the picture that they were painted over.

Blocking; called in worker threads and processes only. What may be drawn at all is decided before, by `strokes`.
"""

from itertools import pairwise

from PIL import Image as Pillow
from PIL import ImageChops, ImageDraw

from bot.errors import EverythingMarked, NothingMarked
from bot.painting import Image
from bot.pictures.encoding import encode_image
from bot.pictures.strokes import LINES, Drawing, Stroke, Tool

MARKED = 255
_ADDING = (Tool.BRUSH, Tool.RECTANGLE)


def draw_mask(drawing: Drawing) -> Image:
    """A PNG of the drawing's size, wholly transparent where it is marked. Raises NothingMarked, EverythingMarked."""
    marked = draw_region(drawing)
    count = marked.histogram()[MARKED]
    if not count:
        raise NothingMarked
    if count == drawing.width * drawing.height:
        raise EverythingMarked
    black = Pillow.new("L", marked.size)
    return encode_image(Pillow.merge("LA", (black, ImageChops.invert(marked))), "image/png", 100)


def draw_region(drawing: Drawing) -> Pillow.Image:
    """The region (L): 255 where it is marked, else 0."""
    region = Pillow.new("L", (drawing.width, drawing.height))
    for stroke in drawing.strokes:
        if stroke.tool is Tool.INVERT:
            region = ImageChops.invert(region)
        elif stroke.tool in LINES:
            _draw_line(region, stroke)
        else:
            _draw_rectangle(region, stroke)
    return region


def _draw_line(region: Pillow.Image, stroke: Stroke) -> None:
    """A line with round ends and corners: a disc at each point, and what lies between two."""
    pen, level, radius = ImageDraw.Draw(region), _level(stroke), stroke.size / 2
    for start, end in pairwise(stroke.points):
        pen.line((start, end), fill=level, width=max(1, round(stroke.size)))
    for x, y in stroke.points:
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=level)


def _draw_rectangle(region: Pillow.Image, stroke: Stroke) -> None:
    """Pixels whose centres lie inside."""
    (left, right), (top, bottom) = (sorted(each) for each in zip(*stroke.points, strict=True))
    box = (round(left), round(top), round(right) - 1, round(bottom) - 1)
    if box[0] <= box[2] and box[1] <= box[3]:
        ImageDraw.Draw(region).rectangle(box, fill=_level(stroke))


def _level(stroke: Stroke) -> int:
    return MARKED if stroke.tool in _ADDING else 0
