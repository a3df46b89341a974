"""Who runs a job: this process, as an asyncio task for each, in the order of the line.

Knows nothing of what a job does; the plot stands in `bot.jobs.runner`.
"""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import Protocol

from bot.jobs.fair_queue import FairQueue
from bot.metrics import RUNNING, WAITING


class Plot(Protocol):
    """What is run: `bot.jobs.runner.JobRunner`."""

    async def run(self, job_id: str, settled: Callable[[], None]) -> None:
        """From beginning to end; raises nothing but CancelledError. `settled` is called when the job needs its
        place in the line no more."""
        ...

    def placed(self, job_id: str, place: int) -> None:
        """A waiting job's place in line changed."""
        ...

    def may_cancel(self, job_id: str) -> bool:
        """Whether the job can still be cancelled."""
        ...

    async def cancelled(self, job_id: str) -> bool:
        """Ends a job that runs nowhere. False: it had ended before."""
        ...


class Scheduler:
    """Starts jobs as their turn comes, and ends them on request."""

    def __init__(self, line: FairQueue, plot: Plot) -> None:
        self._line = line
        self._plot = plot
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._endings: dict[str, asyncio.Task[bool]] = {}
        self._places: dict[str, int] = {}
        self._claimed: set[str] = set()
        self._closed = False

    @contextmanager
    def claimed(self, job: str, user: str) -> Generator[bool]:
        """Whether a job that is about to be accepted can start at once. Its turn is kept for it until the block ends,
        and is another's then unless it was submitted."""
        if self._closed or not self._line.claim(job, user):
            yield False
            return
        self._claimed.add(job)
        try:
            yield True
        finally:
            if job in self._claimed:
                self._claimed.remove(job)
                self._leave(job)

    def submit(self, job: str, user: str) -> None:
        """The job is in line; it starts now if it may."""
        if job in self._claimed and not self._closed:
            self._claimed.remove(job)
            self._launch(job)
        else:
            self._line.join(job, user)
        self._advance()

    def has(self, job: str) -> bool:
        """Whether the job is about to start, waits, runs or is being ended here."""
        return any(job in there for there in (self._claimed, self._places, self._tasks, self._endings))

    async def join(self, job: str, *, seconds: float) -> None:
        """Waits for a job that is running here to end, that long at the most."""
        if (task := self._tasks.get(job)) is not None:
            await asyncio.wait([task], timeout=seconds)

    async def cancel(self, job: str) -> bool:
        """Ends a job wherever it is, closing its upstream connection. False: its end has come already.

        Whoever asks while it is being ended gets the same answer; a caller who goes away stops nothing.
        """
        ending = self._endings.get(job)
        if ending is None:
            ending = self._endings[job] = asyncio.create_task(self._end(job), name=f"cancel {job}")
            ending.add_done_callback(lambda _: self._endings.pop(job))
        return await asyncio.shield(ending)

    async def drain(self, seconds: float) -> None:
        """Starts nothing more, gives running jobs that long, then interrupts them; they go on at the next start.
        What members have cancelled is ended first."""
        self._closed = True
        tasks = list(self._tasks.values())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await asyncio.gather(*self._endings.values(), return_exceptions=True)

    async def _end(self, job: str) -> bool:
        if not self._plot.may_cancel(job):
            return False
        if (task := self._tasks.get(job)) is not None:
            task.cancel()
            await asyncio.wait([task])
        self._leave(job)
        return await self._plot.cancelled(job)

    def _launch(self, job: str) -> None:
        task = self._tasks[job] = asyncio.create_task(self._plot.run(job, partial(self._leave, job)), name=f"job {job}")
        # a callback and not a `finally`: a task that is cancelled before its first step runs none of it
        task.add_done_callback(partial(self._ended, job))

    def _advance(self) -> None:
        while not self._closed and (job := self._line.take()) is not None:
            self._launch(job)
        places = self._line.places()
        for job, place in places.items():
            if self._places.get(job) != place:
                self._plot.placed(job, place)
        self._places = places
        RUNNING.set(len(self._tasks))
        WAITING.set(len(places))

    def _leave(self, job: str) -> None:
        self._line.leave(job)
        self._advance()

    def _ended(self, job: str, _: asyncio.Task[None]) -> None:
        del self._tasks[job]
        self._leave(job)
