"""Puts the original back outside the mask of an edit: models only lean towards a mask, and nothing else is to move.

Blocking; called in worker threads and processes only. Every pixel that the mask keeps comes out as it was; the edit
fades in within the mask, in colours that meet the original's at the seam.
"""

from math import ceil, floor

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow
from PIL import ImageChops, ImageFilter

from bot.pictures.alignment import Placement, find_placement, transform
from bot.pictures.masks import same_aspect_ratio

STRIP_PIXELS = 4_000_000  # pixels that are composed at a time
FEATHER_SHARE = 0.012  # of the longest side, over which the edit fades in
COARSE_FEATHER_PX = 6  # pixels; a wider feather is computed at a smaller scale
THIN_SHARE = 0.6  # of the mask that the edit must still cover; below, a stroke is thin for its feather
SMALL_EDGE_PX = 256  # pixels, longest side, at which colours are compared
SEAM_SHARE = 0.04  # of the longest side: how far from the mask the colours at its seam are compared
REACH_SHARE = 0.08  # of the longest side: how far into the edit they are corrected
MAX_CORRECTION = 48.0  # of 255; a greater difference is no tint of the model's
FULL_WEIGHT = 0.05  # of a Gaussian's; from it on the colours at the seam count wholly

_UPPER_HALF = [max(0, 2 * level - 255) for level in range(256)]  # what is blurred reaches as far out as in

Floats = npt.NDArray[np.floating]


def compose_edit(original: Pillow.Image, keep: Pillow.Image, edited: Pillow.Image) -> Pillow.Image | None:
    """The edit within the original, in its size. `keep` (L, the original's size): 255 where the original stays, 0 where
    it is to change. None: the edited picture shows another frame, or nothing of what should stay.

    `original` is worked on in place.
    """
    if not same_aspect_ratio(original.size, edited.size):
        return None
    small = _small_size(original.size)
    placement = find_placement(original.convert("L"), edited.convert("L"), keep)
    if placement is None:
        return None
    correction = _seam_correction(original, keep, edited, placement, small)
    fade = ImageChops.darker(_fade(keep), _coverage(placement, original.size))
    if (changed := fade.getbbox()) is None:
        return original
    left, first, right, last = changed
    rows = max(1, STRIP_PIXELS // (right - left))
    for top in range(first, last, rows):
        box = (left, top, right, min(top + rows, last))
        strip = _strip_of(edited, placement, original.size, box)
        alpha = strip.getchannel("A") if strip.mode == "RGBA" else None
        strip = ImageChops.add(strip.convert("RGB"), _scaled_strip(correction, original.size, box), 1.0, -128)
        before = original.crop(box)
        if before.mode == "RGBA":
            strip.putalpha(alpha or Pillow.new("L", strip.size, 255))
        original.paste(Pillow.composite(strip, before, fade.crop(box)), box)
    return original


def _fade(keep: Pillow.Image) -> Pillow.Image:
    """How much of the edit is seen: 0 wherever the original stays, rising to 255 within the mask."""
    inside = ImageChops.invert(keep)
    covered = sum(inside.histogram()[128:])
    feather = FEATHER_SHARE * max(keep.size)
    while feather >= 1:
        coarseness = max(1, int(feather / COARSE_FEATHER_PX))
        soft = inside.reduce(coarseness).filter(ImageFilter.GaussianBlur(feather / coarseness))
        soft = soft.point(_UPPER_HALF).resize(keep.size, Pillow.Resampling.BILINEAR)
        fade = ImageChops.darker(soft, inside)
        if sum(fade.histogram()[128:]) >= THIN_SHARE * covered:
            return fade
        feather /= 2
    return inside


def _seam_correction(
    original: Pillow.Image, keep: Pillow.Image, edited: Pillow.Image, placement: Placement, small: tuple[int, int]
) -> Pillow.Image:
    """What is to be added to the edit's colours, plus 128, at `small` size: the difference in what is kept around the
    mask, fading into it. A model that paints all a little darker leaves no edge so."""
    before, kept = original.resize(small, Pillow.Resampling.BOX), keep.resize(small, Pillow.Resampling.BOX)
    after = transform(edited.resize(small, Pillow.Resampling.BOX).convert("RGB"), placement.transform(small))
    covered = np.asarray(_coverage(placement, small), dtype=np.float32) / 255
    stays = (np.asarray(kept, dtype=np.float32) >= 255).astype(np.float32) * covered
    if before.mode == "RGBA":
        stays *= np.asarray(before.getchannel("A"), dtype=np.float32) >= 255
    edge = max(small)
    near = _blur(1 - stays, SEAM_SHARE * edge / 2) > FULL_WEIGHT
    ring = stays * near
    difference = np.asarray(before.convert("RGB"), dtype=np.float32) - np.asarray(after, dtype=np.float32)
    ring = ring * (np.abs(difference).max(axis=2) <= MAX_CORRECTION)  # beyond, something else is shown there
    weight = _blur(ring, REACH_SHARE * edge / 2)
    channels = [_blur(difference[:, :, each] * ring, REACH_SHARE * edge / 2) for each in range(3)]
    share = np.minimum(1.0, weight / FULL_WEIGHT)
    field = np.stack([each / np.maximum(weight, 1e-6) * share for each in channels], axis=2)
    return Pillow.fromarray(np.clip(np.rint(field) + 128, 0, 255).astype(np.uint8), "RGB")


def _blur(values: Floats, sigma: float) -> Floats:
    """A Gaussian blur that ends at the borders, by both axes after each other."""
    radius = max(1, round(3 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / max(sigma, 0.3)) ** 2)
    kernel /= kernel.sum()
    for _ in range(2):  # down, and across
        lines: list[Floats] = [np.convolve(line, kernel)[radius : radius + line.size] for line in values.T]
        values = np.stack(lines)
    return values


def _coverage(placement: Placement, size: tuple[int, int]) -> Pillow.Image:
    """255 where the edited picture in its placement reaches, 0 beyond it."""
    zoom, _, across, _, _, down = placement.transform(size)
    left, top = ceil(-across / zoom), ceil(-down / zoom)
    right, bottom = floor((size[0] - across) / zoom), floor((size[1] - down) / zoom)
    coverage = Pillow.new("L", size)
    coverage.paste(255, (max(0, left), max(0, top), min(size[0], right), min(size[1], bottom)))
    return coverage


def _strip_of(
    edited: Pillow.Image, placement: Placement, size: tuple[int, int], box: tuple[int, int, int, int]
) -> Pillow.Image:
    """A strip of the edited picture in its placement, scaled to the original's `size`."""
    zoom, _, across, _, _, down = placement.transform(size)
    by_x, by_y = edited.width / size[0], edited.height / size[1]
    if placement.is_identity and edited.size == size:
        return edited.crop(box)
    left, top = (across + zoom * box[0]) * by_x, (down + zoom * box[1]) * by_y
    coefficients = (zoom * by_x, 0.0, left, 0.0, zoom * by_y, top)
    return transform(edited, coefficients, (box[2] - box[0], box[3] - box[1]))


def _scaled_strip(small: Pillow.Image, size: tuple[int, int], box: tuple[int, int, int, int]) -> Pillow.Image:
    scale_x, scale_y = small.width / size[0], small.height / size[1]
    part = (box[0] * scale_x, box[1] * scale_y, box[2] * scale_x, box[3] * scale_y)
    return small.resize((box[2] - box[0], box[3] - box[1]), Pillow.Resampling.BILINEAR, part)


def _small_size(size: tuple[int, int]) -> tuple[int, int]:
    scale = min(1.0, SMALL_EDGE_PX / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
