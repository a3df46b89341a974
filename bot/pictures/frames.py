"""The geometry of larger frames: how a canvas grows around a picture, and where the picture stands in it. Pure.

A picture is never cropped. Shapes are what an upstream paints, so that its edit covers the canvas as it is.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

ZOOMS = ("1.5", "2")  # times as wide and as high as before
PANS = ("left", "right", "up", "down")  # where the picture goes on
PAN_GROWTH = Fraction(3, 2)  # times as wide, or as high, as before
SHAPE = "shape"  # the smallest canvas of another shape
FRAMES = (*(f"zoom {factor}" for factor in ZOOMS), *(f"pan {way}" for way in PANS), SHAPE)
"""The ways in which a canvas grows, as of `bot.painting.Options.reframe`."""

CANVAS_EDGE_PX = 4096  # pixels, longest side of a canvas; what is composed in less than a second or two
CANVAS_PIXELS = 12_000_000  # pixels of a canvas: decoded, composed and encoded within the memory of one piece of work
MAX_TERM = 60  # of a free shape: sides of 64 and more would be pixels (`bot.intake.sizes`)
MAX_OLD_SHARE = 0.99  # of a canvas; what is new is a rounding of the shape otherwise
NEAR = Fraction(103, 100)  # a listed shape is preferred where its canvas is no larger than this


@dataclass(frozen=True, slots=True, kw_only=True)
class Shapes:
    """Shapes that upstreams paint, width by height."""

    listed: tuple[Fraction, ...] = ()
    """Each > 0."""

    longest: int = 0
    """Any shape whose long side is at most this many times the short one; 0: only those listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A canvas and the picture in it, pixels."""

    width: int
    """Of the canvas; > 0."""

    height: int
    """Of the canvas; > 0."""

    left: int
    """Where the picture begins in it; >= 0."""

    top: int
    """As `left`."""

    picture_width: int
    """What the picture is scaled to; its own width unless the canvas would be too large."""

    picture_height: int
    """As `picture_width`."""

    is_scaled: bool
    """Whether the picture is scaled down."""

    shape: Fraction
    """Width by height, of which the canvas is a rounded one."""

    @property
    def is_larger(self) -> bool:
        """Whether there is anything to paint around the picture."""
        return self.picture_width * self.picture_height < MAX_OLD_SHARE * self.width * self.height

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of the picture in the canvas."""
        return self.left, self.top, self.left + self.picture_width, self.top + self.picture_height


def enlarge(size: tuple[int, int], way: str, shapes: Shapes) -> Frame:
    """The smallest canvas of one of the shapes around a picture of `size` that has grown in a `way` of FRAMES.

    Where no shape is known, the canvas is as it comes.
    """
    (least_width, least_height), (across, down) = _grown(size, way)
    shape = _choose_shape(least_width, least_height, shapes)
    width, height = _contain(least_width, least_height, shape)
    scale = min(1.0, CANVAS_EDGE_PX / max(width, height), math.sqrt(CANVAS_PIXELS / (width * height)))
    if scale < 1:
        size = max(1, math.floor(size[0] * scale)), max(1, math.floor(size[1] * scale))
        width = max(size[0], min(CANVAS_EDGE_PX, math.floor(width * scale)))
        height = max(size[1], min(CANVAS_EDGE_PX, round(width / shape)))
    return Frame(
        width=width,
        height=height,
        left=_part(width - size[0], across),
        top=_part(height - size[1], down),
        picture_width=size[0],
        picture_height=size[1],
        is_scaled=scale < 1,
        shape=shape,
    )


def _grown(size: tuple[int, int], way: str) -> tuple[tuple[int, int], tuple[Fraction, Fraction]]:
    """What the canvas must have at least, and which part of what is new lies to the left of the picture and above."""
    kind, _, value = way.partition(" ")
    middle = Fraction(1, 2)
    width, height = size
    if kind == "zoom":
        return (math.ceil(width * Fraction(value)), math.ceil(height * Fraction(value))), (middle, middle)
    if kind == "pan":
        if value in ("left", "right"):
            return (math.ceil(width * PAN_GROWTH), height), (Fraction(value == "left"), middle)
        return (width, math.ceil(height * PAN_GROWTH)), (middle, Fraction(value == "up"))
    return size, (middle, middle)


def _choose_shape(width: int, height: int, shapes: Shapes) -> Fraction:
    """The shape whose canvas around so many pixels is the smallest; a listed one where it is hardly larger."""

    def area(shape: Fraction) -> Fraction:
        return Fraction(max(width * height, int(width * width / shape), int(height * height * shape)))

    listed = min(shapes.listed, key=area, default=None)
    if not shapes.longest:
        return Fraction(width, height) if listed is None else listed
    limit = Fraction(shapes.longest)
    natural = max(1 / limit, min(limit, Fraction(width, height)))
    free = min(_simple_shapes(natural, limit), key=area)
    return listed if listed is not None and area(listed) <= area(free) * NEAR else free


def _simple_shapes(shape: Fraction, limit: Fraction) -> Iterator[Fraction]:
    """The shapes nearest to one whose terms are at most MAX_TERM, within the limit."""
    for term in range(1, MAX_TERM + 1):
        for near in (Fraction(max(1, round(shape * term)), term), Fraction(term, max(1, round(term / shape)))):
            if max(near.numerator, near.denominator) <= MAX_TERM and 1 / limit <= near <= limit:
                yield near


def _contain(width: int, height: int, shape: Fraction) -> tuple[int, int]:
    """The smallest canvas of a shape around so many pixels; rounded up."""
    if width >= height * shape:
        return width, max(height, math.ceil(width / shape))
    return max(width, math.ceil(height * shape)), height


def _part(new: int, share: Fraction) -> int:
    return math.floor(new * share)


def ratios(shapes: Sequence[float | None]) -> tuple[Fraction, ...]:
    """Shapes as exact ratios of small terms; without those that are none."""
    return tuple(dict.fromkeys(Fraction(each).limit_denominator(1000) for each in shapes if each))
