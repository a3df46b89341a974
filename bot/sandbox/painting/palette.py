"""Colour palettes of landscapes, and two drawing primitives: a gradient and a brush stroke.

Values and primitives only; what is drawn with them stands in landscape.py and terrain.py.
"""

import random
import re
from dataclasses import dataclass

from PIL import Image, ImageDraw

from bot.sandbox.painting.pillow_types import resize

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """The colours of one time of day."""

    sky: tuple[Colour, ...]
    """From the zenith to the horizon."""
    light: Colour
    """Sun or moon, and what they light."""
    land: tuple[Colour, Colour]
    """Farthest and nearest."""
    stars: bool = False


DUSK = Palette(sky=((58, 46, 92), (150, 86, 122), (240, 142, 112), (255, 212, 150)), light=(255, 236, 190),
               land=((176, 104, 122), (38, 30, 58)))  # fmt: skip
DAWN = Palette(sky=((120, 168, 206), (182, 206, 216), (246, 222, 200), (255, 236, 208)),
               light=(255, 250, 226), land=((148, 172, 184), (36, 72, 84)))  # fmt: skip
MEADOW = Palette(sky=((86, 156, 196), (148, 202, 212), (226, 236, 206)), light=(255, 246, 200),
                 land=((138, 184, 160), (28, 84, 66)))  # fmt: skip
AUTUMN = Palette(sky=((104, 122, 150), (206, 178, 158), (250, 206, 142)), light=(255, 240, 204),
                 land=((206, 142, 96), (92, 40, 40)))  # fmt: skip
ROSE = Palette(sky=((92, 92, 150), (188, 134, 172), (250, 186, 178), (255, 226, 204)), light=(255, 240, 226),
               land=((174, 126, 164), (54, 42, 88)))  # fmt: skip
NIGHT = Palette(sky=((12, 18, 46), (28, 42, 88), (66, 84, 132), (122, 126, 160)), light=(244, 240, 220),
                land=((66, 80, 120), (12, 16, 36)), stars=True)  # fmt: skip
PALETTES = (DUSK, DAWN, MEADOW, AUTUMN, ROSE, NIGHT)

# The first pattern that matches the prompt chooses the palette; without one it is random.
PALETTE_WORDS = (
    (re.compile(r"night|moon|star|夜|月亮|星|ноч|лун|звёзд|звезд", re.I), NIGHT),
    (re.compile(r"sunset|dusk|evening|日落|夕阳|黄昏|закат|вечер", re.I), DUSK),
    (re.compile(r"autumn|fall leaves|desert|秋|沙漠|осен|пустын", re.I), AUTUMN),
    (re.compile(r"dawn|sunrise|morning|snow|winter|日出|清晨|雪|рассвет|утр|снег|зим", re.I), DAWN),
    (re.compile(r"spring|summer|meadow|garden|forest|春|夏|草|森林|лес|весн|лет[оа]|сад", re.I), MEADOW),
)


def blend(one: Colour, other: Colour, share: float) -> Colour:
    """A colour between two: `share` 0 is the one, 1 the other."""
    r, g, b = (round(a + (z - a) * share) for a, z in zip(one, other, strict=True))
    return r, g, b


def gradient(size: tuple[int, int], stops: tuple[Colour, ...]) -> Image.Image:
    """An image of `size` from top to bottom through evenly spaced colours."""
    column = Image.new("RGB", (1, 256))
    for y in range(256):
        place = y / 255 * (len(stops) - 1)
        below = min(int(place), len(stops) - 2)
        column.putpixel((0, y), blend(stops[below], stops[below + 1], place - below))
    return resize(column, size, Image.Resampling.BILINEAR)


def brush_stroke(
    draw: ImageDraw.ImageDraw, x: float, y: float, span: float, colour: Colour, rng: random.Random
) -> None:
    """Draws a translucent curved stroke around a point, about `span` pixels long."""
    span *= rng.uniform(0.4, 1.2)
    bend = rng.uniform(-0.25, 0.25) * span
    points = [(x - span / 2, y), (x, y + bend * 0.5), (x + span / 2, y + bend)]
    draw.line(points, fill=(*colour, rng.randint(14, 40)), width=max(3, round(span / 9)), joint="curve")
