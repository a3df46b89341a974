"""The painter: one picture for one spec, labelled with what was received, so that a person sees the right bytes came.

Pure and slow (some tenths of a second): for worker threads. No HTTP, no clock. Same spec, same picture.
"""

import hashlib
import io
import random
import re
from collections.abc import Callable

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from bot.sandbox.painting.label import draw_label, label_pictures
from bot.sandbox.painting.landscape import CheckAbandoned, brush_strokes, draw_landscape
from bot.sandbox.painting.picture_spec import PictureSpec
from bot.sandbox.painting.pillow_types import apply_curve, resize
from bot.sandbox.references import Reference, alpha_channel, open_reference

HAT = re.compile(r"\bhats?\b|帽|шляп|шапк", re.I)


class AbandonedError(Exception):
    """The picture is not wanted any more."""


def paint(spec: PictureSpec, is_abandoned: Callable[[], bool] = lambda: False) -> bytes:
    """The picture as a PNG. `is_abandoned` is called between the steps; raises AbandonedError once it returns True."""

    def check_abandoned() -> None:
        if is_abandoned():
            raise AbandonedError

    check_abandoned()
    seed = hashlib.sha256(f"{spec.variation} {spec.prompt}".encode("utf-8", "surrogatepass"))
    for reference in label_pictures(spec):
        seed.update(bytes.fromhex(reference.digest))
    rng = random.Random(seed.digest())  # noqa: S311 - random numbers of a drawing, nothing secret
    size = spec.width, spec.height
    if spec.references:
        canvas = _draw_restyled(spec.references[0], size, rng, check_abandoned)
        if spec.mask:
            _restore_masked(canvas, spec.references[0], spec.mask)
    else:
        canvas = draw_landscape(size, spec.prompt, rng, check_abandoned)
    check_abandoned()
    if spec.references and HAT.search(spec.prompt):
        _draw_hat(canvas, rng)
    draw_label(canvas, spec)
    check_abandoned()
    return _png(canvas)


def blur_preview(png: bytes) -> bytes:
    """The unfinished picture: a PNG, smaller and blurred."""
    with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
        image.thumbnail((512, 512))
        return _png(image.convert("RGB").filter(ImageFilter.GaussianBlur(5)))


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=5)
    return out.getvalue()


def _draw_restyled(
    reference: Reference, size: tuple[int, int], rng: random.Random, check_abandoned: CheckAbandoned
) -> Image.Image:
    """The first reference as a drawing: flat areas of colour, inked outlines, a warm tint, brush strokes.

    It fills the canvas above the plate; below stands its mirror image, most of it behind the plate.
    """
    small = max(32, size[0] // 2), max(32, size[1] // 2)
    shown = round(small[1] * 0.8)
    photo = Image.new("RGB", small)
    upper = ImageOps.fit(open_reference(reference, within=1024), (small[0], shown), Image.Resampling.BICUBIC)
    photo.paste(ImageOps.flip(upper), (0, shown))
    photo.paste(upper)
    check_abandoned()
    smooth = photo.filter(ImageFilter.MedianFilter(5))
    check_abandoned()
    outlines = smooth.convert("L").filter(ImageFilter.GaussianBlur(1.2)).filter(ImageFilter.FIND_EDGES)
    inside = (2, 2, small[0] - 2, small[1] - 2)  # the filter marks the border itself
    outlines = resize(outlines.crop(inside), small)
    flat = ImageEnhance.Color(_draw_flat(smooth)).enhance(1.35)
    check_abandoned()
    drawing = resize(flat, size).filter(ImageFilter.GaussianBlur(1.5))
    tint = rng.choice(((255, 232, 206), (255, 224, 222), (226, 238, 250), (248, 238, 204)))
    drawing = Image.blend(drawing, Image.new("RGB", size, tint), 0.1)
    brush_strokes(drawing, rng, 260)
    ink = resize(apply_curve(outlines, lambda value: min(210, (value - 22) * 6)), size)
    drawing.paste((42, 32, 56), (0, 0), ink)
    return drawing


def _draw_flat(photo: Image.Image) -> Image.Image:
    """The photo in areas of twenty colours. The areas are rounded before they have colours: a third of the time."""
    areas = photo.quantize(20, dither=Image.Dither.NONE)
    rounded = Image.frombytes("L", areas.size, areas.tobytes()).filter(ImageFilter.ModeFilter(7))
    areas.frombytes(rounded.tobytes())
    return areas.convert("RGB")


def _restore_masked(canvas: Image.Image, reference: Reference, mask: Reference) -> None:
    """Puts the reference as it was over the drawing wherever the mask is opaque."""
    original = ImageOps.fit(open_reference(reference, within=max(canvas.size)), canvas.size)
    canvas.paste(original, (0, 0), resize(alpha_channel(mask), canvas.size))


def _draw_hat(canvas: Image.Image, rng: random.Random) -> None:
    """A straw hat where a head would be, for prompts that ask for one."""
    width, height = canvas.size
    b = min(width, height) * 1.0  # the patch is drawn twice as large as it is pasted
    patch = Image.new("RGBA", (round(b), round(b * 0.62)))
    draw = ImageDraw.Draw(patch)
    straw, shade, ribbon = (
        (240, 206, 130),
        (206, 162, 88),
        rng.choice(((196, 62, 72), (52, 104, 150), (74, 132, 92))),
    )
    line, ink = max(2, round(b / 130)), (74, 50, 40)
    draw.ellipse((b * 0.02, b * 0.34, b * 0.98, b * 0.58), fill=straw, outline=ink, width=line)
    draw.chord((b * 0.1, b * 0.38, b * 0.9, b * 0.56), 0, 180, fill=shade)
    crown = (b * 0.26, b * 0.05, b * 0.74, b * 0.44)
    draw.rounded_rectangle(crown, b * 0.15, fill=straw, outline=ink, width=line, corners=(True, True, False, False))
    for i in range(1, 8):
        x = b * (0.26 + 0.06 * i)
        draw.line((x, b * 0.1, x, b * 0.31), fill=shade, width=line)
    draw.chord((crown[0], b * 0.37, crown[2], b * 0.51), 0, 180, fill=ribbon, outline=ink, width=line)
    draw.rectangle((crown[0] + line, b * 0.33, crown[2] - line, b * 0.44 + line), fill=ribbon)
    half = resize(patch, (patch.width // 2, patch.height // 2), Image.Resampling.LANCZOS)
    half = half.rotate(rng.uniform(-7, 7), Image.Resampling.BICUBIC, expand=True)
    canvas.paste(half, ((width - half.width) // 2, round(height * 0.02)), half)
