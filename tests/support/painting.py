"""The sandbox's painter for tests: each picture is painted once in a process, small, and enlarged to its size.

A tenth of the processor time of all tests went into painting. The painter itself is tested as it is.
"""

import io
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cachetools import FIFOCache, cached
from PIL import Image

from bot.sandbox.painting import encoding
from bot.sandbox.painting.painter import AbandonedError, paint
from bot.sandbox.painting.picture_spec import PictureSpec
from bot.sandbox.painting.pillow_types import resize

SHRUNK = 8  # times smaller in each direction, at most: 25 ms for a picture of one megapixel, instead of 230
EDGE_PX = 64  # of the shorter side: on less the painter has no room for its label
PICTURES = 200  # remembered by each process that runs tests

_painted: FIFOCache[PictureSpec, bytes] = FIFOCache(PICTURES)
_lock = threading.Lock()  # the sandbox paints in several threads

encode_remembered = cached(FIFOCache[Any, bytes](PICTURES), lock=threading.Lock())(encoding.encode_picture)
"""In the place of `encoding.encode_picture`."""


def paint_enlarged(spec: PictureSpec, is_abandoned: Callable[[], bool] = lambda: False) -> bytes:
    """In the place of `painter.paint`: same spec, same picture; another spec, another picture. A PNG of its size."""
    if is_abandoned():
        raise AbandonedError
    with _lock:
        known = _painted.get(spec)
    if known is not None:
        return known
    png = _paint(spec, is_abandoned)
    with _lock:
        _painted[spec] = png
    return png


def _paint(spec: PictureSpec, is_abandoned: Callable[[], bool]) -> bytes:
    size = spec.width, spec.height
    shrunk = min(SHRUNK, min(size) // EDGE_PX)
    if shrunk <= 1:
        return paint(spec, is_abandoned)
    small = replace(spec, width=spec.width // shrunk, height=spec.height // shrunk)
    out = io.BytesIO()
    with Image.open(io.BytesIO(paint(small, is_abandoned)), formats=("PNG",)) as image:
        resize(image, size, Image.Resampling.NEAREST).save(out, "PNG", compress_level=1)
    return out.getvalue()
