"""Landscapes for prompts without references: a sky, a light, and hills, a sea or a city.

Pure drawing: the same random numbers give the same picture. No text, no references, no I/O.
"""

import random
from collections.abc import Callable

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from bot.sandbox.painting.palette import PALETTE_WORDS, PALETTES, Colour, Palette, blend, brush_stroke, gradient
from bot.sandbox.painting.pillow_types import apply_curve, resize
from bot.sandbox.painting.terrain import TERRAIN_WORDS, draw_hills, draw_sea

CheckAbandoned = Callable[[], None]  # raises AbandonedError when the picture is not wanted any more


def draw_landscape(
    size: tuple[int, int], prompt: str, rng: random.Random, check_abandoned: CheckAbandoned
) -> Image.Image:
    """A landscape of `size` in RGB. Drawn twice as large and shrunk, which smooths every edge."""
    width, height = size[0] * 2, size[1] * 2
    palette = next((found for words, found in PALETTE_WORDS if words.search(prompt)), None) or rng.choice(PALETTES)
    terrain = next((found for words, found in TERRAIN_WORDS if words.search(prompt)), None)
    draw_terrain = terrain or rng.choice((draw_hills, draw_hills, draw_sea))
    canvas = _draw_sky((width, height), palette, rng)
    check_abandoned()
    draw_terrain(canvas, palette, rng)
    check_abandoned()
    brush_strokes(canvas, rng, 700)
    check_abandoned()
    return resize(canvas, size, Image.Resampling.BOX)


def _draw_glow(canvas: Image.Image, at: tuple[int, int], radius: int, colour: Colour, strength: float) -> None:
    ball = resize(ImageChops.invert(Image.radial_gradient("L")), (radius * 2, radius * 2))
    mask = apply_curve(ball, lambda value: (value - 74) / 181 * 255 * strength)
    canvas.paste(colour, (at[0] - radius, at[1] - radius), mask)


def _draw_sky(size: tuple[int, int], palette: Palette, rng: random.Random) -> Image.Image:
    width, height = size
    canvas = Image.new("RGB", size)
    canvas.paste(gradient((width, round(height * 0.72)), palette.sky))
    canvas.paste(palette.sky[-1], (0, round(height * 0.72), width, height))
    short = min(size)
    at = round(width * rng.uniform(0.24, 0.76)), round(height * rng.uniform(0.2, 0.4))
    if palette.stars:
        draw = ImageDraw.Draw(canvas, "RGBA")
        for _ in range(160):
            x, y, r = (
                rng.random() * width,
                rng.random() ** 1.4 * height * 0.6,
                rng.uniform(0.6, 2.2) * short / 1024,
            )
            draw.ellipse((x - r, y - r, x + r, y + r), fill=(255, 255, 240, rng.randint(90, 230)))
    _draw_glow(canvas, at, round(short * 0.62), palette.light, 0.55)
    radius = round(short * rng.uniform(0.06, 0.1))
    ImageDraw.Draw(canvas).ellipse((at[0] - radius, at[1] - radius, at[0] + radius, at[1] + radius), fill=palette.light)
    _draw_clouds(canvas, palette, rng)
    return canvas


def _draw_clouds(canvas: Image.Image, palette: Palette, rng: random.Random) -> None:
    """Drawn on an eighth of the canvas and blurred there: soft edges cost nothing."""
    width, height = canvas.width // 8, canvas.height // 8
    mask = Image.new("L", (max(8, width), max(8, height)))
    draw = ImageDraw.Draw(mask)
    for _ in range(rng.randint(4, 7)):
        x, y, span = rng.random() * width, rng.uniform(0.06, 0.42) * height, rng.uniform(0.1, 0.3) * width
        for _ in range(9):
            dx, dy = rng.gauss(0, span / 2.2), rng.gauss(0, span / 22)
            w, h = span * rng.uniform(0.18, 0.42), span * rng.uniform(0.02, 0.06)
            draw.ellipse((x + dx - w, y + dy - h, x + dx + w, y + dy + h), fill=rng.randint(70, 150))
    mask = resize(mask.filter(ImageFilter.GaussianBlur(max(1, width / 110))), canvas.size)
    canvas.paste(blend(palette.sky[-1], palette.light, 0.6), (0, 0), mask)


def brush_strokes(canvas: Image.Image, rng: random.Random, count: int) -> None:
    """Broad strokes in colours taken from the picture itself, a shade off: what makes it look painted."""
    width, height = canvas.size
    small = resize(canvas, (64, 64), Image.Resampling.BOX)
    draw = ImageDraw.Draw(canvas, "RGBA")
    for _ in range(count):
        x, y = rng.random(), rng.random()
        found = small.getpixel((int(x * 64), int(y * 64)))
        assert isinstance(found, tuple)
        shade = (255, 246, 224) if rng.random() < 0.6 else (30, 26, 60)
        colour = blend((int(found[0]), int(found[1]), int(found[2])), shade, rng.uniform(0.03, 0.16))
        brush_stroke(draw, x * width, y * height, width * 0.075, colour, rng)
