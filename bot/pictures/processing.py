"""Makes users' images ready for upstreams, and checks upstreams' images: untrusted bytes in, checked images out.

Nothing here downloads, sends or stores an image. All decoding and encoding runs in threads of its own.
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
from bot.pictures.encoding import MAX_EDGE_PX, encode_image, encode_to_limit, flatten_on_white
from bot.pictures.masks import encode_mask, has_aspect_ratio_of, has_transparency

LARGE_PIXELS = 24_000_000  # pixels, about 100 MB a copy; larger images are decoded one at a time
PREVIEW_QUALITY = 80  # of a JPEG, 1 to 100

# Two threads with one image each bound the memory: Pillow takes 4 bytes a pixel, three times over at most.
_EXECUTOR = ThreadPoolExecutor(max_workers=2, thread_name_prefix="pictures")
_LARGE_IMAGE_LOCK = threading.Lock()

P = ParamSpec("P")
T = TypeVar("T")


async def prepare_reference(data: bytes, *, name: str, capabilities: Capabilities) -> Image:
    """A user's image made ready for an upstream: upright, sRGB, without metadata, within its limits.

    The pixels of a JPEG that needs no more than its metadata stripped stay unchanged. `name`: the file's name as the
    user knows it, for errors.

    Raises NotAPicture, BrokenPicture, AnimatedPicture, PictureTooManyPixels, and PictureTooLarge when no encoding has
    at most `capabilities.max_reference_bytes`.
    """
    return await _run_in_thread(_prepare_reference, data, name, capabilities)


async def prepare_masked_reference(
    data: bytes, mask: bytes, *, name: str, mask_name: str, capabilities: Capabilities
) -> tuple[Image, Image]:
    """A user's image as a PNG, made ready as by `prepare_reference`, and its mask: a PNG of the same size, alpha 0
    where the image is to change and 255 elsewhere.

    Raises as `prepare_reference` does; MaskNotTransparent, MaskOfOtherSize, MaskTooLarge.
    """
    return await _run_in_thread(_prepare_masked_reference, data, mask, name, mask_name, capabilities)


async def prepare_transparent_reference(
    data: bytes, name: str, capabilities: Capabilities
) -> tuple[Image, Image] | None:
    """A user's PNG and, as its mask, its own transparent part; None when it is no PNG, or opaque.

    Raises as `prepare_reference` does; MaskTooLarge.
    """
    if sniff_media_type(data) != "image/png":
        return None
    return await _run_in_thread(_prepare_transparent_reference, data, name, capabilities)


async def validate_result(data: bytes) -> Image:
    """An upstream's image, its bytes unchanged, after a check that it is complete.

    An animation is decoded up to MAX_MEGAPIXELS in all. Raises BadResult.
    """
    return await _run_in_thread(_validate_result, data)


async def prepare_preview(data: bytes, *, edge: int = 512) -> Image:
    """A small JPEG of an upstream's image on white, neither side above `edge` pixels.

    Raises BadResult.
    """
    return await _run_in_thread(_prepare_preview, data, edge)


async def fit_to_limit(image: Image, *, max_bytes: int) -> tuple[Image, bool]:
    """The image in at most `max_bytes` bytes, and whether it was changed.

    Unchanged where it fits; else as JPEG (WebP if it has transparency) of falling quality, then of falling size.
    Raises BadResult when it cannot be decoded, or no size is small enough.
    """
    if len(image.data) <= max_bytes:
        return image, False
    return await _run_in_thread(_fit_to_limit, image.data, max_bytes), True


async def _run_in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Runs blocking image work in one of the threads for it."""
    return await asyncio.get_running_loop().run_in_executor(_EXECUTOR, lambda: work(*args, **kwargs))


def _prepare_reference(data: bytes, name: str, capabilities: Capabilities) -> Image:
    with open_image(data, name) as picture, translated_decoder_errors(name), _reserve_memory(picture):
        if is_animated(picture):
            raise AnimatedPicture(name=name)
        edge = min(capabilities.max_reference_edge, MAX_EDGE_PX)
        if "image/jpeg" in capabilities.reference_types and is_upright_srgb_jpeg(picture, edge):
            stripped = jpeg.strip_metadata(data)
            if stripped is not None and len(stripped.data) <= capabilities.max_reference_bytes:
                with open_image(stripped.sample, name) as sample:
                    width, height = verify_image(sample, stripped.sample)
                return Image(data=stripped.data, media_type="image/jpeg", width=width, height=height)
        image = decode_upright(picture, edge)
        lossless = is_lossless(picture)
    return encode_to_limit(
        image, name, types=capabilities.reference_types, limit=capabilities.max_reference_bytes, lossless=lossless
    )


def _prepare_masked_reference(
    data: bytes, mask: bytes, name: str, mask_name: str, capabilities: Capabilities
) -> tuple[Image, Image]:
    if sniff_media_type(mask) != "image/png":
        raise MaskNotTransparent(name=mask_name)
    mask_image = _decode_still(mask, mask_name, MAX_EDGE_PX)
    if not has_transparency(mask_image):
        raise MaskNotTransparent(name=mask_name)
    image = _decode_still(data, name, MAX_EDGE_PX)
    if not has_aspect_ratio_of(mask_image, image):
        raise MaskOfOtherSize(mask=f"{mask_image.width}×{mask_image.height}", picture=f"{image.width}×{image.height}")
    return _encode_with_mask(image, mask_image, name, capabilities)


def _prepare_transparent_reference(data: bytes, name: str, capabilities: Capabilities) -> tuple[Image, Image] | None:
    image = _decode_still(data, name, min(capabilities.max_reference_edge, MAX_EDGE_PX))
    return _encode_with_mask(image, image, name, capabilities) if has_transparency(image) else None


def _decode_still(data: bytes, name: str, edge: int) -> Pillow.Image:
    """Decodes an image upright, neither side above `edge` pixels. Raises AnimatedPicture."""
    with open_image(data, name) as picture, translated_decoder_errors(name), _reserve_memory(picture):
        if is_animated(picture):
            raise AnimatedPicture(name=name)
        return decode_upright(picture, edge)


def _encode_with_mask(
    image: Pillow.Image, mask_image: Pillow.Image, name: str, capabilities: Capabilities
) -> tuple[Image, Image]:
    """Encodes an image within the limits, and its mask at the size it came to. Raises MaskTooLarge."""
    image = resize(image, fit_within(image.size, min(capabilities.max_reference_edge, MAX_EDGE_PX)))
    ready = encode_to_limit(image, name, types=("image/png",), limit=capabilities.max_reference_bytes, lossless=True)
    mask = encode_mask(mask_image, (ready.width, ready.height))
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
        return encode_to_limit(image, "", types=("image/jpeg", "image/webp"), limit=max_bytes, lossless=False)


@contextmanager
def _refusals_as_bad_result() -> Generator[None]:
    """Raises a refusal as BadResult: what refuses a user's image is a failure of the upstream."""
    try:
        yield
    except Refusal as refusal:
        raise BadResult(detail=f"{type(refusal).__name__}: {refusal.detail}") from refusal


@contextmanager
def _reserve_memory(picture: ImageFile) -> Generator[None]:
    """Waits, in a worker thread, until no other large image is decoded, if this one is above LARGE_PIXELS."""
    width, height = picture.size
    with _LARGE_IMAGE_LOCK if width * height > LARGE_PIXELS else nullcontext():
        yield
