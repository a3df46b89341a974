"""Picture bytes, none of them trusted: those of members are made fit, those of upstreams are proved.

Nothing here downloads, sends or keeps a picture. All decoding and encoding happens in threads of its own.
"""

import asyncio
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from typing import ParamSpec, TypeVar

from PIL import Image as Pillow
from PIL.ImageFile import ImageFile

from bot.errors import AnimatedPicture, BadResult, MaskNotTransparent, MaskOfOtherSize, MaskTooLarge, Refusal
from bot.painting import Capabilities, Image
from bot.pictures import jpeg
from bot.pictures.decoding import (
    KINDS,
    MEGAPIXELS,
    foreign,
    is_animated,
    is_lossless,
    is_plain,
    open_picture,
    prove,
    resized,
    sniff,
    upright,
    within,
)
from bot.pictures.encoding import LONGEST_EDGE, encode, on_white
from bot.pictures.encoding import fit as fit_bytes
from bot.pictures.masks import as_mask, has_shape_of, is_mask

__all__ = ["KINDS", "MEGAPIXELS", "cut_out", "fit", "masked", "preview", "reference", "result", "sniff"]

LARGE = 24_000_000  # pixels, about 100 MB a copy; of pictures above it one is decoded at a time
PREVIEW_QUALITY = 80

# Two threads with one picture each bound the memory: Pillow takes 4 bytes a pixel, three times over at most.
_THREADS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="pictures")
_ONE_LARGE = threading.Lock()

P = ParamSpec("P")
T = TypeVar("T")


async def reference(data: bytes, *, name: str, capabilities: Capabilities) -> Image:
    """A member's picture made ready for an upstream: upright, sRGB, without metadata, within its limits. The pixels of
    a JPEG that is all but the metadata already stay as they are.

    `name` is what the member knows it by. Raises NotAPicture, BrokenPicture, AnimatedPicture,
    PictureTooManyPixels, and PictureTooLarge when no encoding comes below `capabilities.max_reference_bytes`.
    """
    return await _in_thread(_reference, data, name, capabilities)


async def masked(
    data: bytes, mask: bytes, *, name: str, mask_name: str, capabilities: Capabilities
) -> tuple[Image, Image]:
    """A member's picture as a PNG, made ready as by `reference`, and the mask for it: a PNG of the same size, alpha
    0 where it is to change and 255 elsewhere.

    Raises as `reference` does; MaskNotTransparent, MaskOfOtherSize, MaskTooLarge.
    """
    return await _in_thread(_masked, data, mask, name, mask_name, capabilities)


async def cut_out(data: bytes, name: str, capabilities: Capabilities) -> tuple[Image, Image] | None:
    """A member's PNG and its own transparent part as the mask; None when it is no PNG, or opaque.

    Raises as `reference` does; MaskTooLarge.
    """
    if sniff(data) != "image/png":
        return None
    return await _in_thread(_cut_out, data, name, capabilities)


async def result(data: bytes) -> Image:
    """An upstream's picture, its bytes unchanged, after it was looked at from end to end.

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


def _reference(data: bytes, name: str, capabilities: Capabilities) -> Image:
    with open_picture(data, name) as picture, foreign(name), _room(picture):
        if is_animated(picture):
            raise AnimatedPicture(name=name)
        edge = min(capabilities.max_reference_edge, LONGEST_EDGE)
        if "image/jpeg" in capabilities.reference_types and is_plain(picture, edge):
            kept = jpeg.bare(data)
            if kept is not None and len(kept.data) <= capabilities.max_reference_bytes:
                with open_picture(kept.sample, name) as sample:
                    width, height = prove(sample, kept.sample)
                return Image(data=kept.data, media_type="image/jpeg", width=width, height=height)
        image = upright(picture, edge)
        lossless = is_lossless(picture)
    return fit_bytes(
        image, name, types=capabilities.reference_types, limit=capabilities.max_reference_bytes, lossless=lossless
    )


def _masked(data: bytes, mask: bytes, name: str, mask_name: str, capabilities: Capabilities) -> tuple[Image, Image]:
    if sniff(mask) != "image/png":
        raise MaskNotTransparent(name=mask_name)
    drawn = _pixels(mask, mask_name, LONGEST_EDGE)
    if not is_mask(drawn):
        raise MaskNotTransparent(name=mask_name)
    image = _pixels(data, name, LONGEST_EDGE)
    if not has_shape_of(drawn, image):
        raise MaskOfOtherSize(mask=f"{drawn.width}×{drawn.height}", picture=f"{image.width}×{image.height}")
    return _pair(image, drawn, name, capabilities)


def _cut_out(data: bytes, name: str, capabilities: Capabilities) -> tuple[Image, Image] | None:
    image = _pixels(data, name, min(capabilities.max_reference_edge, LONGEST_EDGE))
    return _pair(image, image, name, capabilities) if is_mask(image) else None


def _pixels(data: bytes, name: str, edge: int) -> Pillow.Image:
    with open_picture(data, name) as picture, foreign(name), _room(picture):
        if is_animated(picture):
            raise AnimatedPicture(name=name)
        return upright(picture, edge)


def _pair(image: Pillow.Image, drawn: Pillow.Image, name: str, capabilities: Capabilities) -> tuple[Image, Image]:
    image = resized(image, within(image.size, min(capabilities.max_reference_edge, LONGEST_EDGE)))
    ready = fit_bytes(image, name, types=("image/png",), limit=capabilities.max_reference_bytes, lossless=True)
    mask = as_mask(drawn, (ready.width, ready.height))
    if len(mask.data) > capabilities.max_mask_bytes:
        raise MaskTooLarge(limit=f"{capabilities.max_mask_bytes / 1_000_000:.3g} MB")
    return ready, mask


def _result(data: bytes) -> Image:
    with _from_upstream(), open_picture(data, "") as picture, foreign(""), _room(picture):
        width, height = prove(picture, data)
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
