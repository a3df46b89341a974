"""Draws the chart of `/admin stats`: figures in, a PNG out. Blocking, for tens of milliseconds.

Pictures and failed jobs share one axis, credits have another below it; what is written is numbers, ISO dates and short
English words, for which Pillow's own font has the letters.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from bot.painting import Image
from bot.pictures.encoding import encode_image
from bot.ports.admin_figures import DayFigures

SIZE = (1200, 675)  # pixels; 16:9, which both platforms show as wide as a phone
LEFT, RIGHT = 116, 1156  # pixels; the plots' edges, with room for the numbers of an axis
TITLE_AT = (44, 58)  # pixels; the middle of its left edge
DATE_GAPS = 4  # between the dates below the bars, of which each is about 130 pixels wide
MIN_BAR_PX = 3  # height of what is not 0 but would hardly be seen beside one huge day
KEY_PX = 22  # pixels, each side of the square before a word of the legend
TITLE_SIZE, WORD_SIZE, NUMBER_SIZE, EMPTY_SIZE = 34, 27, 25, 44  # of letters, pixels; a phone shows a third of it
CARD, BORDER, INK, FAINT_INK, GRID = "#fbfaf7", "#d9d4ca", "#26221c", "#5f584e", "#e6e1d7"
BLUE, RED, GREEN = "#2f6fde", "#d1432f", "#1f8a70"
STEPS = (1, 2, 5)  # times a power of ten: the round distances between two lines of an axis


@dataclass(frozen=True, slots=True, kw_only=True)
class _Series:
    """Bars of one kind, one a day."""

    word: str
    color: str
    values: tuple[int, ...]
    start: float
    """Where a bar begins within its day, 0 to 1."""
    end: float
    """Where it ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plot:
    """Where bars stand."""

    legend_y: int
    """Pixels; the middle of the legend above it."""
    top: int
    """Pixels; the highest line of the axis."""
    bottom: int
    """Pixels; the line of 0."""
    max_lines: int
    """Lines of the axis above 0."""


PICTURES_PLOT = _Plot(legend_y=122, top=164, bottom=388, max_lines=4)
CREDITS_PLOT = _Plot(legend_y=440, top=482, bottom=594, max_lines=2)
DATES_Y = 626  # pixels; the middle of the dates


def draw_chart(days: Sequence[DayFigures]) -> Image:
    """A PNG of SIZE about days one after the other, oldest first."""
    card = Pillow.new("RGB", SIZE, BORDER)
    draw = ImageDraw.Draw(card)
    draw.rectangle((2, 2, SIZE[0] - 3, SIZE[1] - 3), fill=CARD)
    title = f"Day by day, {days[0].day} to {days[-1].day} (UTC)" if days else "Easel"
    draw.text(TITLE_AT, title, fill=INK, font=_font(TITLE_SIZE), anchor="lm")
    pictures = _Series(word="Pictures", color=BLUE, values=tuple(day.pictures for day in days), start=0.12, end=0.62)
    failed = _Series(word="Failed jobs", color=RED, values=tuple(day.failed for day in days), start=0.66, end=0.9)
    credits = _Series(word="Credits", color=GREEN, values=tuple(day.charged for day in days), start=0.12, end=0.9)
    if any(pictures.values + failed.values + credits.values):
        _draw_plot(draw, PICTURES_PLOT, (pictures, failed))
        _draw_plot(draw, CREDITS_PLOT, (credits,))
        _draw_dates(draw, days)
    else:
        middle = (SIZE[0] / 2, SIZE[1] / 2)
        draw.text(middle, "Nothing yet", fill=FAINT_INK, font=_font(EMPTY_SIZE), anchor="mm")
    return encode_image(card, "image/png", 100)


def axis_step(highest: int, max_lines: int) -> int:
    """The smallest round distance between lines of which at most `max_lines`, ≥ 1, reach up to `highest`, ≥ 0."""
    power = 1
    while STEPS[-1] * power * max_lines < highest:
        power *= 10
    return power * min(step for step in STEPS if step * power * max_lines >= highest)


def short_number(number: int) -> str:
    """A round number of an axis in few characters: 500, 1.5k, 20k, 1M."""
    if number >= 1_000_000:
        return f"{number / 1_000_000:g}M"
    return f"{number / 1_000:g}k" if number >= 1_000 else str(number)


def _draw_plot(draw: ImageDraw.ImageDraw, plot: _Plot, several: Sequence[_Series]) -> None:
    """Bars with their axis, and above them the legend with what they add up to."""
    x = float(TITLE_AT[0])
    for series in several:
        half = KEY_PX / 2
        draw.rectangle((x, plot.legend_y - half, x + KEY_PX - 1, plot.legend_y + half - 1), fill=series.color)
        words = f"{series.word}: {sum(series.values):,}"
        draw.text((x + KEY_PX + 12, plot.legend_y), words, fill=INK, font=_font(WORD_SIZE), anchor="lm")
        x += KEY_PX + 12 + _font(WORD_SIZE).getlength(words) + 48
    highest = max(max(series.values) for series in several)
    step = axis_step(highest, plot.max_lines)
    lines = max(1, -(-highest // step))
    for line in range(lines + 1):
        y = plot.bottom - round(line / lines * (plot.bottom - plot.top))
        draw.line((LEFT, y, RIGHT, y), fill=GRID if line else FAINT_INK, width=2)
        number = short_number(line * step)
        draw.text((LEFT - 14, y), number, fill=FAINT_INK, font=_font(NUMBER_SIZE), anchor="rm")
    for series in several:
        width = (RIGHT - LEFT) / len(series.values)
        for at, value in enumerate(series.values):
            if value:
                height = max(MIN_BAR_PX, round(value / (lines * step) * (plot.bottom - plot.top)))
                left, right = (round(LEFT + (at + edge) * width) for edge in (series.start, series.end))
                box = (left, plot.bottom - height, max(left, right - 1), plot.bottom - 1)
                draw.rectangle(box, fill=series.color)


def _draw_dates(draw: ImageDraw.ImageDraw, days: Sequence[DayFigures]) -> None:
    """The last day and some before it, at equal distances."""
    font, width = _font(NUMBER_SIZE), (RIGHT - LEFT) / len(days)
    for at in range(len(days) - 1, -1, -max(1, len(days) // DATE_GAPS)):
        x, words = LEFT + (at + 0.5) * width, str(days[at].day)
        draw.line((x, CREDITS_PLOT.bottom, x, CREDITS_PLOT.bottom + 10), fill=FAINT_INK, width=2)
        half = font.getlength(words) / 2
        middle = min(x, SIZE[0] - TITLE_AT[0] + 8 - half)
        draw.text((middle, DATES_Y), words, fill=FAINT_INK, font=font, anchor="mm")


def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)  # Pillow's wheels have FreeType; a bitmap font has no sizes
    return font
