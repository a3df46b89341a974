"""The label on a picture: the prompt, the references as received with their facts, and one line of properties.

Pure drawing on a finished canvas.
"""

from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFilter, ImageOps

from bot.sandbox.painting.picture_spec import PictureSpec
from bot.sandbox.painting.pillow_types import resize
from bot.sandbox.painting.text_layout import draw_line, fit_lines, line_height, wrap_lines
from bot.sandbox.references import Reference, open_reference

PAPER, INK, FADED = (251, 247, 239), (44, 38, 52), (126, 114, 120)


@dataclass(frozen=True, slots=True, kw_only=True)
class _LabelLayout:
    """Dimensions of the label."""

    unit: float
    """Pixels of the canvas for one pixel of a picture of 1024."""
    inner: int
    """Width of the text area, pixels."""
    gap: int
    """Between thumbnails, pixels."""
    thumb: int
    """Edge of a thumbnail, pixels."""
    beside: bool
    """Whether the thumbnails stand beside the text (up to two) or above it."""
    pictures: tuple[int, int]
    """Width and height of all thumbnails, pixels."""


def _label_layout(canvas: Image.Image, count: int) -> _LabelLayout:
    unit = min(canvas.size) / 1024
    inner, gap, beside = canvas.width - 2 * round(78 * unit), round(18 * unit), count <= 2
    thumb = max(8, min(round(160 * unit), (inner + gap) // max(1, count) - gap))
    taken = (thumb + gap) * count + (gap if count else 0), thumb + round(64 * unit) if count else 0
    return _LabelLayout(unit=unit, inner=inner, gap=gap, thumb=thumb, beside=beside, pictures=taken)


def label_pictures(spec: PictureSpec) -> tuple[Reference, ...]:
    """The pictures on the label: the references, then the mask."""
    return (*spec.references, spec.mask) if spec.mask else spec.references


def draw_label(canvas: Image.Image, spec: PictureSpec) -> None:
    """Draws the label at the foot of the canvas."""
    width, height = canvas.size
    plate = _label_layout(canvas, len(label_pictures(spec)))
    unit, inner = plate.unit, plate.inner
    margin, pad, small = round(44 * unit), round(34 * unit), max(5, round(21 * unit))
    indent, above = (plate.pictures[0], 0) if plate.beside else (0, plate.pictures[1])
    sizes = [max(6, round(s * unit)) for s in (46, 40, 34, 29, 25, 22)]
    lines, letter = fit_lines(spec.prompt.strip(), width=inner - indent, height=height * 0.5 - above, sizes=sizes)
    body = max(above + len(lines) * line_height(letter), plate.pictures[1])
    tall = pad + body + round(18 * unit) + line_height(small) + pad // 2
    box = (margin, height - margin - tall, width - margin, height - margin)
    _draw_plate(canvas, box, radius=round(22 * unit))
    x, y = box[0] + pad, box[1] + pad
    _draw_thumbnails(canvas, label_pictures(spec), (x, y), plate)
    for row, line in enumerate(lines):
        draw_line(canvas, (x + indent, y + above + row * line_height(letter) + letter), line, letter, INK)
    y += body + round(12 * unit)
    ImageDraw.Draw(canvas).line((x, y, x + inner, y), fill=(222, 212, 200), width=max(1, round(1.5 * unit)))
    draw_line(canvas, (x, y + round(10 * unit) + small), wrap_lines(_caption(spec), small, inner)[0], small, FADED)


def _caption(spec: PictureSpec) -> str:
    count = len(spec.references)
    caption = f"sandbox · {spec.width}x{spec.height} · {count} reference{'' if count == 1 else 's'}"
    caption += " · mask" if spec.mask else ""
    caption += f" · {spec.quality} quality" if spec.quality else ""
    return caption + (f" · view {spec.variation + 1}" if spec.variation else "")


def _draw_plate(canvas: Image.Image, box: tuple[int, int, int, int], *, radius: int) -> None:
    shadow = Image.new("L", (canvas.width // 4, canvas.height // 4))
    left, top, right, bottom = (edge // 4 for edge in box)
    ImageDraw.Draw(shadow).rounded_rectangle(
        (left, top + radius // 8, right, bottom + radius // 5), radius // 4, fill=120
    )
    shadow = shadow.filter(ImageFilter.GaussianBlur(max(1, radius / 4)))
    canvas.paste((20, 14, 32), (0, 0), resize(shadow, canvas.size))
    mask = Image.new("L", ((box[2] - box[0]) * 2, (box[3] - box[1]) * 2))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, mask.width - 1, mask.height - 1), radius * 2, fill=242)
    canvas.paste(PAPER, box, resize(mask, (box[2] - box[0], box[3] - box[1])))


def _draw_thumbnails(
    canvas: Image.Image, references: tuple[Reference, ...], at: tuple[int, int], plate: _LabelLayout
) -> None:
    """Draws each picture as received, with its number, format, dimensions and file size."""
    draw = ImageDraw.Draw(canvas)
    edge, unit = plate.thumb, plate.unit
    small, r = max(5, round(min(18 * unit, edge / 9))), max(4, round(min(18 * unit, edge / 6)))
    for number, reference in enumerate(references, start=1):
        x, y = at[0] + (number - 1) * (edge + plate.gap), at[1]
        draw.rectangle((x, y, x + edge - 1, y + edge - 1), fill=(236, 229, 218))
        picture = ImageOps.contain(open_reference(reference, within=edge * 2), (edge, edge))
        canvas.paste(picture, (x + (edge - picture.width) // 2, y + (edge - picture.height) // 2))
        draw.ellipse((x - r // 2, y - r // 2, x + r * 3 // 2, y + r * 3 // 2), fill=INK)
        badge = wrap_lines(str(number), r, edge)[0]
        draw_line(canvas, (x + r / 2 - badge[0].width / 2, y + r * 0.86), badge, r, PAPER)
        for row, caption in enumerate((f"{reference.width}x{reference.height}", _describe_reference(reference))):
            line = wrap_lines(caption, small, edge + plate.gap)[0]
            draw_line(canvas, (x, y + edge + small + round(5 * unit) + row * line_height(small)), line, small, FADED)


def _describe_reference(reference: Reference) -> str:
    """Format and file size, and whether the file still carried EXIF."""
    size = reference.length
    caption = f"{size} B" if size < 1000 else f"{size / 1000:.0f} kB" if size < 1_000_000 else f"{size / 1e6:.1f} MB"
    return f"{reference.kind} {caption}{' EXIF' if reference.exif else ''}"
