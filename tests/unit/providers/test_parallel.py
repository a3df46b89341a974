"""Several paintings told as one."""

from collections.abc import AsyncGenerator

import pytest

from bot.errors import Moderated, PaintFailed, Unreachable
from bot.painting import Accepted, FinishedImage, Link, PaintEvent, Progress, Stage, StageChanged
from bot.providers.parallel import merge_paintings

PICTURE = FinishedImage(Link(url="https://x.example/a.png"))


async def painting(*steps: PaintEvent | Exception) -> AsyncGenerator[PaintEvent, None]:
    for step in steps:
        if isinstance(step, Exception):
            raise step
        yield step


async def tell(*paintings: AsyncGenerator[PaintEvent, None]) -> tuple[list[PaintEvent], list[PaintFailed]]:
    swallowed: list[PaintFailed] = []
    return [event async for event in merge_paintings(paintings, on_failure=swallowed.append)], swallowed


async def test_one_painting_is_told_as_it_is() -> None:
    steps = (Accepted(), StageChanged(Stage.QUEUED), StageChanged(Stage.PAINTING), Progress(8.4), PICTURE)
    assert await tell(painting(*steps)) == (list(steps), [])


async def test_neither_stage_nor_percent_falls_or_is_repeated() -> None:
    steps = (
        StageChanged(Stage.PAINTING),
        Progress(50),
        StageChanged(Stage.QUEUED),
        Progress(40),
        Progress(50),
        PICTURE,
    )
    assert await tell(painting(*steps)) == ([StageChanged(Stage.PAINTING), Progress(50), PICTURE], [])


async def test_one_that_failed_counts_no_more_and_one_that_is_done_counts_in_full() -> None:
    events, swallowed = await tell(
        painting(Unreachable()),
        painting(Progress(10), PICTURE),
        painting(Progress(20), PICTURE, Progress(60)),
    )
    assert [event.percent for event in events if isinstance(event, Progress)] == [5, 50, 60, 80]
    assert events.count(PICTURE) == 2
    assert [type(failure) for failure in swallowed] == [Unreachable]


async def test_the_most_telling_failure_is_raised_when_all_fail() -> None:
    with pytest.raises(Moderated):
        await tell(painting(Unreachable()), painting(Moderated()))


async def test_a_mistake_of_ours_is_not_taken_for_a_failure_of_the_upstream() -> None:
    with pytest.raises(ZeroDivisionError):
        await tell(painting(ZeroDivisionError()), painting(PICTURE))
