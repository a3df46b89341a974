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
    decode_upright,
    fit_within,
    is_animated,
    is_lossless,
    is_upright_srgb_jpeg,
    open_image,
    resize,
    sniff_media_type,
    translated_decoder_errors,
    verify_image,
)
from bot.pictures.encoding import MAX_EDGE_PX, encode_image, flatten_on_white
from bot.pictures.encoding import encode_to_limit as fit_bytes
from bot.pictures.masks import encode_mask, has_aspect_ratio_of, has_transparency

LARGE_PIXELS = 24_000_000  # pixels, about 100 MB a copy; of pictures above it one is decoded at a time
PREVIEW_QUALITY = 80

# Two threads with one picture each bound the memory: Pillow takes 4 bytes a pixel, three times over at most.
_EXECUTOR = ThreadPoolExecutor(max_workers=2, thread_name_prefix="pictures")
_LARGE_IMAGE_LOCK = threading.Lock()

P = ParamSpec("P")
T = TypeVar("T")


async def prepare_reference(data: bytes, *, name: str, capabilities: Capabilities) -> Image:
    """A member's picture made ready for an upstream: upright, sRGB, without metadata, within its limits. The pixels of
    a JPEG that is all but the metadata already stay as they are.

    `name` is what the member knows it by. Raises NotAPicture, BrokenPicture, AnimatedPicture,
    PictureTooManyPixels, and PictureTooLarge when no encoding comes below `capabilities.max_reference_bytes`.
    """
    return await _run_in_thread(_prepare_reference, data, name, capabilities)


async def prepare_masked_reference(
    data: bytes, mask: bytes, *, name: str, mask_name: str, capabilities: Capabilities
) -> tuple[Image, Image]:
    """A member's picture as a PNG, made ready as by `reference`, and the mask for it: a PNG of the same size, alpha
    0 where it is to change and 255 elsewhere.

    Raises as `reference` does; MaskNotTransparent, MaskOfOtherSize, MaskTooLarge.
    """
    return await _run_in_thread(_prepare_masked_reference, data, mask, name, mask_name, capabilities)


async def prepare_transparent_reference(
    data: bytes, name: str, capabilities: Capabilities
) -> tuple[Image, Image] | None:
    """A member's PNG and its own transparent part as the mask; None when it is no PNG, or opaque.

    Raises as `reference` does; MaskTooLarge.
    """
    if sniff_media_type(data) != "image/png":
        return None
    return await _run_in_thread(_prepare_transparent_reference, data, name, capabilities)


async def validate_result(data: bytes) -> Image:
    """An upstream's picture, its bytes unchanged, after it was looked at from end to end.

    An animation is decoded up to MEGAPIXELS in all. Raises BadResult.
    """
    return await _run_in_thread(_validate_result, data)


async def prepare_preview(data: bytes, *, edge: int = 512) -> Image:
    """A small JPEG of an upstream's picture, at most `edge` pixels wide and high, on white.

    Raises BadResult.
    """
    return await _run_in_thread(_prepare_preview, data, edge)


async def fit_to_limit(image: Image, *, max_bytes: int) -> tuple[Image, bool]:
    """The picture in at most `max_bytes`, and whether it had to change: as it is, else as JPEG (WebP where
    something shows through) of falling quality, else smaller and smaller.

    Raises BadResult when it cannot be decoded, or no size of it is small enough.
    """
    if len(image.data) <= max_bytes:
        return image, False
    return await _run_in_thread(_fit_to_limit, image.data, max_bytes), True


async def _run_in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    return await asyncio.get_running_loop().run_in_executor(_EXECUTOR, lambda: work(*args, **kwargs))


def _prepare_reference(data: bytes, name: str, capabilities: Capabilities) -> Image:
    with open_image(data, name) as picture, translated_decoder_errors(name), _reserve_memory(picture):
        if is_animated(picture):
            raise AnimatedPicture(name=name)
        edge = min(capabilities.max_reference_edge, MAX_EDGE_PX)
        if "image/jpeg" in capabilities.reference_types and is_upright_srgb_jpeg(picture, edge):
            kept = jpeg.strip_metadata(data)
            if kept is not None and len(kept.data) <= capabilities.max_reference_bytes:
                with open_image(kept.sample, name) as sample:
                    width, height = verify_image(sample, kept.sample)
                return Image(data=kept.data, media_type="image/jpeg", width=width, height=height)
        image = decode_upright(picture, edge)
        lossless = is_lossless(picture)
    return fit_bytes(
        image, name, types=capabilities.reference_types, limit=capabilities.max_reference_bytes, lossless=lossless
    )


def _prepare_masked_reference(
    data: bytes, mask: bytes, name: str, mask_name: str, capabilities: Capabilities
) -> tuple[Image, Image]:
    if sniff_media_type(mask) != "image/png":
        raise MaskNotTransparent(name=mask_name)
    drawn = _decode_still(mask, mask_name, MAX_EDGE_PX)
    if not has_transparency(drawn):
        raise MaskNotTransparent(name=mask_name)
    image = _decode_still(data, name, MAX_EDGE_PX)
    if not has_aspect_ratio_of(drawn, image):
        raise MaskOfOtherSize(mask=f"{drawn.width}×{drawn.height}", picture=f"{image.width}×{image.height}")
    return _encode_with_mask(image, drawn, name, capabilities)


def _prepare_transparent_reference(data: bytes, name: str, capabilities: Capabilities) -> tuple[Image, Image] | None:
    image = _decode_still(data, name, min(capabilities.max_reference_edge, MAX_EDGE_PX))
    return _encode_with_mask(image, image, name, capabilities) if has_transparency(image) else None


def _decode_still(data: bytes, name: str, edge: int) -> Pillow.Image:
    with open_image(data, name) as picture, translated_decoder_errors(name), _reserve_memory(picture):
        if is_animated(picture):
            raise AnimatedPicture(name=name)
        return decode_upright(picture, edge)


def _encode_with_mask(
    image: Pillow.Image, drawn: Pillow.Image, name: str, capabilities: Capabilities
) -> tuple[Image, Image]:
    image = resize(image, fit_within(image.size, min(capabilities.max_reference_edge, MAX_EDGE_PX)))
    ready = fit_bytes(image, name, types=("image/png",), limit=capabilities.max_reference_bytes, lossless=True)
    mask = encode_mask(drawn, (ready.width, ready.height))
    if len(mask.data) > capabilities.max_mask_bytes:
        raise MaskTooLarge(limit=f"{capabilities.max_mask_bytes / 1_000_000:.3g} MB")
    return ready, mask


def _validate_result(data: bytes) -> Image:
    with (
        _refusals_as_bad_result(),
        open_image(data, "") as picture,
        translated_decoder_errors(""),
        _reserve_memory(picture),
    ):
        width, height = verify_image(picture, data)
    return Image(data=data, media_type=sniff_media_type(data) or "", width=width, height=height)


def _prepare_preview(data: bytes, edge: int) -> Image:
    with (
        _refusals_as_bad_result(),
        open_image(data, "") as picture,
        translated_decoder_errors(""),
        _reserve_memory(picture),
    ):
        image = decode_upright(picture, edge)
    return encode_image(flatten_on_white(image), "image/jpeg", PREVIEW_QUALITY)


def _fit_to_limit(data: bytes, max_bytes: int) -> Image:
    with _refusals_as_bad_result():
        with open_image(data, "") as picture, translated_decoder_errors(""), _reserve_memory(picture):
            image = decode_upright(picture, MAX_EDGE_PX)
        return fit_bytes(image, "", types=("image/jpeg", "image/webp"), limit=max_bytes, lossless=False)


@contextmanager
def _refusals_as_bad_result() -> Generator[None]:
    """What would be a refusal of a member's picture is a failure of an upstream's."""
    try:
        yield
    except Refusal as refusal:
        raise BadResult(detail=f"{type(refusal).__name__}: {refusal.detail}") from refusal


@contextmanager
def _reserve_memory(picture: ImageFile) -> Generator[None]:
    """Waits, in a worker thread, until there is memory for a picture of this size."""
    width, height = picture.size
    with _LARGE_IMAGE_LOCK if width * height > LARGE_PIXELS else nullcontext():
        yield
