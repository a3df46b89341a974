"""The strip below a picture: the prompt, the references as received with their facts, and one line of properties.

Pure drawing. A strip is found again in a picture that comes back as a reference: it is not painted into the next one.
"""

from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageOps

from bot.sandbox.painting.picture_spec import PictureSpec
from bot.sandbox.painting.text_layout import Line, draw_line, fit_lines, line_height, wrap_lines
from bot.sandbox.references import Reference, open_reference

Colour = tuple[int, int, int]

PAPER, INK, FADED, RULE = (251, 247, 239), (44, 38, 52), (126, 114, 120), (188, 96, 72)
MAX_BESIDE = 4  # thumbnails that stand beside the words; more stand above them
PROMPT_SIZES = (32, 28, 24, 20, 17)  # letter heights, pixels of a picture of 1024
HEIGHT_RANGE = 0.04, 0.5  # shares of a picture's height that a strip may have
TOLERANCE = 30  # of each colour channel, for a picture that was saved as JPEG or scaled since


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """A strip laid out for one picture, not drawn yet."""

    spec: PictureSpec
    height: int
    """Pixels, with the rule at its top."""
    lines: tuple[Line, ...]
    """The prompt."""
    letter: int
    """Letter height of the prompt, pixels."""
    thumb: int
    """Edge of a thumbnail, pixels."""
    gap: int
    """Between thumbnails, pixels."""

    @property
    def unit(self) -> float:
        """Pixels for one of a picture of 1024."""
        return _unit(self.spec)


def shown_pictures(spec: PictureSpec) -> tuple[Reference, ...]:
    """The pictures on the strip: the references, then the mask or the marks."""
    return (*spec.references, *filter(None, (spec.mask, spec.markup)))


def lay_out_strip(spec: PictureSpec) -> Strip:
    """The strip of a picture: at most half as high as the picture."""
    unit, count = _unit(spec), len(shown_pictures(spec))
    inner, gap = spec.width - 2 * _pad(unit), round(14 * unit)
    thumb = max(8, min(round(84 * unit), (inner + gap) // max(1, count) - gap))
    indent = (thumb + gap) * count + gap if 0 < count <= MAX_BESIDE else 0
    room = spec.height * 0.3 - (_thumbs_height(thumb, unit) if count > MAX_BESIDE else 0)
    sizes = [max(6, round(size * unit)) for size in PROMPT_SIZES]
    lines, letter = fit_lines(spec.prompt.strip(), width=inner - indent, height=room, sizes=sizes)
    words = len(lines) * line_height(letter) + line_height(_small(unit))
    thumbs = _thumbs_height(thumb, unit) if count else 0
    body = max(words, thumbs) if count <= MAX_BESIDE else words + thumbs
    height = min(spec.height // 2, _rule(unit) + body + 2 * round(14 * unit))
    return Strip(spec=spec, height=height, lines=tuple(lines), letter=letter, thumb=thumb, gap=gap)


def draw_strip(canvas: Image.Image, strip: Strip) -> None:
    """Draws the strip at the foot of the canvas."""
    unit, top = strip.unit, canvas.height - strip.height
    pad, small = _pad(unit), _small(unit)
    draw = ImageDraw.Draw(canvas)
    draw.rectangle((0, top, canvas.width, canvas.height), fill=PAPER)
    draw.rectangle((0, top, canvas.width, top + _rule(unit) - 1), fill=RULE)
    pictures = shown_pictures(strip.spec)
    x, y = pad, top + _rule(unit) + round(14 * unit)
    _draw_thumbnails(canvas, pictures, (x, y), strip)
    if len(pictures) > MAX_BESIDE:
        y += _thumbs_height(strip.thumb, unit)
    elif pictures:
        x += (strip.thumb + strip.gap) * len(pictures) + strip.gap
    for line in strip.lines:
        draw_line(canvas, (x, y + strip.letter), line, strip.letter, INK)
        y += line_height(strip.letter)
    properties = wrap_lines(_properties(strip.spec), small, canvas.width - pad - x)[0]
    draw_line(canvas, (x, y + small), properties, small, FADED)


def without_strip(picture: Image.Image) -> Image.Image:
    """The part of an RGB picture above its strip; all of it where it has none."""
    width, height = picture.size
    edges = (max(1, width // 200), width - 1 - max(1, width // 200))
    top = height
    while top and all(_is_near(picture, (x, top - 1), PAPER) for x in edges):
        top -= 1
    lowest, highest = (round(height * share) for share in HEIGHT_RANGE)
    if not lowest <= height - top <= highest + 1:
        return picture
    rules = [
        y
        for y in range(max(0, top - 2 - height // 100), min(top + 1, height))
        if all(_is_rule(picture, (x, y)) for x in edges)
    ]
    return picture.crop((0, 0, width, rules[0] - 1)) if rules and rules[0] > 1 else picture


def _unit(spec: PictureSpec) -> float:
    return min(spec.width, spec.height) / 1024


def _pad(unit: float) -> int:
    return round(30 * unit)


def _small(unit: float) -> int:
    return max(5, round(17 * unit))


def _rule(unit: float) -> int:
    return max(3, round(5 * unit))


def _thumbs_height(thumb: int, unit: float) -> int:
    """A thumbnail with its two lines of facts and a gap."""
    return thumb + 2 * line_height(_facts_size(thumb, unit)) + round(8 * unit)


def _facts_size(thumb: int, unit: float) -> int:
    return max(5, round(min(14 * unit, thumb / 6)))


def _properties(spec: PictureSpec) -> str:
    count = len(spec.references)
    named = f"sandbox · {spec.width}x{spec.height} · {count} reference{'' if count == 1 else 's'}"
    named += " · mask" if spec.mask else " · markup" if spec.markup else ""
    named += f" · {spec.quality} quality" if spec.quality else ""
    return named + (f" · view {spec.variation + 1}" if spec.variation else "")


def _draw_thumbnails(canvas: Image.Image, references: tuple[Reference, ...], at: tuple[int, int], strip: Strip) -> None:
    """Draws each picture as received, with its number, format, dimensions and file size."""
    draw = ImageDraw.Draw(canvas)
    edge, unit = strip.thumb, strip.unit
    small, r = _facts_size(edge, unit), max(4, round(min(13 * unit, edge / 6)))
    for number, reference in enumerate(references, start=1):
        x, y = at[0] + (number - 1) * (edge + strip.gap), at[1]
        draw.rectangle((x, y, x + edge - 1, y + edge - 1), fill=(236, 229, 218))
        picture = ImageOps.contain(open_reference(reference, within=edge * 2), (edge, edge))
        canvas.paste(picture, (x + (edge - picture.width) // 2, y + (edge - picture.height) // 2))
        draw.ellipse((x - r // 2, y - r // 2, x + r * 3 // 2, y + r * 3 // 2), fill=INK)
        badge = wrap_lines(str(number), r, edge)[0]
        draw_line(canvas, (x + r / 2 - badge[0].width / 2, y + r * 0.86), badge, r, PAPER)
        for row, fact in enumerate((f"{reference.width}x{reference.height}", describe_reference(reference))):
            line = wrap_lines(fact, small, edge + strip.gap)[0]
            draw_line(canvas, (x, y + edge + small + round(3 * unit) + row * line_height(small)), line, small, FADED)


def describe_reference(reference: Reference) -> str:
    """Format and file size, and whether the file still carried EXIF."""
    size = reference.length
    fact = f"{size} B" if size < 1000 else f"{size / 1000:.0f} kB" if size < 1_000_000 else f"{size / 1e6:.1f} MB"
    return f"{reference.kind} {fact}{' EXIF' if reference.exif else ''}"


def _is_near(picture: Image.Image, at: tuple[int, int], colour: Colour) -> bool:
    found = picture.getpixel(at)
    assert isinstance(found, tuple)
    return all(abs(value - wanted) <= TOLERANCE for value, wanted in zip(found, colour, strict=True))


def _is_rule(picture: Image.Image, at: tuple[int, int]) -> bool:
    """Whether the rule's red shows: where the picture was scaled, mixed with what stands beside it."""
    found = picture.getpixel(at)
    assert isinstance(found, tuple)
    return found[0] - found[2] > (RULE[0] - RULE[2]) * 0.25 and found[0] - found[1] > (RULE[0] - RULE[1]) * 0.25
