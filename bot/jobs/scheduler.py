"""Who runs a job: this process, as an asyncio task for each, in the order of the line.

Knows nothing of what a job does; the plot stands in `bot.jobs.runner`.
"""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import Protocol

from bot.jobs.fair_queue import FairQueue
from bot.metrics import JOBS_RUNNING, JOBS_WAITING


class Workflow(Protocol):
    """What is run: `bot.jobs.runner.JobRunner`."""

    async def run(self, job_id: str, release_slot: Callable[[], None]) -> None:
        """From beginning to end; raises nothing but CancelledError. `settled` is called when the job needs its
        place in the line no more."""
        ...

    def update_queue_position(self, job_id: str, position: int) -> None:
        """A waiting job's place in line changed."""
        ...

    def is_cancellable(self, job_id: str) -> bool:
        """Whether the job can still be cancelled."""
        ...

    async def settle_cancelled(self, job_id: str) -> bool:
        """Ends a job that runs nowhere. False: it had ended before."""
        ...


class Scheduler:
    """Starts jobs as their turn comes, and ends them on request."""

    def __init__(self, line: FairQueue, plot: Workflow) -> None:
        self._line = line
        self._plot = plot
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._endings: dict[str, asyncio.Task[bool]] = {}
        self._places: dict[str, int] = {}
        self._claimed: set[str] = set()
        self._closed = False

    @contextmanager
    def claim_slot(self, job: str, user: str) -> Generator[bool]:
        """Whether a job that is about to be accepted can start at once. Its turn is kept for it until the block ends,
        and is another's then unless it was submitted."""
        if self._closed or not self._line.start_if_next(job, user):
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
            self._line.enqueue(job, user)
        self._advance()

    def has_job(self, job: str) -> bool:
        """Whether the job is about to start, waits, runs or is being ended here."""
        return any(job in there for there in (self._claimed, self._places, self._tasks, self._endings))

    async def wait_for_end(self, job: str, *, timeout_s: float) -> None:
        """Waits for a job that is running here to end, that long at the most."""
        if (task := self._tasks.get(job)) is not None:
            await asyncio.wait([task], timeout=timeout_s)

    async def cancel(self, job: str) -> bool:
        """Ends a job wherever it is, closing its upstream connection. False: its end has come already.

        Whoever asks while it is being ended gets the same answer; a caller who goes away stops nothing.
        """
        ending = self._endings.get(job)
        if ending is None:
            ending = self._endings[job] = asyncio.create_task(self._end(job), name=f"cancel {job}")
            ending.add_done_callback(lambda _: self._endings.pop(job))
        return await asyncio.shield(ending)

    async def drain(self, grace_s: float) -> None:
        """Starts nothing more, gives running jobs that long, then interrupts them; they go on at the next start.
        What members have cancelled is ended first."""
        self._closed = True
        tasks = list(self._tasks.values())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=grace_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await asyncio.gather(*self._endings.values(), return_exceptions=True)

    async def _end(self, job: str) -> bool:
        if not self._plot.is_cancellable(job):
            return False
        if (task := self._tasks.get(job)) is not None:
            task.cancel()
            await asyncio.wait([task])
        self._leave(job)
        return await self._plot.settle_cancelled(job)

    def _launch(self, job: str) -> None:
        task = self._tasks[job] = asyncio.create_task(self._plot.run(job, partial(self._leave, job)), name=f"job {job}")
        # a callback and not a `finally`: a task that is cancelled before its first step runs none of it
        task.add_done_callback(partial(self._ended, job))

    def _advance(self) -> None:
        while not self._closed and (job := self._line.start_next()) is not None:
            self._launch(job)
        places = self._line.positions()
        for job, place in places.items():
            if self._places.get(job) != place:
                self._plot.update_queue_position(job, place)
        self._places = places
        JOBS_RUNNING.set(len(self._tasks))
        JOBS_WAITING.set(len(places))

    def _leave(self, job: str) -> None:
        self._line.remove(job)
        self._advance()

    def _ended(self, job: str, _: asyncio.Task[None]) -> None:
        del self._tasks[job]
        self._leave(job)
