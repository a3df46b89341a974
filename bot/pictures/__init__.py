"""Picture bytes, none of them trusted: those of members are made fit, those of upstreams are proved.

Nothing here downloads, sends or keeps a picture. All decoding and encoding happens in threads of its own.
"""

import asyncio
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from typing import ParamSpec, TypeVar

from PIL.ImageFile import ImageFile

from bot.errors import AnimatedPicture, BadResult, Refusal
from bot.painting import Abilities, Image
from bot.pictures.decoding import (
    KINDS,
    MEGAPIXELS,
    foreign,
    is_animated,
    is_lossless,
    open_picture,
    prove,
    sniff,
    upright,
)
from bot.pictures.encoding import LONGEST_EDGE, encode, on_white
from bot.pictures.encoding import fit as fit_bytes

__all__ = ["KINDS", "MEGAPIXELS", "fit", "preview", "reference", "result", "sniff"]

LARGE = 24_000_000  # pixels, about 100 MB a copy; of pictures above it one is decoded at a time
PREVIEW_QUALITY = 80

# Two threads with one picture each bound the memory: Pillow takes 4 bytes a pixel, three times over at most.
_THREADS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="pictures")
_ONE_LARGE = threading.Lock()

P = ParamSpec("P")
T = TypeVar("T")


async def reference(data: bytes, *, name: str, abilities: Abilities) -> Image:
    """A member's picture made ready for an upstream: upright, sRGB, without metadata, within its limits.

    `name` is what the member knows it by. Raises NotAPicture, BrokenPicture, AnimatedPicture,
    PictureTooManyPixels, and PictureTooLarge when no encoding comes below `abilities.max_reference_bytes`.
    """
    return await _in_thread(_reference, data, name, abilities)


async def result(data: bytes) -> Image:
    """An upstream's picture, its bytes unchanged, after it was decoded from end to end.

    An animation is decoded up to MEGAPIXELS in all. Raises BadResult.
    """
    return await _in_thread(_result, data)


async def preview(data: bytes, *, edge: int = 512) -> Image:
    """A small JPEG of an upstream's picture, at most `edge` pixels wide and high, on white.

    Raises BadResult.
    """
    return await _in_thread(_preview, data, edge)


async def fit(image: Image, *, max_bytes: int) -> tuple[Image, bool]:
    """The picture in at most `max_bytes`, and whether it had to change: as it is, else as JPEG (WebP where
    something shows through) of falling quality, else smaller and smaller.

    Raises BadResult when it cannot be decoded, or no size of it is small enough.
    """
    if len(image.data) <= max_bytes:
        return image, False
    return await _in_thread(_fit, image.data, max_bytes), True


async def _in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    return await asyncio.get_running_loop().run_in_executor(_THREADS, lambda: work(*args, **kwargs))


def _reference(data: bytes, name: str, abilities: Abilities) -> Image:
    with open_picture(data, name) as picture, foreign(name), _room(picture):
        if is_animated(picture):
            raise AnimatedPicture(name=name)
        image = upright(picture, min(abilities.max_reference_edge, LONGEST_EDGE))
        lossless = is_lossless(picture)
    return fit_bytes(
        image, name, types=abilities.reference_types, limit=abilities.max_reference_bytes, lossless=lossless
    )


def _result(data: bytes) -> Image:
    with _from_upstream(), open_picture(data, "") as picture, foreign(""), _room(picture):
        width, height = prove(picture)
    return Image(data=data, media_type=sniff(data) or "", width=width, height=height)


def _preview(data: bytes, edge: int) -> Image:
    with _from_upstream(), open_picture(data, "") as picture, foreign(""), _room(picture):
        image = upright(picture, edge)
    return encode(on_white(image), "image/jpeg", PREVIEW_QUALITY)


def _fit(data: bytes, max_bytes: int) -> Image:
    with _from_upstream():
        with open_picture(data, "") as picture, foreign(""), _room(picture):
            image = upright(picture, LONGEST_EDGE)
        return fit_bytes(image, "", types=("image/jpeg", "image/webp"), limit=max_bytes, lossless=False)


@contextmanager
def _from_upstream() -> Generator[None]:
    """What would be a refusal of a member's picture is a failure of an upstream's."""
    try:
        yield
    except Refusal as refusal:
        raise BadResult(detail=f"{type(refusal).__name__}: {refusal.detail}") from refusal


@contextmanager
def _room(picture: ImageFile) -> Generator[None]:
    """Waits, in a worker thread, until there is memory for a picture of this size."""
    width, height = picture.size
    with _ONE_LARGE if width * height > LARGE else nullcontext():
        yield
