"""Who runs a job: this process, as an asyncio task for each, in the order of the line.

Knows nothing of what a job does; the plot stands in `bot.jobs`.
"""

import asyncio
from typing import Protocol

from bot.line import Line
from bot.metrics import RUNNING, WAITING


class Plot(Protocol):
    """What is run: `bot.jobs.Jobs`."""

    async def run(self, job_id: str) -> None:
        """From beginning to end; raises nothing but CancelledError."""
        ...

    def placed(self, job_id: str, place: int) -> None:
        """A waiting job's place in line changed."""
        ...

    def may_cancel(self, job_id: str) -> bool:
        """Whether the job can still be cancelled; it is from here on known to be."""
        ...

    async def cancelled(self, job_id: str) -> bool:
        """Ends a job that runs nowhere. False: it had ended before."""
        ...


class Dispatch:
    """Starts jobs as their turn comes, and ends them on request."""

    def __init__(self, line: Line, plot: Plot) -> None:
        self._line = line
        self._plot = plot
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._places: dict[str, int] = {}
        self._closed = False

    def submit(self, job: str, user: str) -> None:
        """The job is in line; it starts now if it may."""
        self._line.join(job, user)
        self._advance()

    async def cancel(self, job: str) -> bool:
        """Ends a job wherever it is, closing its upstream connection. False: its end has come already."""
        if not self._plot.may_cancel(job):
            return False
        task = self._tasks.get(job)
        if task is None:
            self._line.leave(job)
            self._advance()
            return await self._plot.cancelled(job)
        task.cancel()
        await asyncio.wait([task])
        return not task.cancelled()

    async def drain(self, seconds: float) -> None:
        """Starts nothing more, gives running jobs that long, then interrupts them; they go on at the next start."""
        self._closed = True
        tasks = list(self._tasks.values())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _advance(self) -> None:
        while not self._closed and (job := self._line.take()) is not None:
            task = asyncio.create_task(self._run_one(job), name=f"job {job}")
            self._tasks[job] = task
        places = self._line.places()
        for job, place in places.items():
            if self._places.get(job) != place:
                self._plot.placed(job, place)
        self._places = places
        RUNNING.set(len(self._tasks))
        WAITING.set(len(places))

    async def _run_one(self, job: str) -> None:
        try:
            await self._plot.run(job)
        finally:
            del self._tasks[job]
            self._line.leave(job)
            self._advance()
