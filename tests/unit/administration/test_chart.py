"""The chart of the statistics: a card of one size, bars in proportion, round numbers, also for odd days."""

import io
from datetime import date, timedelta

import pytest
from PIL import Image as Pillow

from bot.administration.chart import (
    BLUE,
    CARD,
    CREDITS_PLOT,
    GREEN,
    MIN_BAR_PX,
    PICTURES_PLOT,
    RED,
    SIZE,
    axis_step,
    draw_chart,
    short_number,
)
from bot.ports.admin_figures import DayFigures

LAST = date(2026, 3, 2)


def days(*each: tuple[int, int, int]) -> list[DayFigures]:
    """Figures of pictures, failed jobs and credits up to LAST."""
    return [
        DayFigures(
            day=LAST - timedelta(days=len(each) - 1 - at),
            pictures=pictures,
            done=pictures,
            failed=failed,
            charged=charged,
            cancelled=0,
        )
        for at, (pictures, failed, charged) in enumerate(each)
    ]


def drawn(figures: list[DayFigures]) -> Pillow.Image:
    image = draw_chart(figures)
    assert (image.media_type, image.width, image.height) == ("image/png", *SIZE)
    return Pillow.open(io.BytesIO(image.data)).convert("RGB")


def heights(chart: Pillow.Image, color: str, top: int, bottom: int) -> list[int]:
    """Heights of the bars of a color between two lines, from left to right, pixels."""
    wanted = tuple(bytes.fromhex(color[1:]))
    columns = [sum(chart.getpixel((x, y)) == wanted for y in range(top, bottom)) for x in range(SIZE[0])]
    starts = [x for x in range(1, SIZE[0]) if columns[x] and not columns[x - 1]]
    return [columns[x] for x in starts]


def test_bars_are_as_high_as_their_days() -> None:
    chart = drawn(days((50, 0, 10), (0, 25, 0), (100, 100, 20)))
    whole = PICTURES_PLOT.bottom - PICTURES_PLOT.top
    assert heights(chart, BLUE, PICTURES_PLOT.top, PICTURES_PLOT.bottom) == [whole // 2, whole]
    assert heights(chart, RED, PICTURES_PLOT.top, PICTURES_PLOT.bottom) == [whole // 4, whole]
    whole = CREDITS_PLOT.bottom - CREDITS_PLOT.top
    assert heights(chart, GREEN, CREDITS_PLOT.top, CREDITS_PLOT.bottom) == [whole // 2, whole]


def test_small_days_beside_a_huge_one_are_still_seen() -> None:
    chart = drawn(days((1, 0, 0), (0, 0, 0), (1_000_000, 3, 0)))
    whole = PICTURES_PLOT.bottom - PICTURES_PLOT.top
    assert heights(chart, BLUE, PICTURES_PLOT.top, PICTURES_PLOT.bottom) == [MIN_BAR_PX, whole]
    assert heights(chart, RED, PICTURES_PLOT.top, PICTURES_PLOT.bottom) == [MIN_BAR_PX]
    assert heights(chart, GREEN, CREDITS_PLOT.top, CREDITS_PLOT.bottom) == []


@pytest.mark.parametrize("figures", [[], days(*[(0, 0, 0)] * 30)], ids=["no days", "no jobs"])
def test_nothing_yet_is_said_without_axes(figures: list[DayFigures]) -> None:
    chart = drawn(figures)
    assert chart.getpixel((600, PICTURES_PLOT.bottom)) == tuple(bytes.fromhex(CARD[1:]))
    inked = chart.crop((400, 300, 800, 380)).getcolors()
    assert inked is not None
    assert len(inked) > 1


@pytest.mark.parametrize("count", [1, 7, 8, 30, 400])
def test_nothing_stands_beyond_the_card(count: int) -> None:
    chart = drawn(days(*[(3, 1, 2)] * count))
    for x in (2, 20, SIZE[0] - 20, SIZE[0] - 3):
        assert {chart.getpixel((x, y)) for y in range(2, SIZE[1] - 2)} == {tuple(bytes.fromhex(CARD[1:]))}


@pytest.mark.parametrize(
    ("highest", "lines", "step"),
    [(0, 4, 1), (1, 4, 1), (4, 4, 1), (5, 4, 2), (17, 4, 5), (21, 4, 10), (90, 2, 50), (4001, 4, 2000), (20, 1, 20)],
)
def test_lines_of_an_axis_are_round(highest: int, lines: int, step: int) -> None:
    assert axis_step(highest, lines) == step


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0"), (999, "999"), (1000, "1k"), (1500, "1.5k"), (200_000, "200k"), (1_500_000, "1.5M")],
)
def test_numbers_of_an_axis_are_short(number: int, words: str) -> None:
    assert short_number(number) == words
