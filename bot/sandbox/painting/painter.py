"""The sandbox's painter: one honest picture for one order, labelled with what was received.

Pure and slow (some tenths of a second): for worker threads. No HTTP, no clock. Same order, same picture.
"""

import hashlib
import io
import random
import re
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from bot.sandbox.painting.landscape import Stop, scene, strokes
from bot.sandbox.painting.pillow_types import curved, resized
from bot.sandbox.painting.text_layout import draw_line, fit, leading, wrap
from bot.sandbox.references import Reference, open_alpha, open_reference

CLASSIC = {"1:1": (1024, 1024), "3:2": (1536, 1024), "2:3": (1024, 1536)}
LONG_EDGE = 1536  # pixels, for every other ratio
EDGES = (64, 2048)  # pixels; a size outside is not painted
PIXELS = re.compile(r"(?<!\d)(\d{2,4})\s*[xX×*]\s*(\d{2,4})(?!\d)\D{0,16}$")
RATIO = re.compile(r"(?<![\d.])(\d{1,2})\s*[:：]\s*(\d{1,2})(?!\d)\D{0,16}$")
QUALITY = re.compile(r"\s*\bimage quality\s*[:：]\s*(low|medium|high)\s*$", re.I)
HAT = re.compile(r"\bhats?\b|帽|шляп|шапк", re.I)
PAPER, INK, FADED = (251, 247, 239), (44, 38, 52), (126, 114, 120)


class AbandonedError(Exception):
    """Nobody waits for the picture any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to paint. `variation`: 0 for the first picture of these words, then 1, 2 …, each another view.
    `mask`: the first reference changes only where this is transparent. `quality`: named on the plate."""

    prompt: str
    references: tuple[Reference, ...] = ()
    mask: Reference | None = None
    width: int = 1024
    height: int = 1024
    variation: int = 0
    quality: str | None = None


def size_of(prompt: str, wish: str | None = None) -> tuple[int, int]:
    """Width and height for a `size` field, else for a size or ratio that ends the prompt, else 1024x1024.

    Understood: `1536x1024` with edges from 64 to 2048, ratios up to 3:1 such as `3:2`. A quality may follow.
    """
    for text in (wish or "", quality_of(prompt)[0].strip()):
        if found := PIXELS.search(text):
            width, height = int(found[1]), int(found[2])
            if EDGES[0] <= min(width, height) and max(width, height) <= EDGES[1]:
                return width, height
        if found := RATIO.search(text):
            across, down = int(found[1]), int(found[2])
            if classic := CLASSIC.get(f"{across}:{down}"):
                return classic
            if 0 < across <= 3 * down and 0 < down <= 3 * across:
                scale = LONG_EDGE / max(across, down)
                return round(across * scale / 16) * 16, round(down * scale / 16) * 16
    return CLASSIC["1:1"]


def quality_of(prompt: str) -> tuple[str, str | None]:
    """The prompt without the quality that ends it (`Image quality: high`), and that quality."""
    found = QUALITY.search(prompt)
    return (prompt, None) if found is None else (prompt[: found.start()], found[1].lower())


def paint(order: Order, abandoned: Callable[[], bool] = lambda: False) -> bytes:
    """Paints a PNG. `abandoned` is asked between the steps; raises AbandonedError when it says so."""

    def stop() -> None:
        if abandoned():
            raise AbandonedError

    stop()
    seed = hashlib.sha256(f"{order.variation} {order.prompt}".encode("utf-8", "surrogatepass"))
    for reference in _shown(order):
        seed.update(bytes.fromhex(reference.digest))
    dice = random.Random(seed.digest())  # noqa: S311 - dice for a drawing, nothing secret
    size = order.width, order.height
    if order.references:
        canvas = _restyled(order.references[0], size, dice, stop)
        if order.mask:
            _keep(canvas, order.references[0], order.mask)
    else:
        canvas = scene(size, order.prompt, dice, stop)
    stop()
    if order.references and HAT.search(order.prompt):
        _hat(canvas, dice)
    _label(canvas, order)
    stop()
    return _png(canvas)


def unfinished(png: bytes) -> bytes:
    """What the picture looks like half way: smaller and blurred. A PNG."""
    with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
        image.thumbnail((512, 512))
        return _png(image.convert("RGB").filter(ImageFilter.GaussianBlur(5)))


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=5)
    return out.getvalue()


def _restyled(reference: Reference, size: tuple[int, int], dice: random.Random, stop: Stop) -> Image.Image:
    """The first reference as a drawing: flat areas of colour, inked outlines, a warm tint, brush strokes.

    It fills the canvas above the plate; below stands its mirror image, most of it behind the plate.
    """
    small = max(32, size[0] // 2), max(32, size[1] // 2)
    shown = round(small[1] * 0.8)
    photo = Image.new("RGB", small)
    upper = ImageOps.fit(open_reference(reference, within=1024), (small[0], shown), Image.Resampling.BICUBIC)
    photo.paste(ImageOps.flip(upper), (0, shown))
    photo.paste(upper)
    stop()
    smooth = photo.filter(ImageFilter.MedianFilter(5))
    stop()
    outlines = smooth.convert("L").filter(ImageFilter.GaussianBlur(1.2)).filter(ImageFilter.FIND_EDGES)
    inside = (2, 2, small[0] - 2, small[1] - 2)  # the filter marks the border itself
    outlines = resized(outlines.crop(inside), small)
    flat = smooth.quantize(20, dither=Image.Dither.NONE).convert("RGB").filter(ImageFilter.ModeFilter(7))
    flat = ImageEnhance.Color(flat).enhance(1.35)
    stop()
    drawing = resized(flat, size).filter(ImageFilter.GaussianBlur(1.5))
    tint = dice.choice(((255, 232, 206), (255, 224, 222), (226, 238, 250), (248, 238, 204)))
    drawing = Image.blend(drawing, Image.new("RGB", size, tint), 0.1)
    strokes(drawing, dice, 260)
    ink = resized(curved(outlines, lambda value: min(210, (value - 22) * 6)), size)
    drawing.paste((42, 32, 56), (0, 0), ink)
    return drawing


def _keep(canvas: Image.Image, reference: Reference, mask: Reference) -> None:
    """Puts the reference as it was over the drawing wherever the mask is opaque."""
    original = ImageOps.fit(open_reference(reference, within=max(canvas.size)), canvas.size)
    canvas.paste(original, (0, 0), resized(open_alpha(mask), canvas.size))


def _hat(canvas: Image.Image, dice: random.Random) -> None:
    """A straw hat where a head would be, because the prompt asked for one."""
    width, height = canvas.size
    b = min(width, height) * 1.0  # the patch is drawn twice as large as it is pasted
    patch = Image.new("RGBA", (round(b), round(b * 0.62)))
    draw = ImageDraw.Draw(patch)
    straw, shade, ribbon = (
        (240, 206, 130),
        (206, 162, 88),
        dice.choice(((196, 62, 72), (52, 104, 150), (74, 132, 92))),
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
    half = resized(patch, (patch.width // 2, patch.height // 2), Image.Resampling.LANCZOS)
    half = half.rotate(dice.uniform(-7, 7), Image.Resampling.BICUBIC, expand=True)
    canvas.paste(half, ((width - half.width) // 2, round(height * 0.02)), half)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measures:
    """The measures of the plate, in pixels. Two references stand beside the text, more above it."""

    unit: float
    inner: int
    gap: int
    thumb: int
    beside: bool
    pictures: tuple[int, int]


def _measures(canvas: Image.Image, count: int) -> _Measures:
    unit = min(canvas.size) / 1024
    inner, gap, beside = canvas.width - 2 * round(78 * unit), round(18 * unit), count <= 2
    thumb = max(8, min(round(160 * unit), (inner + gap) // max(1, count) - gap))
    taken = (thumb + gap) * count + (gap if count else 0), thumb + round(64 * unit) if count else 0
    return _Measures(unit=unit, inner=inner, gap=gap, thumb=thumb, beside=beside, pictures=taken)


def _shown(order: Order) -> tuple[Reference, ...]:
    """The pictures on the plate: the references, then the mask."""
    return (*order.references, order.mask) if order.mask else order.references


def _label(canvas: Image.Image, order: Order) -> None:
    """The plate: the prompt, the references as received, and one line that says what this is."""
    width, height = canvas.size
    plate = _measures(canvas, len(_shown(order)))
    unit, inner = plate.unit, plate.inner
    margin, pad, small = round(44 * unit), round(34 * unit), max(5, round(21 * unit))
    indent, above = (plate.pictures[0], 0) if plate.beside else (0, plate.pictures[1])
    sizes = [max(6, round(s * unit)) for s in (46, 40, 34, 29, 25, 22)]
    lines, letter = fit(order.prompt.strip(), width=inner - indent, height=height * 0.5 - above, sizes=sizes)
    body = max(above + len(lines) * leading(letter), plate.pictures[1])
    tall = pad + body + round(18 * unit) + leading(small) + pad // 2
    box = (margin, height - margin - tall, width - margin, height - margin)
    _plate(canvas, box, radius=round(22 * unit))
    x, y = box[0] + pad, box[1] + pad
    _thumbnails(canvas, _shown(order), (x, y), plate)
    for row, line in enumerate(lines):
        draw_line(canvas, (x + indent, y + above + row * leading(letter) + letter), line, letter, INK)
    y += body + round(12 * unit)
    ImageDraw.Draw(canvas).line((x, y, x + inner, y), fill=(222, 212, 200), width=max(1, round(1.5 * unit)))
    draw_line(canvas, (x, y + round(10 * unit) + small), wrap(_about(order), small, inner)[0], small, FADED)


def _about(order: Order) -> str:
    count = len(order.references)
    told = f"sandbox · {order.width}x{order.height} · {count} reference{'' if count == 1 else 's'}"
    told += " · mask" if order.mask else ""
    told += f" · {order.quality} quality" if order.quality else ""
    return told + (f" · view {order.variation + 1}" if order.variation else "")


def _plate(canvas: Image.Image, box: tuple[int, int, int, int], *, radius: int) -> None:
    shadow = Image.new("L", (canvas.width // 4, canvas.height // 4))
    left, top, right, bottom = (edge // 4 for edge in box)
    ImageDraw.Draw(shadow).rounded_rectangle(
        (left, top + radius // 8, right, bottom + radius // 5), radius // 4, fill=120
    )
    shadow = shadow.filter(ImageFilter.GaussianBlur(max(1, radius / 4)))
    canvas.paste((20, 14, 32), (0, 0), resized(shadow, canvas.size))
    mask = Image.new("L", ((box[2] - box[0]) * 2, (box[3] - box[1]) * 2))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, mask.width - 1, mask.height - 1), radius * 2, fill=242)
    canvas.paste(PAPER, box, resized(mask, (box[2] - box[0], box[3] - box[1])))


def _thumbnails(canvas: Image.Image, references: tuple[Reference, ...], at: tuple[int, int], plate: _Measures) -> None:
    """Each as it came, unstyled, with its number, kind, dimensions and weight."""
    draw = ImageDraw.Draw(canvas)
    edge, unit = plate.thumb, plate.unit
    small, r = max(5, round(min(18 * unit, edge / 9))), max(4, round(min(18 * unit, edge / 6)))
    for number, reference in enumerate(references, start=1):
        x, y = at[0] + (number - 1) * (edge + plate.gap), at[1]
        draw.rectangle((x, y, x + edge - 1, y + edge - 1), fill=(236, 229, 218))
        picture = ImageOps.contain(open_reference(reference, within=edge * 2), (edge, edge))
        canvas.paste(picture, (x + (edge - picture.width) // 2, y + (edge - picture.height) // 2))
        draw.ellipse((x - r // 2, y - r // 2, x + r * 3 // 2, y + r * 3 // 2), fill=INK)
        badge = wrap(str(number), r, edge)[0]
        draw_line(canvas, (x + r / 2 - badge[0].width / 2, y + r * 0.86), badge, r, PAPER)
        for row, told in enumerate((f"{reference.width}x{reference.height}", _weight(reference))):
            line = wrap(told, small, edge + plate.gap)[0]
            draw_line(canvas, (x, y + edge + small + round(5 * unit) + row * leading(small)), line, small, FADED)


def _weight(reference: Reference) -> str:
    size = reference.length
    told = f"{size} B" if size < 1000 else f"{size / 1000:.0f} kB" if size < 1_000_000 else f"{size / 1e6:.1f} MB"
    return f"{reference.kind} {told}{' EXIF' if reference.exif else ''}"
