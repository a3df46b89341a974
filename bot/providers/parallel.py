"""Several paintings at once, told as one: for upstreams that paint one picture an answer.

Knows neither HTTP nor a dialect: it merges streams of painting events.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from bot.errors import PaintFailed, Retry
from bot.painting import PaintEvent, Progress, Stage, StageChanged

_STAGES = (Stage.SENDING, Stage.QUEUED, Stage.PAINTING, Stage.SAVING)


@dataclass(slots=True)
class _Share:
    """How far one of the paintings is. `percent` None: it has failed and counts no more."""

    percent: float | None = 0.0
    stage: int = 0


_Inbox = asyncio.Queue[tuple[_Share, PaintEvent | Exception | None]]


def merge_paintings(
    paintings: Sequence[AsyncGenerator[PaintEvent, None]], *, on_failure: Callable[[PaintFailed], None]
) -> AsyncGenerator[PaintEvent, None]:
    """Runs all at once and yields their events; neither stage nor percent falls.

    Percent is the mean of all that have not failed, the stage that of the one furthest behind. Where one
    delivers, the failures of the others go to `swallow`. Closing it closes them all.

    Raises the most telling PaintFailed when all fail.
    """
    return _pass_through(paintings[0]) if len(paintings) == 1 else _merge(paintings, on_failure)


async def _merge(
    paintings: Sequence[AsyncGenerator[PaintEvent, None]], swallow: Callable[[PaintFailed], None]
) -> AsyncGenerator[PaintEvent, None]:
    inbox: _Inbox = asyncio.Queue()
    shares = [_Share() for _ in paintings]
    tasks = [asyncio.create_task(_run(*each, inbox)) for each in zip(paintings, shares, strict=True)]
    failures: list[PaintFailed] = []
    told = _OverallProgress(shares)
    running = len(tasks)
    try:
        while running:
            share, event = await inbox.get()
            if event is None:
                running -= 1
                share.percent, share.stage = 100.0, len(_STAGES) - 1
            elif isinstance(event, PaintFailed):
                running -= 1
                share.percent = None
                failures.append(event)
            elif isinstance(event, Exception):
                raise event
            elif not told.apply(share, event):
                yield event
                continue
            for news in told.take_changes() if running else ():
                yield news
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if len(failures) == len(tasks):
        raise failure_to_report(failures)
    for failure in failures:
        swallow(failure)


async def _pass_through(painting: AsyncGenerator[PaintEvent, None]) -> AsyncGenerator[PaintEvent, None]:
    """One that needs no task and no inbox."""
    share = _Share()
    told = _OverallProgress([share])
    async with aclosing(painting):
        async for event in painting:
            for news in told.take_changes() if told.apply(share, event) else (event,):
                yield news


async def _run(painting: AsyncGenerator[PaintEvent, None], share: _Share, inbox: _Inbox) -> None:
    try:
        async with aclosing(painting):
            async for event in painting:
                inbox.put_nowait((share, event))
    except Exception as exc:  # whatever it is, the reader of the inbox must learn of it
        inbox.put_nowait((share, exc))
    else:
        inbox.put_nowait((share, None))


class _OverallProgress:
    """What was told of stage and percent, so that neither falls or is repeated."""

    def __init__(self, shares: Sequence[_Share]) -> None:
        self._shares = shares
        self._percent: float | None = None  # None: no painting has named one
        self._stage = 0

    def apply(self, share: _Share, event: PaintEvent) -> bool:
        """Notes a stage or a percentage; False for all other events."""
        if isinstance(event, StageChanged):
            share.stage = max(share.stage, _STAGES.index(event.stage))
        elif isinstance(event, Progress):
            share.percent = max(share.percent or 0.0, event.percent)
            self._percent = -1.0 if self._percent is None else self._percent
        else:
            return False
        return True

    def take_changes(self) -> list[PaintEvent]:
        """Where all of them together are, as far as it was not told."""
        counted = [(share.percent, share.stage) for share in self._shares if share.percent is not None]
        news: list[PaintEvent] = []
        stage = min(stage for _, stage in counted)
        if stage > self._stage:
            self._stage = stage
            news.append(StageChanged(_STAGES[stage]))
        mean = sum(percent for percent, _ in counted) / len(counted)
        if self._percent is not None and mean > self._percent:
            self._percent = mean
            news.append(Progress(mean))
        return news


def failure_to_report(failures: Sequence[PaintFailed]) -> PaintFailed:
    """The failure to raise when all failed: one after which nothing may be painted again, if there is any, so that
    two different ends never lead to a second payment; of those, the one that says most."""
    return min(failures, key=lambda failure: (failure.retry is not Retry.NEVER, failure.report_rank))
