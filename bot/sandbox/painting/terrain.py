"""The places of the sandbox's landscapes: hills, a sea, a city, each drawn over a finished sky.

Pure drawing on a canvas, from dice alone.
"""

import math
import random
import re

from PIL import Image, ImageDraw

from bot.sandbox.painting.palette import Colour, Palette, brush, gradient, mix
from bot.sandbox.painting.pillow_types import curved, resized


def _ridge(width: int, base: float, swing: float, dice: random.Random) -> list[tuple[float, float]]:
    waves = [(dice.uniform(0.6, 1.6) * 2**k, dice.uniform(0, math.tau), 0.5**k) for k in range(5)]
    return [
        (x, base - swing * sum(a * math.sin(math.tau * f * x / width + p) for f, p, a in waves))
        for x in range(0, width + 33, 32)
    ]


def hills(canvas: Image.Image, palette: Palette, dice: random.Random) -> None:
    """Five ridges, the nearer the darker, trees on the near ones, and birds."""
    width, height = canvas.size
    draw = ImageDraw.Draw(canvas, "RGBA")
    for layer in range(5):
        near = layer / 4
        colour = mix(palette.land[0], palette.land[1], near**0.9)
        ridge = _ridge(width, height * (0.5 + 0.115 * layer), height * (0.06 - 0.006 * layer), dice)
        draw.polygon([*ridge, (width + 33, height), (0, height)], fill=(*colour, 255))
        for _ in range(10 + 8 * layer):
            x, y = ridge[dice.randrange(len(ridge))]
            brush(
                draw,
                x,
                y + dice.uniform(0.02, 0.1) * height,
                width * 0.09,
                mix(colour, palette.light, 0.3),
                dice,
            )
        if layer >= 2:
            for _ in range(dice.randint(5, 12)):
                x, y = ridge[dice.randrange(len(ridge))]
                _tree(
                    draw,
                    x + dice.uniform(-16, 16),
                    y,
                    height * (0.012 + 0.016 * layer),
                    colour,
                    palette,
                    dice,
                )
    _birds(draw, width, height, palette, dice)


def _tree(
    draw: ImageDraw.ImageDraw,
    x: float,
    y: float,
    tall: float,
    colour: Colour,
    palette: Palette,
    dice: random.Random,
) -> None:
    tall *= dice.uniform(0.7, 1.4)
    dark = mix(colour, (10, 14, 26), 0.28)
    for step in range(3):
        half, top = tall * (0.2 + 0.08 * step), y - tall * (1.06 - 0.3 * step)
        draw.polygon([(x, top), (x + half, top + tall * 0.5), (x - half, top + tall * 0.5)], fill=(*dark, 255))
        lit = [(x, top), (x - half * 0.2, top + tall * 0.46), (x - half, top + tall * 0.5)]
        draw.polygon(lit, fill=(*mix(dark, palette.light, 0.16), 255))


def _birds(draw: ImageDraw.ImageDraw, width: int, height: int, palette: Palette, dice: random.Random) -> None:
    x, y = dice.uniform(0.2, 0.8) * width, dice.uniform(0.12, 0.3) * height
    for _ in range(dice.randint(3, 6)):
        bx, by = x + dice.gauss(0, 0.06) * width, y + dice.gauss(0, 0.025) * height
        wing = min(width, height) * dice.uniform(0.008, 0.016)
        for side in (-1, 1):
            points = [
                (bx, by),
                (bx + side * wing * 0.6, by - wing * 0.5),
                (bx + side * wing * 1.3, by - wing * 0.1),
            ]
            draw.line(points, fill=(*palette.land[1], 210), width=max(2, round(wing / 5)), joint="curve")


def sea(canvas: Image.Image, palette: Palette, dice: random.Random) -> None:
    """A far shore, water that carries the light, and a sail."""
    width, height = canvas.size
    horizon = round(height * dice.uniform(0.5, 0.58))
    draw = ImageDraw.Draw(canvas, "RGBA")
    ridge = _ridge(width, horizon - height * 0.01, height * 0.022, dice)
    draw.polygon([*ridge, (width + 33, horizon), (0, horizon)], fill=(*palette.land[0], 255))
    water = (
        mix(palette.sky[-1], palette.land[0], 0.35),
        mix(palette.land[0], palette.land[1], 0.6),
        palette.land[1],
    )
    canvas.paste(gradient((width, height - horizon), water), (0, horizon))
    shine = width * dice.uniform(0.3, 0.7)
    for _ in range(320):
        depth = dice.random() ** 1.5
        y = horizon + depth * (height - horizon)
        lit = dice.random() < 0.5
        x = dice.gauss(shine, width * (0.03 + 0.09 * depth)) if lit else dice.random() * width
        colour = palette.light if lit else mix(palette.sky[0], palette.light, 0.25)
        span, thick = width * (0.008 + 0.05 * depth) * dice.uniform(0.5, 1.5), 2 + height * 0.005 * depth
        draw.line(
            (x - span, y, x + span, y),
            fill=(*colour, dice.randint(40, 120 if lit else 60)),
            width=round(thick),
        )
    _sail(
        draw,
        width * dice.choice((0.2, 0.8)) + dice.gauss(0, 0.03) * width,
        horizon + height * 0.05,
        height,
        palette,
    )


def _sail(draw: ImageDraw.ImageDraw, x: float, y: float, height: int, palette: Palette) -> None:
    tall = height * 0.11
    canvas_white, hull = mix(palette.light, (255, 255, 255), 0.4), mix(palette.land[1], (60, 30, 20), 0.3)
    draw.polygon([(x, y - tall), (x + tall * 0.46, y - tall * 0.14), (x, y - tall * 0.14)], fill=canvas_white)
    shade = mix(canvas_white, palette.land[0], 0.3)
    draw.polygon([(x - 4, y - tall * 0.86), (x - tall * 0.3, y - tall * 0.14), (x - 4, y - tall * 0.14)], fill=shade)
    body = [
        (x - tall * 0.38, y - tall * 0.1),
        (x + tall * 0.5, y - tall * 0.1),
        (x + tall * 0.34, y),
        (x - tall * 0.26, y),
    ]
    draw.polygon(body, fill=hull)


def city(canvas: Image.Image, palette: Palette, dice: random.Random) -> None:
    """Three rows of towers, the nearest with lit windows."""
    width, height = canvas.size
    draw = ImageDraw.Draw(canvas, "RGBA")
    for row in range(3):
        colour = mix(palette.land[0], palette.land[1], 0.12 + row * 0.42)
        x = -dice.random() * width * 0.05
        while x < width:
            broad = width * dice.uniform(0.035, 0.085)
            top = height * (0.34 + row * 0.11 + dice.random() ** 0.7 * 0.22)
            _tower(draw, (x, top, x + broad, height), colour, palette, dice, lit=row > 0)
            x += broad * dice.uniform(0.86, 1.25)
        if row < 2:
            haze = curved(resized(Image.linear_gradient("L"), canvas.size), lambda value: value * 0.28)
            canvas.paste(palette.sky[-1], (0, 0), haze)


def _tower(
    draw: ImageDraw.ImageDraw,
    box: tuple[float, float, float, float],
    colour: Colour,
    palette: Palette,
    dice: random.Random,
    *,
    lit: bool,
) -> None:
    left, top, right, bottom = box
    draw.rectangle(box, fill=(*colour, 255))
    draw.rectangle((left, top, left + (right - left) * 0.3, bottom), fill=(*mix(colour, palette.light, 0.1), 255))
    roof = dice.random()
    middle, broad = (left + right) / 2, right - left
    if roof < 0.3:
        draw.polygon([(left, top), (right, top), (middle, top - broad * 0.5)], fill=(*colour, 255))
    elif roof < 0.6:
        draw.rectangle((middle - 3, top - broad * 0.8, middle + 3, top), fill=(*colour, 255))
    if not lit:
        return
    gap = broad / 6
    for row in range(int((bottom - top) / gap / 1.4)):
        for column in range(4):
            if dice.random() < 0.36:
                x, y = left + gap * (0.9 + column * 1.15), top + gap * (0.8 + row * 1.4)
                draw.rectangle((x, y, x + gap * 0.6, y + gap * 0.7), fill=(255, 224, 150, dice.randint(120, 235)))


# A word of the prompt may choose the place.
PLACES = (
    (re.compile(r"cit(y|ies)|street|town|skyscraper|城|街|город|улиц", re.I), city),
    (re.compile(r"\bsea\b|ocean|beach|boat|ship|lake|海|船|湖|мор[еяю]|океан|корабл|озер", re.I), sea),
    (re.compile(r"hill|mountain|forest|valley|山|森林|гор[аы]\b|холм|лес", re.I), hills),
)
