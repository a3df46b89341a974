"""Several concurrent generations merged into one stream of events: for upstreams that paint one image an answer.

Knows neither HTTP nor a dialect.
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
    """Progress of one of the generations."""

    percent: float | None = 0.0
    """Percentage, 0 to 100; None: it failed and no longer counts."""

    stage: int = 0
    """Index into _STAGES."""


_Inbox = asyncio.Queue[tuple[_Share, PaintEvent | Exception | None]]


def merge_paintings(
    paintings: Sequence[AsyncGenerator[PaintEvent, None]], *, on_failure: Callable[[PaintFailed], None]
) -> AsyncGenerator[PaintEvent, None]:
    """Runs all generations concurrently and yields their events; neither stage nor percentage falls.

    The percentage is the mean of all that have not failed, the stage that of the one furthest behind. Where one
    succeeds, the failures of the others go to `on_failure`. Closing the iterator closes them all.

    Raises PaintFailed when all fail: that of `failure_to_report`.
    """
    return _pass_through(paintings[0]) if len(paintings) == 1 else _merge(paintings, on_failure)


async def _merge(
    paintings: Sequence[AsyncGenerator[PaintEvent, None]], on_failure: Callable[[PaintFailed], None]
) -> AsyncGenerator[PaintEvent, None]:
    inbox: _Inbox = asyncio.Queue()
    shares = [_Share() for _ in paintings]
    tasks = [asyncio.create_task(_run(*each, inbox)) for each in zip(paintings, shares, strict=True)]
    failures: list[PaintFailed] = []
    progress = _OverallProgress(shares)
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
            elif not progress.apply(share, event):
                yield event
                continue
            for change in progress.collect_changes() if running else ():
                yield change
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if len(failures) == len(tasks):
        raise failure_to_report(failures)
    for failure in failures:
        on_failure(failure)


async def _pass_through(painting: AsyncGenerator[PaintEvent, None]) -> AsyncGenerator[PaintEvent, None]:
    """A single generation, which needs no task and no inbox."""
    share = _Share()
    progress = _OverallProgress([share])
    async with aclosing(painting):
        async for event in painting:
            for change in progress.collect_changes() if progress.apply(share, event) else (event,):
                yield change


async def _run(painting: AsyncGenerator[PaintEvent, None], share: _Share, inbox: _Inbox) -> None:
    try:
        async with aclosing(painting):
            async for event in painting:
                inbox.put_nowait((share, event))
    except Exception as exc:  # of any kind: it is raised by the reader of the inbox
        inbox.put_nowait((share, exc))
    else:
        inbox.put_nowait((share, None))


class _OverallProgress:
    """Stage and percentage of all generations together, so that neither falls or is repeated."""

    def __init__(self, shares: Sequence[_Share]) -> None:
        self._shares = shares
        self._percent: float | None = None  # the last one reported; None: no generation has reported any
        self._stage = 0

    def apply(self, share: _Share, event: PaintEvent) -> bool:
        """Records a stage or a percentage; False for all other events."""
        if isinstance(event, StageChanged):
            share.stage = max(share.stage, _STAGES.index(event.stage))
        elif isinstance(event, Progress):
            share.percent = max(share.percent or 0.0, event.percent)
            self._percent = -1.0 if self._percent is None else self._percent
        else:
            return False
        return True

    def collect_changes(self) -> list[PaintEvent]:
        """The events for what has changed since the last call."""
        counted = [(share.percent, share.stage) for share in self._shares if share.percent is not None]
        changes: list[PaintEvent] = []
        stage = min(stage for _, stage in counted)
        if stage > self._stage:
            self._stage = stage
            changes.append(StageChanged(_STAGES[stage]))
        mean = sum(percent for percent, _ in counted) / len(counted)
        if self._percent is not None and mean > self._percent:
            self._percent = mean
            changes.append(Progress(mean))
        return changes


def failure_to_report(failures: Sequence[PaintFailed]) -> PaintFailed:
    """The failure to raise when all failed: one that forbids any retry, if there is one, so that two different failures
    never lead to a second payment; of those, the one with the lowest `report_rank`."""
    return min(failures, key=lambda failure: (failure.retry is not Retry.NEVER, failure.report_rank))
