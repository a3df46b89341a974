"""Scenes that look like photographs to a computer: clouds of all scales, and shapes with edges; and edits of them."""

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFilter

from bot.pictures.alignment import Placement, transform

HOLE = (0.3, 0.35, 0.62, 0.7)  # of both sides: the box of what is to change


def scene(width: int = 320, height: int = 240, *, seed: int = 1) -> Pillow.Image:
    """RGB; its spectrum falls as that of photographs does, by the frequency."""
    random = np.random.default_rng(seed)
    down, across = np.meshgrid(np.fft.fftfreq(height), np.fft.rfftfreq(width), indexing="ij")
    falling = 1 / np.maximum(np.hypot(down, across), 1 / max(width, height))
    channels = [
        np.fft.irfft2(np.fft.rfft2(random.normal(size=(height, width))) * falling, s=(height, width)) for _ in range(3)
    ]
    shared = sum(channels)
    levels = [128 + 45 * (each / 3 + shared / 3) / np.std(shared) for each in channels]
    image = Pillow.fromarray(np.clip(np.stack(levels, axis=2), 0, 255).astype(np.uint8), "RGB")
    draw = ImageDraw.Draw(image)
    for _ in range(12):
        x, y, side = random.uniform(0, width), random.uniform(0, height), random.uniform(8, width / 6)
        color = (int(random.integers(256)), int(random.integers(256)), int(random.integers(256)))
        draw.ellipse((x, y, x + side, y + side * 0.7), fill=color)
    return image


def keep_around(size: tuple[int, int], hole: tuple[float, float, float, float] = HOLE) -> Pillow.Image:
    """What stays (L): all but an ellipse."""
    keep = Pillow.new("L", size, 255)
    ImageDraw.Draw(keep).ellipse(_box(size, hole), fill=0)
    return keep


def repainted(
    image: Pillow.Image,
    placement: Placement | None = None,
    *,
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0),
    color: str = "crimson",
) -> Pillow.Image:
    """As a model paints it: softer, noisy, tinted, with something new in the hole, and moved."""
    soft = np.asarray(image.convert("RGB").filter(ImageFilter.GaussianBlur(0.8)), dtype=float)
    noise = np.random.default_rng(7).normal(scale=4, size=soft.shape)
    painted = Pillow.fromarray(np.clip(soft * np.array(tint) + noise, 0, 255).astype(np.uint8), "RGB")
    left, top, right, bottom = _box(image.size, HOLE)
    inset = (right - left) / 5
    ImageDraw.Draw(painted).ellipse((left + inset, top + inset, right - inset, bottom - inset), fill=color)
    return painted if placement is None else transform(painted, placement.transform(painted.size))


def _box(size: tuple[int, int], shares: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    return (size[0] * shares[0], size[1] * shares[1], size[0] * shares[2], size[1] * shares[3])
