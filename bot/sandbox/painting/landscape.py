"""The landscapes of the sandbox: a sky, a light, and hills, a sea or a city, from dice alone.

Pure drawing: the same dice give the same picture. No text, no references, no I/O.
"""

import random
from collections.abc import Callable

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from bot.sandbox.painting.palette import LIGHTS, PALETTES, Colour, Palette, brush, gradient, mix
from bot.sandbox.painting.pillow_types import curved, resized
from bot.sandbox.painting.terrain import PLACES, hills, sea

Stop = Callable[[], None]  # raises when nobody wants the picture any more


def scene(size: tuple[int, int], prompt: str, dice: random.Random, stop: Stop) -> Image.Image:
    """A landscape of `size` in RGB. Drawn twice as large and shrunk, which smooths every edge."""
    width, height = size[0] * 2, size[1] * 2
    palette = next((found for words, found in LIGHTS if words.search(prompt)), None) or dice.choice(PALETTES)
    place = next((found for words, found in PLACES if words.search(prompt)), None) or dice.choice((hills, hills, sea))
    canvas = _sky((width, height), palette, dice)
    stop()
    place(canvas, palette, dice)
    stop()
    strokes(canvas, dice, 700)
    stop()
    return resized(canvas, size, Image.Resampling.BOX)


def _glow(canvas: Image.Image, at: tuple[int, int], radius: int, colour: Colour, strength: float) -> None:
    ball = resized(ImageChops.invert(Image.radial_gradient("L")), (radius * 2, radius * 2))
    mask = curved(ball, lambda value: (value - 74) / 181 * 255 * strength)
    canvas.paste(colour, (at[0] - radius, at[1] - radius), mask)


def _sky(size: tuple[int, int], palette: Palette, dice: random.Random) -> Image.Image:
    width, height = size
    canvas = Image.new("RGB", size)
    canvas.paste(gradient((width, round(height * 0.72)), palette.sky))
    canvas.paste(palette.sky[-1], (0, round(height * 0.72), width, height))
    short = min(size)
    at = round(width * dice.uniform(0.24, 0.76)), round(height * dice.uniform(0.2, 0.4))
    if palette.stars:
        draw = ImageDraw.Draw(canvas, "RGBA")
        for _ in range(160):
            x, y, r = (
                dice.random() * width,
                dice.random() ** 1.4 * height * 0.6,
                dice.uniform(0.6, 2.2) * short / 1024,
            )
            draw.ellipse((x - r, y - r, x + r, y + r), fill=(255, 255, 240, dice.randint(90, 230)))
    _glow(canvas, at, round(short * 0.62), palette.light, 0.55)
    radius = round(short * dice.uniform(0.06, 0.1))
    ImageDraw.Draw(canvas).ellipse((at[0] - radius, at[1] - radius, at[0] + radius, at[1] + radius), fill=palette.light)
    _clouds(canvas, palette, dice)
    return canvas


def _clouds(canvas: Image.Image, palette: Palette, dice: random.Random) -> None:
    """Drawn on an eighth of the canvas and blurred there: soft edges cost nothing."""
    width, height = canvas.width // 8, canvas.height // 8
    mask = Image.new("L", (max(8, width), max(8, height)))
    draw = ImageDraw.Draw(mask)
    for _ in range(dice.randint(4, 7)):
        x, y, span = dice.random() * width, dice.uniform(0.06, 0.42) * height, dice.uniform(0.1, 0.3) * width
        for _ in range(9):
            dx, dy = dice.gauss(0, span / 2.2), dice.gauss(0, span / 22)
            w, h = span * dice.uniform(0.18, 0.42), span * dice.uniform(0.02, 0.06)
            draw.ellipse((x + dx - w, y + dy - h, x + dx + w, y + dy + h), fill=dice.randint(70, 150))
    mask = resized(mask.filter(ImageFilter.GaussianBlur(max(1, width / 110))), canvas.size)
    canvas.paste(mix(palette.sky[-1], palette.light, 0.6), (0, 0), mask)


def strokes(canvas: Image.Image, dice: random.Random, count: int) -> None:
    """Broad strokes in colours taken from the picture itself, a shade off: what makes it look painted."""
    width, height = canvas.size
    small = resized(canvas, (64, 64), Image.Resampling.BOX)
    draw = ImageDraw.Draw(canvas, "RGBA")
    for _ in range(count):
        x, y = dice.random(), dice.random()
        found = small.getpixel((int(x * 64), int(y * 64)))
        assert isinstance(found, tuple)
        shade = (255, 246, 224) if dice.random() < 0.6 else (30, 26, 60)
        colour = mix((int(found[0]), int(found[1]), int(found[2])), shade, dice.uniform(0.03, 0.16))
        brush(draw, x * width, y * height, width * 0.075, colour, dice)
