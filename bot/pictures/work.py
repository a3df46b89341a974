"""Image work as plain functions: untrusted bytes and their headers in, checked images out.

Blocking; run in worker threads, or in a worker process. What may be worked on at all is decided before, by its price.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pickle import PickleBuffer
from typing import Any

from PIL import Image as Pillow

from bot.errors import (
    AnimatedPicture,
    MaskNotTransparent,
    MaskOfOtherSize,
    MaskTooLarge,
    NothingDrawn,
    PictureTooManyPixels,
)
from bot.painting import Capabilities, Image
from bot.pictures import contact_sheet, jpeg, marking, region_masks
from bot.pictures.borders import extend_edges
from bot.pictures.decoding import (
    decode_upright,
    is_lossless,
    is_upright_srgb_jpeg,
    open_image,
    resize,
    translated_decoder_errors,
    upright_size,
    verify_image,
)
from bot.pictures.encoding import MAX_EDGE_PX, encode_image, encode_to_limit, flatten_on_white
from bot.pictures.frames import Frame
from bot.pictures.headers import PictureHeader
from bot.pictures.likeness import Likeness, is_alike_from_afar
from bot.pictures.masks import encode_mask, has_transparency, kept_pixels, same_aspect_ratio
from bot.pictures.price import fit_within
from bot.pictures.strokes import Drawing

MARKED_EDGE_PX = 2048  # pixels, longest side of a copy on which a mask is drawn; most models look at less
GLANCE_EDGE_PX = 32  # pixels, at which two pictures are compared from afar
PREVIEW_QUALITY = 80  # of a JPEG, 1 to 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An untrusted file whose header was read and whose price was found acceptable."""

    data: bytes
    """The file."""

    header: PictureHeader
    """What it claims."""

    name: str
    """Its name as the user knows it, for errors; empty for an upstream's."""

    megapixels: int
    """Millions of pixels that such an image may have, for errors."""

    def __reduce__(self) -> tuple[Callable[..., "Source"], tuple[Any, ...]]:
        """Leaves the file to out-of-band buffers: to pickle megabytes would hold the interpreter."""
        return _make_source, (PickleBuffer(self.data), self.header, self.name, self.megapixels)


def _make_source(data: bytes, header: PictureHeader, name: str, megapixels: int) -> Source:
    return Source(data=data, header=header, name=name, megapixels=megapixels)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call of one of the functions below, as it travels to a worker process."""

    function: Callable[..., tuple[Image, ...]]
    """A function of this module."""

    source: Source
    """Its first argument."""

    arguments: tuple[Any, ...] = ()
    """Its other arguments."""

    memory_bytes: int = 0
    """Most memory that it may take, bytes, where that can be limited; 0: not limited."""

    cpu_s: float = 0.0
    """Most processor time that it may take, seconds, where that can be limited; 0: not limited."""

    def run(self) -> tuple[Image, ...]:
        """Runs it here. Raises what the function raises, and PictureTooManyPixels when memory does not suffice."""
        try:
            return self.function(self.source, *self.arguments)
        except (MemoryError, Pillow.DecompressionBombError) as exc:
            source = self.source
            raise PictureTooManyPixels(
                name=source.name, megapixels=source.megapixels, detail=type(exc).__name__
            ) from exc


def prepare_reference(source: Source, capabilities: Capabilities, own_mask: bool) -> tuple[Image, ...]:
    """The image made ready for an upstream. `own_mask`: if it is a PNG with a transparent part, the image as a PNG and
    that part as its mask. Raises AnimatedPicture, BrokenPicture, PictureTooLarge, MaskTooLarge."""
    _check_still(source)
    edge = min(capabilities.max_reference_edge, MAX_EDGE_PX)
    with open_image(source.data, source.header.media_type, source.name) as picture:
        with translated_decoder_errors(source.name):
            if "image/jpeg" in capabilities.reference_types and is_upright_srgb_jpeg(picture, edge):
                stripped = _strip_jpeg(source, capabilities.max_reference_bytes)
                if stripped is not None:
                    return (stripped,)
            image = decode_upright(picture, edge)
        lossless = is_lossless(picture)
    if own_mask and source.header.media_type == "image/png" and has_transparency(image):
        return _encode_with_mask(image, image, source.name, capabilities)
    types, limit = capabilities.reference_types, capabilities.max_reference_bytes
    return (encode_to_limit(image, source.name, types=types, limit=limit, lossless=lossless),)


def prepare_masked_reference(source: Source, mask: Source, capabilities: Capabilities) -> tuple[Image, ...]:
    """The image as a PNG, made ready for an upstream, and its mask at the same size.

    Raises as `prepare_reference` does; MaskNotTransparent, MaskOfOtherSize.
    """
    edge = min(capabilities.max_reference_edge, MAX_EDGE_PX)
    mask_image, mask_size = _decode_still(mask, edge)
    if not has_transparency(mask_image):
        raise MaskNotTransparent(name=mask.name)
    mask_image = mask_image.getchannel("A")  # a quarter of the memory, while the other image is decoded
    image, size = _decode_still(source, edge)
    if not same_aspect_ratio(mask_size, size):
        raise MaskOfOtherSize(mask=f"{mask_size[0]}×{mask_size[1]}", picture=f"{size[0]}×{size[1]}")
    return _encode_with_mask(image, mask_image, source.name, capabilities)


def draw_mask(source: Source, drawing: Drawing) -> tuple[Image, ...]:
    """What was painted over an image as its mask, of the image's exact upright size; the image is not decoded.

    Raises BrokenPicture, RegionOfOtherPicture, NothingMarked, EverythingMarked.
    """
    with open_image(source.data, source.header.media_type, source.name) as picture:
        size = upright_size(picture)
    return (region_masks.draw_mask(drawing.scaled_to(size)),)


def enlarge_canvas(source: Source, frame: Frame, capabilities: Capabilities) -> tuple[Image, ...]:
    """A larger canvas with the image in it, within the limits of an upstream, and the mask of what is new around it.

    Raises as `prepare_masked_reference` does.
    """
    picture = resize(_decode(source, MAX_EDGE_PX), (frame.picture_width, frame.picture_height))
    canvas = extend_edges(picture, frame)
    keep = Pillow.new("L", canvas.size)
    keep.paste(255, frame.box)
    return _encode_with_mask(canvas, keep, source.name, capabilities)


def verify_result(source: Source, frames: int, by_checksum: bool) -> tuple[Image, ...]:
    """Type and upright size of an upstream's image, without its bytes, after a check that it is complete.

    As `decoding.verify_image`. Raises BrokenPicture.
    """
    media_type = source.header.media_type
    with open_image(source.data, media_type, source.name) as picture, translated_decoder_errors(source.name):
        width, height = verify_image(picture, frames=frames, by_checksum=by_checksum)
    return (Image(data=b"", media_type=media_type, width=width, height=height),)


def put_original_back(source: Source, original: Image, mask: Image) -> tuple[Image, ...]:
    """An upstream's edit of `original` within its mask, in the original's size: a PNG. `original` and `mask`: as
    `prepare_masked_reference` makes them. Nothing: the edit is an animation, or shows another frame. Raises
    BrokenPicture."""
    from bot.pictures.composition import compose_edit  # numpy, which nothing else needs

    if source.header.animated:
        return ()
    before, keep = _decode_own(original), kept_pixels(_decode_own(mask))
    composed = compose_edit(before, keep, _decode(source, max(before.size)))
    return () if composed is None else (encode_image(composed, "image/png", 100),)


def mark_copy(source: Source, mask: Source, capabilities: Capabilities) -> tuple[Image, ...]:
    """A copy of a reference on which its mask is drawn, within the limits of an upstream, neither side above
    MARKED_EDGE_PX pixels. `mask`: as `prepare_masked_reference` makes it of the same reference. Raises
    PictureTooLarge."""
    keep = kept_pixels(_decode(mask, MARKED_EDGE_PX))
    copy = flatten_on_white(_decode(source, MARKED_EDGE_PX))
    marked = marking.mark_copy(copy, resize(keep, copy.size))
    types, limit = capabilities.reference_types, capabilities.max_reference_bytes
    return (encode_to_limit(marked, source.name, types=types, limit=limit, lossless=False),)


def compare_from_afar(source: Source, other: Source) -> tuple[Image, ...]:
    """The facts of the first picture, without its bytes, if both could be one scene; else nothing."""
    small = (GLANCE_EDGE_PX, GLANCE_EDGE_PX)
    one, two = (
        flatten_on_white(_decode(each, GLANCE_EDGE_PX)).convert("L").resize(small).tobytes() for each in (source, other)
    )
    if not is_alike_from_afar(one, two):
        return ()
    return (Image(data=b"", media_type=source.header.media_type, width=1, height=1),)


def find_marks(source: Source, original: Image) -> tuple[Image, ...]:
    """What was drawn on a copy of `original`, in its size: the marks alone, and a mask where they say what is to
    change, each a PNG. Nothing: it is no copy; an image without data: it differs in
    something else. Raises NothingDrawn, BrokenPicture."""
    from bot.pictures import drawn_marks  # numpy, which nothing else needs

    copy = flatten_on_white(_decode(source, MAX_EDGE_PX))
    found = drawn_marks.find_marks(flatten_on_white(_decode_own(original)), copy)
    if found is Likeness.SAME:
        raise NothingDrawn
    if found is Likeness.CHANGED:
        return (Image(data=b"", media_type="image/png", width=1, height=1),)
    if not isinstance(found, drawn_marks.Marks):
        return ()
    masks = () if found.keep is None else (encode_mask(found.keep, found.keep.size),)
    return (encode_image(found.overlay, "image/png", 100), *masks)


def resize_overlay(source: Source, size: tuple[int, int]) -> tuple[Image, ...]:
    """Marks alone, as `find_marks` returns them, in another size."""
    return (encode_image(resize(_decode(source, max(size)), size), "image/png", 100),)


def make_preview(source: Source, edge: int) -> tuple[Image, ...]:
    """A small JPEG on white, neither side above `edge` pixels. Raises BrokenPicture."""
    image = _decode(source, edge)
    return (encode_image(flatten_on_white(image), "image/jpeg", PREVIEW_QUALITY),)


def fit_to_limit(source: Source, edge: int, max_bytes: int) -> tuple[Image, ...]:
    """The image as a JPEG, or a WebP if it has transparency, in at most `max_bytes` bytes, neither side above `edge`
    pixels. Raises BrokenPicture, PictureTooLarge."""
    types = ("image/jpeg", "image/webp")  # the image itself is held by nobody else: a smaller one takes its place
    return (encode_to_limit(_decode(source, edge), source.name, types=types, limit=max_bytes, lossless=False),)


def _strip_jpeg(source: Source, limit: int) -> Image | None:
    """The JPEG with its pixels untouched; None where that is not possible in `limit` bytes."""
    stripped = jpeg.strip_metadata(source.data)
    if stripped is None or len(stripped.data) > limit:
        return None
    with open_image(stripped.sample, "image/jpeg", source.name) as sample:
        width, height = verify_image(sample, frames=1, by_checksum=False)
    return Image(data=stripped.data, media_type="image/jpeg", width=width, height=height)


def _check_still(source: Source) -> None:
    if source.header.animated:
        raise AnimatedPicture(name=source.name)


def _decode(source: Source, edge: int) -> Pillow.Image:
    """The image upright, neither side above `edge` pixels; of an animation the first frame."""
    media_type, name = source.header.media_type, source.name
    with open_image(source.data, media_type, name) as picture, translated_decoder_errors(name):
        return decode_upright(picture, edge)


def make_contact_sheet(source: Source, thumbnails: Sequence[Image | None]) -> tuple[Image, ...]:
    """Previews (`make_preview`) in one picture, numbered from 1; `source` is the first of them that is there."""
    own = [None if each is None else _decode_own(each) for each in thumbnails]
    return (contact_sheet.make_contact_sheet(own),)


def _decode_own(image: Image) -> Pillow.Image:
    """An image that this module has made."""
    with open_image(image.data, image.media_type, "") as picture:
        return decode_upright(picture, MAX_EDGE_PX)


def _decode_still(source: Source, edge: int) -> tuple[Pillow.Image, tuple[int, int]]:
    """The image as by `_decode`, and its own upright size. Raises AnimatedPicture."""
    _check_still(source)
    media_type, name = source.header.media_type, source.name
    with open_image(source.data, media_type, name) as picture, translated_decoder_errors(name):
        return decode_upright(picture, edge), upright_size(picture)


def _encode_with_mask(
    image: Pillow.Image, mask_image: Pillow.Image, name: str, capabilities: Capabilities
) -> tuple[Image, ...]:
    """Encodes an image within the limits, and its mask at the size it came to. Raises MaskTooLarge."""
    image = resize(image, fit_within(image.size, min(capabilities.max_reference_edge, MAX_EDGE_PX)))
    ready = encode_to_limit(image, name, types=("image/png",), limit=capabilities.max_reference_bytes, lossless=True)
    mask = encode_mask(mask_image, (ready.width, ready.height))
    if len(mask.data) > capabilities.max_mask_bytes:
        raise MaskTooLarge(limit=f"{capabilities.max_mask_bytes / 1_000_000:.3g} MB")
    return ready, mask
