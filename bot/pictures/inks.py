"""The ink of pens: few colors, laid over a picture, mixed with it, or fading into it.

Pure: lists of pixels (floats of 0 to 255, three to each) before and after, in the same order.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bot.pictures.morphology import Mask

MAX_SLOPE = 0.75  # of the picture's contrast that is left under a mark; above, nothing was laid over it
INK_DISTANCE = 12.0  # of 255, from the color of a pen: recompression leaves less within a stroke
THIN_INK_DISTANCE = 30.0  # the same of strokes that have no pixels within
INK_COLORS = 4  # of pens, which may cross each other
MIN_INK_SHARE = 0.03  # of all marks, which the color of a pen has

Floats = npt.NDArray[np.float32]


def find_inks(after: Floats, is_thin: Mask) -> tuple[Mask, Sequence[Floats]]:
    """Of each pixel, whether it has one of the colors that most have (of thin strokes, more or less); and these."""
    found = np.zeros(len(after), dtype=bool)
    inks: list[Floats] = []
    distance = np.where(is_thin, THIN_INK_DISTANCE, INK_DISTANCE)
    for _ in range(INK_COLORS):
        left = after[~found]
        if len(left) < MIN_INK_SHARE * len(after):
            break
        bins = (left // INK_DISTANCE).astype(np.int64) @ np.array([1, 64, 4096])
        _, at, counts = np.unique(bins, return_inverse=True, return_counts=True)
        color = left[at == int(counts.argmax())].mean(axis=0)
        color = left[np.abs(left - color).max(axis=1) <= INK_DISTANCE].mean(axis=0)
        found |= np.abs(after - color).max(axis=1) <= distance
        inks.append(color)
    return found, inks


def is_mixed_with_one_color(before: Floats, after: Floats, numbers: npt.NDArray[np.int64]) -> Mask:
    """Of each pixel, whether it is as far between the picture and one color as the others of its region: a marker."""
    count = np.maximum(np.bincount(numbers), 1)
    error = np.zeros(numbers.shape, dtype=np.float64)
    for color in range(3):
        one, other = before[:, color].astype(np.float64), after[:, color].astype(np.float64)
        one = one - (np.bincount(numbers, one) / count)[numbers]
        other = other - (np.bincount(numbers, other) / count)[numbers]
        variance = np.bincount(numbers, one * one) / count
        slope = np.clip(np.bincount(numbers, one * other) / count / np.maximum(variance, 1e-6), 0, MAX_SLOPE)
        error = np.maximum(error, np.abs(other - slope[numbers] * one))
    return error <= INK_DISTANCE


def is_between(before: Floats, after: Floats, inks: Sequence[Floats]) -> Mask:
    """Of each pixel, whether it is anywhere between the picture and an ink, or between two inks: soft and glowing."""
    found = np.zeros(len(after), dtype=bool)
    for number, ink in enumerate(inks):
        for other in (before, *inks[:number]):
            way = ink - other
            length = np.maximum((way * way).sum(axis=-1), 1)
            share = np.clip(((after - other) * way).sum(axis=-1) / length, 0, 1)
            found |= np.abs(after - other - share[:, None] * way).max(axis=1) <= INK_DISTANCE
    return found
