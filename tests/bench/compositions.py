"""Processor time of a 4K edit: `python -m tests.bench.compositions [PHOTO…]`, scaled to 3840 × 2160; else of a scene.

Prints, for each, the seconds of the composition, whether all outside the mask is as it was, and the seconds that marks
are looked for in a copy of 1280 pixels, as a phone sends it.
"""

import sys
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np
from PIL import Image, ImageDraw

from bot.pictures.composition import compose_edit
from bot.pictures.drawn_marks import Marks, find_marks
from tests.unit.pictures.scenery import keep_around, scene

T = TypeVar("T")
SIZE = (3840, 2160)
COPY = (1280, 720)
PAINTED = (1536, 864)  # what a model returns


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """What it returns, and its processor time, seconds."""
    began = time.process_time()
    return work(), time.process_time() - began


def measure(name: str, picture: Image.Image) -> str:
    original, keep = picture.convert("RGB").resize(SIZE), keep_around(SIZE)
    edit = Image.composite(original, Image.new("RGB", SIZE, (180, 40, 40)), keep).resize(PAINTED)
    composed, compose_s = timed(lambda: compose_edit(original.copy(), keep, edit))
    kept = np.asarray(keep) == 255
    is_same = composed is not None and bool((np.asarray(composed)[kept] == np.asarray(original)[kept]).all())
    marked = original.copy()
    ImageDraw.Draw(marked).ellipse((1150, 650, 2300, 1400), outline="red", width=40)
    found, marks_s = timed(lambda: find_marks(original, marked.resize(COPY)))
    is_found = isinstance(found, Marks)
    return f"{name}: composed in {compose_s:.2f} s, same outside: {is_same}; marks {marks_s:.2f} s, found: {is_found}"


if __name__ == "__main__":
    for path in sys.argv[1:]:
        print(measure(path.rpartition("/")[2], Image.open(path)))
    if not sys.argv[1:]:
        print(measure("scene", scene(*SIZE)))
