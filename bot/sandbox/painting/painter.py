"""The painter: one picture for one spec, above a strip that shows what was received, so that a person sees it came.

Pure and slow (some tenths of a second): for worker threads. No HTTP, no clock. Same spec, same picture.
"""

import hashlib
import io
import random
from collections.abc import Callable

from PIL import Image, ImageChops, ImageFilter, ImageOps

from bot.sandbox.painting.borders import ASKS_FOR_MORE, continue_scene, kept_box
from bot.sandbox.painting.edits import edit_picture
from bot.sandbox.painting.landscape import CheckAbandoned, draw_landscape
from bot.sandbox.painting.marked_area import SAYS_SO, find_marked_area
from bot.sandbox.painting.picture_spec import PictureSpec
from bot.sandbox.painting.pillow_types import resize
from bot.sandbox.painting.strip import draw_strip, lay_out_strip, shown_pictures, without_strip
from bot.sandbox.references import alpha_channel, open_layer, open_reference


class AbandonedError(Exception):
    """The picture is not wanted any more."""


def paint(spec: PictureSpec, is_abandoned: Callable[[], bool] = lambda: False) -> bytes:
    """The picture as a PNG. `is_abandoned` is called between the steps; raises AbandonedError once it returns True."""

    def check_abandoned() -> None:
        if is_abandoned():
            raise AbandonedError

    check_abandoned()
    seed = hashlib.sha256(f"{spec.variation} {spec.prompt}".encode("utf-8", "surrogatepass"))
    for reference in shown_pictures(spec):
        seed.update(bytes.fromhex(reference.digest))
    rng = random.Random(seed.digest())  # noqa: S311 - random numbers of a drawing, nothing secret
    canvas = _edit_within(spec, rng, check_abandoned) or _paint_whole(spec, rng, check_abandoned)
    check_abandoned()
    return _png(canvas)


def _paint_whole(spec: PictureSpec, rng: random.Random, check_abandoned: CheckAbandoned) -> Image.Image:
    """A landscape, or the first reference with the changes that the prompt asks for; below it the strip."""
    strip = lay_out_strip(spec)
    size = spec.width, max(1, spec.height - strip.height)
    if spec.references:
        reference = without_strip(open_reference(spec.references[0], within=max(spec.width, spec.height)))
        picture = edit_picture(ImageOps.fit(reference, size), spec.prompt, rng, check_abandoned)
    else:
        picture = draw_landscape(size, spec.prompt, rng, check_abandoned)
    check_abandoned()
    canvas = Image.new("RGB", (spec.width, spec.height))
    canvas.paste(picture)
    draw_strip(canvas, strip)
    return canvas


def _edit_within(spec: PictureSpec, rng: random.Random, check_abandoned: CheckAbandoned) -> Image.Image | None:
    """The first reference, changed where the mask is transparent, or it or a copy of it is marked, and nowhere else. A
    strip that it had is renewed beside a mask: the words about a marked copy would make it larger, and it gets none
    where it had none, since that would be a change. None: all may change."""
    if not spec.references:
        return None
    size = spec.width, spec.height
    given = open_reference(spec.references[0], within=max(size))
    original = ImageOps.fit(given, size)
    if (kept := _kept_pixels(spec, original)) is None:
        return None
    if ASKS_FOR_MORE.search(spec.prompt) and (box := kept_box(kept)) is not None:
        canvas = continue_scene(original, box, rng)
    else:
        canvas = edit_picture(original.copy(), spec.prompt, rng, check_abandoned)
    canvas.paste(original, (0, 0), kept)
    if spec.mask is not None and without_strip(given).size != given.size:
        draw_strip(canvas, lay_out_strip(spec))
    return canvas


def _kept_pixels(spec: PictureSpec, original: Image.Image) -> Image.Image | None:
    """Where the first reference stays (L): 255 there. None: it may change anywhere."""
    if spec.mask is not None:
        return resize(alpha_channel(spec.mask), original.size)
    if spec.markup is not None:
        marks = ImageOps.fit(open_layer(spec.markup), original.size)
        marked = Image.composite(marks.convert("RGB"), original, marks.getchannel("A"))
    elif len(spec.references) == 1 or not SAYS_SO.search(spec.prompt):
        return None
    else:
        marked = ImageOps.fit(open_reference(spec.references[1], within=max(original.size)), original.size)
    area = find_marked_area(original, marked)
    return None if area is None else ImageChops.invert(area)


def blur_preview(png: bytes) -> bytes:
    """The unfinished picture: a PNG, smaller and blurred."""
    with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
        image.thumbnail((512, 512))
        return _png(image.convert("RGB").filter(ImageFilter.GaussianBlur(5)))


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=5)
    return out.getvalue()
