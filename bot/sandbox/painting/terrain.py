"""The terrain of a landscape: hills, a sea or a city, each drawn over a finished sky.

Pure drawing on a canvas; only the random numbers vary.
"""

import math
import random
import re

from PIL import Image, ImageDraw

from bot.sandbox.painting.palette import Colour, Palette, blend, brush_stroke, gradient
from bot.sandbox.painting.pillow_types import apply_curve, resize


def _ridge_line(width: int, base: float, swing: float, rng: random.Random) -> list[tuple[float, float]]:
    waves = [(rng.uniform(0.6, 1.6) * 2**k, rng.uniform(0, math.tau), 0.5**k) for k in range(5)]
    return [
        (x, base - swing * sum(a * math.sin(math.tau * f * x / width + p) for f, p, a in waves))
        for x in range(0, width + 33, 32)
    ]


def draw_hills(canvas: Image.Image, palette: Palette, rng: random.Random) -> None:
    """Five ridges, the nearer the darker, trees on the near ones, and birds."""
    width, height = canvas.size
    draw = ImageDraw.Draw(canvas, "RGBA")
    for layer in range(5):
        near = layer / 4
        colour = blend(palette.land[0], palette.land[1], near**0.9)
        ridge = _ridge_line(width, height * (0.5 + 0.115 * layer), height * (0.06 - 0.006 * layer), rng)
        draw.polygon([*ridge, (width + 33, height), (0, height)], fill=(*colour, 255))
        for _ in range(10 + 8 * layer):
            x, y = ridge[rng.randrange(len(ridge))]
            brush_stroke(
                draw,
                x,
                y + rng.uniform(0.02, 0.1) * height,
                width * 0.09,
                blend(colour, palette.light, 0.3),
                rng,
            )
        if layer >= 2:
            for _ in range(rng.randint(5, 12)):
                x, y = ridge[rng.randrange(len(ridge))]
                _draw_tree(
                    draw,
                    x + rng.uniform(-16, 16),
                    y,
                    height * (0.012 + 0.016 * layer),
                    colour,
                    palette,
                    rng,
                )
    _draw_birds(draw, width, height, palette, rng)


def _draw_tree(
    draw: ImageDraw.ImageDraw,
    x: float,
    y: float,
    tall: float,
    colour: Colour,
    palette: Palette,
    rng: random.Random,
) -> None:
    tall *= rng.uniform(0.7, 1.4)
    dark = blend(colour, (10, 14, 26), 0.28)
    for step in range(3):
        half, top = tall * (0.2 + 0.08 * step), y - tall * (1.06 - 0.3 * step)
        draw.polygon([(x, top), (x + half, top + tall * 0.5), (x - half, top + tall * 0.5)], fill=(*dark, 255))
        lit = [(x, top), (x - half * 0.2, top + tall * 0.46), (x - half, top + tall * 0.5)]
        draw.polygon(lit, fill=(*blend(dark, palette.light, 0.16), 255))


def _draw_birds(draw: ImageDraw.ImageDraw, width: int, height: int, palette: Palette, rng: random.Random) -> None:
    x, y = rng.uniform(0.2, 0.8) * width, rng.uniform(0.12, 0.3) * height
    for _ in range(rng.randint(3, 6)):
        bx, by = x + rng.gauss(0, 0.06) * width, y + rng.gauss(0, 0.025) * height
        wing = min(width, height) * rng.uniform(0.008, 0.016)
        for side in (-1, 1):
            points = [
                (bx, by),
                (bx + side * wing * 0.6, by - wing * 0.5),
                (bx + side * wing * 1.3, by - wing * 0.1),
            ]
            draw.line(points, fill=(*palette.land[1], 210), width=max(2, round(wing / 5)), joint="curve")


def draw_sea(canvas: Image.Image, palette: Palette, rng: random.Random) -> None:
    """A far shore, water that carries the light, and a sail."""
    width, height = canvas.size
    horizon = round(height * rng.uniform(0.5, 0.58))
    draw = ImageDraw.Draw(canvas, "RGBA")
    ridge = _ridge_line(width, horizon - height * 0.01, height * 0.022, rng)
    draw.polygon([*ridge, (width + 33, horizon), (0, horizon)], fill=(*palette.land[0], 255))
    water = (
        blend(palette.sky[-1], palette.land[0], 0.35),
        blend(palette.land[0], palette.land[1], 0.6),
        palette.land[1],
    )
    canvas.paste(gradient((width, height - horizon), water), (0, horizon))
    shine = width * rng.uniform(0.3, 0.7)
    for _ in range(320):
        depth = rng.random() ** 1.5
        y = horizon + depth * (height - horizon)
        lit = rng.random() < 0.5
        x = rng.gauss(shine, width * (0.03 + 0.09 * depth)) if lit else rng.random() * width
        colour = palette.light if lit else blend(palette.sky[0], palette.light, 0.25)
        span, thick = width * (0.008 + 0.05 * depth) * rng.uniform(0.5, 1.5), 2 + height * 0.005 * depth
        draw.line(
            (x - span, y, x + span, y),
            fill=(*colour, rng.randint(40, 120 if lit else 60)),
            width=round(thick),
        )
    _draw_sail(
        draw,
        width * rng.choice((0.2, 0.8)) + rng.gauss(0, 0.03) * width,
        horizon + height * 0.05,
        height,
        palette,
    )


def _draw_sail(draw: ImageDraw.ImageDraw, x: float, y: float, height: int, palette: Palette) -> None:
    tall = height * 0.11
    canvas_white, hull = blend(palette.light, (255, 255, 255), 0.4), blend(palette.land[1], (60, 30, 20), 0.3)
    draw.polygon([(x, y - tall), (x + tall * 0.46, y - tall * 0.14), (x, y - tall * 0.14)], fill=canvas_white)
    shade = blend(canvas_white, palette.land[0], 0.3)
    draw.polygon([(x - 4, y - tall * 0.86), (x - tall * 0.3, y - tall * 0.14), (x - 4, y - tall * 0.14)], fill=shade)
    body = [
        (x - tall * 0.38, y - tall * 0.1),
        (x + tall * 0.5, y - tall * 0.1),
        (x + tall * 0.34, y),
        (x - tall * 0.26, y),
    ]
    draw.polygon(body, fill=hull)


def draw_city(canvas: Image.Image, palette: Palette, rng: random.Random) -> None:
    """Three rows of towers, the nearest with lit windows."""
    width, height = canvas.size
    draw = ImageDraw.Draw(canvas, "RGBA")
    for row in range(3):
        colour = blend(palette.land[0], palette.land[1], 0.12 + row * 0.42)
        x = -rng.random() * width * 0.05
        while x < width:
            broad = width * rng.uniform(0.035, 0.085)
            top = height * (0.34 + row * 0.11 + rng.random() ** 0.7 * 0.22)
            _draw_tower(draw, (x, top, x + broad, height), colour, palette, rng, lit=row > 0)
            x += broad * rng.uniform(0.86, 1.25)
        if row < 2:
            haze = apply_curve(resize(Image.linear_gradient("L"), canvas.size), lambda value: value * 0.28)
            canvas.paste(palette.sky[-1], (0, 0), haze)


def _draw_tower(
    draw: ImageDraw.ImageDraw,
    box: tuple[float, float, float, float],
    colour: Colour,
    palette: Palette,
    rng: random.Random,
    *,
    lit: bool,
) -> None:
    left, top, right, bottom = box
    draw.rectangle(box, fill=(*colour, 255))
    draw.rectangle((left, top, left + (right - left) * 0.3, bottom), fill=(*blend(colour, palette.light, 0.1), 255))
    roof = rng.random()
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
            if rng.random() < 0.36:
                x, y = left + gap * (0.9 + column * 1.15), top + gap * (0.8 + row * 1.4)
                draw.rectangle((x, y, x + gap * 0.6, y + gap * 0.7), fill=(255, 224, 150, rng.randint(120, 235)))


# The first pattern that matches the prompt chooses the terrain.
TERRAIN_WORDS = (
    (re.compile(r"cit(y|ies)|street|town|skyscraper|城|街|город|улиц", re.I), draw_city),
    (re.compile(r"\bsea\b|ocean|beach|boat|ship|lake|海|船|湖|мор[еяю]|океан|корабл|озер", re.I), draw_sea),
    (re.compile(r"hill|mountain|forest|valley|山|森林|гор[аы]\b|холм|лес", re.I), draw_hills),
)
