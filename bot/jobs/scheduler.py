"""Schedules jobs: each runs as an asyncio task of this process, in the order of the fair queue. The dispatch on SQLite.

Knows nothing of what a job does; the workflow stands in `bot.jobs.runner`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Generator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from bot.errors import Stale
from bot.job import Job
from bot.jobs.fair_queue import FairQueue
from bot.observability.metrics import JOBS_RUNNING, JOBS_WAITING
from bot.ports import Signal, Workflow
from bot.runtime.background import end_tasks
from bot.runtime.clock import Clock, wait_for_event


class Hold:
    """The start of a job, put off to a moment that can be moved."""

    def __init__(self, until: float) -> None:
        """`until`: in the time of `Clock.monotonic`, seconds."""
        self._until = until
        self._moved = asyncio.Event()

    def move(self, until: float) -> None:
        self._until = until
        self._moved.set()

    async def wait(self, clock: Clock) -> None:
        """Returns when the moment has come."""
        while (left := self._until - clock.monotonic()) > 0:
            self._moved.clear()
            await wait_for_event(self._moved, left, clock)


class Scheduler:
    """Starts jobs when the queue lets them, and cancels them on request. Implements `bot.ports.Dispatch`.

    A held job has its place in the queue, and its slot, but its workflow does not begin before its hold has ended.
    """

    def __init__(self, queue: FairQueue, workflow: Workflow, clock: Clock) -> None:
        self._queue = queue
        self._workflow = workflow
        self._clock = clock
        self._holds: dict[str, Hold] = {}
        self._held: set[str] = set()  # jobs whose tasks wait for their holds
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._cancellations: dict[str, asyncio.Task[bool]] = {}
        self._positions: dict[str, int] = {}
        self._claimed: set[str] = set()
        self._closed = False

    @property
    def process(self) -> None:
        """None: there is no other process."""
        return

    async def start(self, take_up: Callable[[Job], Awaitable[None]]) -> None:
        """No-op: there is nobody to take jobs from."""

    @contextmanager
    def claim_slot(self, job: str, user: str) -> Generator[bool]:
        """Whether a job that is about to be accepted can start at once. Its slot is held until the block ends, and is
        released then unless the job was submitted."""
        if self._closed or not self._queue.start_if_next(job, user):
            yield False
            return
        self._claimed.add(job)
        try:
            yield True
        finally:
            if job in self._claimed:
                self._claimed.remove(job)
                self._release_slot(job)

    def enqueue(self, conn: Any, job: Job, hold_s: float) -> Job:
        """No-op: the queue is this process's own, and `submit` fills it."""
        return job

    def submit(self, job: str, user: str, *, hold_s: float = 0.0, is_held_here: bool = True) -> None:
        """Queues the job; starts it now if a slot is free or was claimed for it. `hold_s`: seconds from now before
        which its workflow does not begin. `is_held_here`: always True."""
        if hold_s:
            self._holds[job] = Hold(self._clock.monotonic() + hold_s)
        if job in self._claimed and not self._closed:
            self._claimed.remove(job)
            self._start_task(job)
        else:
            self._queue.enqueue(job, user)
        self._start_waiting()

    def move_hold(self, job: str, hold_s: float) -> None:
        """A held job's workflow begins `hold_s` seconds from now, and not when it was said before."""
        if (hold := self._holds.get(job)) is not None:
            hold.move(self._clock.monotonic() + hold_s)

    def count_jobs(self, user: str) -> int:
        """How many jobs of a user wait or run here."""
        return self._queue.count(user)

    def has_job(self, job: str) -> bool:
        """Whether the job has a claimed slot, waits, runs or is being cancelled here."""
        return any(job in jobs for jobs in (self._claimed, self._positions, self._tasks, self._cancellations))

    async def queue_positions(self, jobs: Collection[str]) -> Mapping[str, int]:
        """The positions of jobs among all that wait, 1 is next; those that do not wait are missing."""
        return {job: self._positions[job] for job in jobs if job in self._positions}

    async def wait_for_end(self, job: str, *, timeout_s: float) -> None:
        """Waits until the task of a job that is running here has ended, at most `timeout_s` seconds."""
        if (task := self._tasks.get(job)) is not None:
            await asyncio.wait([task], timeout=timeout_s)

    async def cancel(self, job: str) -> bool:
        """Cancels a job, waiting or running, closing its upstream connection. False: it has ended, or delivers already.

        Concurrent calls for one job share one cancellation and its result; cancelling a caller does not stop it.
        """
        cancellation = self._cancellations.get(job)
        if cancellation is None:
            cancellation = self._cancellations[job] = asyncio.create_task(self._cancel_job(job), name=f"cancel {job}")
            cancellation.add_done_callback(lambda _: self._cancellations.pop(job))
        return await asyncio.shield(cancellation)

    @property
    def is_busy(self) -> bool:
        """Whether a job runs."""
        return bool(self._tasks)

    def problem(self) -> None:
        """None: what starts jobs cannot fail."""
        return

    async def drain(self, grace_s: float, hurry: Signal | None = None) -> None:
        """Starts nothing more, gives running jobs `grace_s` seconds, or until `hurry` is set, then interrupts them;
        they go on at the next start, as held ones do. Waits for cancellations under way."""
        self._closed = True
        for job in self._held:
            self._tasks[job].cancel()
        await end_tasks(list(self._tasks.values()), grace_s, hurry)
        await asyncio.gather(*self._cancellations.values(), return_exceptions=True)

    async def _cancel_job(self, job: str) -> bool:
        if not self._workflow.is_cancellable(job):
            return False
        if (task := self._tasks.get(job)) is not None:
            task.cancel()
            await asyncio.wait([task])
        self._release_slot(job)
        try:
            return await self._workflow.settle_cancelled(job)
        except Stale:  # a job that waited for the database began again at this moment
            return await self._workflow.settle_cancelled(job)

    def _start_task(self, job: str) -> None:
        task = self._tasks[job] = asyncio.create_task(self._run(job), name=f"job {job}")
        # a callback and not a `finally`: a task that is cancelled before its first step runs none of it
        task.add_done_callback(partial(self._task_done, job))

    async def _run(self, job: str) -> None:
        if (hold := self._holds.get(job)) is not None:
            self._held.add(job)
            try:
                await hold.wait(self._clock)
            finally:
                self._held.discard(job)
                self._holds.pop(job, None)
        await self._workflow.run(job, partial(self._release_slot, job))

    def _start_waiting(self) -> None:
        while not self._closed and (job := self._queue.start_next()) is not None:
            self._start_task(job)
        positions = self._queue.positions()
        for job, position in positions.items():
            if self._positions.get(job) != position:
                self._workflow.update_queue_position(job, position)
        self._positions = positions
        JOBS_RUNNING.set(len(self._tasks))
        JOBS_WAITING.set(len(positions))

    def _release_slot(self, job: str) -> None:
        self._queue.remove(job)
        self._holds.pop(job, None)
        self._start_waiting()

    def _task_done(self, job: str, _: asyncio.Task[None]) -> None:
        del self._tasks[job]
        self._release_slot(job)
