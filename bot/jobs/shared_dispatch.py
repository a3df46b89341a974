"""Dispatches jobs over several processes, by the queue that they share in PostgreSQL. Implements `bot.ports.Dispatch`.

A job that a process accepts while it has a slot free is its own from the start; any other waits in the queue, for
whichever process has one first. What a process has begun it holds (`Job.holder`) as long as it is a member: who was
given up drops its jobs, and their attempts are fenced. Knows nothing of what a job does.

Procrastinate's own worker is not used: it keeps a slot until the task has ended, while Easel's is free once nothing is
left but to send the pictures, and it stops altogether when one of its heartbeats fails.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from bot.errors import Stale, StoreFailed
from bot.job import Job
from bot.jobs.job_recovery import JobRecovery
from bot.jobs.queue_positions import QueuePositions
from bot.jobs.remote_cancel import RemoteCancel
from bot.jobs.scheduler import Hold
from bot.observability.job_context import about_job
from bot.observability.metrics import JOBS_RUNNING
from bot.ports import Cluster, MembershipChange, SharedWorkflow, Signal
from bot.runtime.background import BackgroundTasks, end_tasks
from bot.runtime.clock import Clock, wait_for_event
from bot.runtime.supervision import Supervisor
from bot.store.job_holders import JobHolders
from bot.store.job_queue import Entry

log = structlog.get_logger()

TOPIC = "jobs"  # one waits in the queue
POLL_S = 5.0  # between two looks into the queue when nobody tells of a job
RETRY_S = 1.0  # before a write is repeated whose database failed
MAX_PAUSE_S = 2.0  # of a loop whose database is away
LOOK_S = 0.1  # between two looks whether a job of another process has ended
SETTLE_TRIES = 3  # of a cancelled job: another process may take it at the same moment


@dataclass(slots=True, kw_only=True)
class _Run:
    """A job that this process holds a slot for, or runs."""

    member: str
    """Under which id it is held."""
    entry: Entry | None
    """None: it was ended, or given back."""
    task: asyncio.Task[None] | None = None
    hold: Hold | None = None
    has_slot: bool = True


class SharedDispatch:
    """The jobs of this process, among those of all."""

    def __init__(
        self,
        holders: JobHolders,
        workflow: SharedWorkflow,
        cluster: Cluster,
        clock: Clock,
        *,
        concurrency: int,
        platforms: Collection[str],
        recover_every_s: float,
    ) -> None:
        """`concurrency`: jobs that this process runs at once; 0: none. `platforms`: those that it can write to.
        `recover_every_s`: between two looks for what other processes have left behind."""
        self._holders = holders
        self._workflow = workflow
        self._cluster = cluster
        self._clock = clock
        self._concurrency = concurrency
        self._platforms = tuple(platforms)
        self._runs: dict[str, _Run] = {}
        self._entries: dict[str, Entry | None] = {}  # of jobs that are being accepted
        self._positions = QueuePositions(holders, workflow.update_queue_position, clock)
        self._cancellations: dict[str, asyncio.Task[bool]] = {}
        self._recovery = JobRecovery(
            holders,
            cluster.membership,
            clock,
            every_s=recover_every_s,
            is_known=self._is_known,
            on_freed=self._wake_up,
            notify=workflow.notify_in_background if concurrency else None,
            platforms=self._platforms,
        )
        self._remote = RemoteCancel(cluster, clock, self._cancel_here)
        self._background = BackgroundTasks()
        self._supervisor = Supervisor(clock)
        self._wake = asyncio.Event()  # the queue may have a job for this process
        self._is_drained = False  # the queue had nothing for this process when it looked last
        self._take_up: Callable[[Job], Awaitable[None]] | None = None
        self._closed = False

    @property
    def process(self) -> str:
        return self._cluster.membership.id

    async def start(self, take_up: Callable[[Job], Awaitable[None]]) -> None:
        self._take_up = take_up
        self._cluster.bus.subscribe(TOPIC, lambda _: self._wake_up())
        self._cluster.bus.on_gap(self._wake_up)
        self._cluster.membership.subscribe(self._membership_changed)
        loops = {
            "job queue": self._fetch_jobs,
            "job recovery": self._recovery.keep_recovering,
            "queue positions": self._positions.keep_showing,
        }
        for name, work in loops.items():
            self._supervisor.keep_running(name, work, max_pause_s=MAX_PAUSE_S)

    def problem(self) -> str | None:
        return None if self._closed else self._supervisor.problem()

    # ------------------------------------------------------------ acceptance

    @contextmanager
    def claim_slot(self, job: str, user: str) -> Generator[bool]:
        if self._closed or not (self._is_drained and self._has_slot() and self._is_current()):
            yield False
            return
        self._runs[job] = _Run(member=self.process, entry=None)
        try:
            yield True
        finally:
            self._entries.pop(job, None)
            if (run := self._runs.get(job)) is not None and run.task is None:
                self._release_slot(job)

    def enqueue(self, conn: Any, job: Job, hold_s: float) -> Job:
        queued, self._entries[job.id] = self._holders.enqueue(conn, job, hold_s)
        return queued

    def submit(self, job: str, user: str, *, hold_s: float = 0.0, is_held_here: bool = True) -> None:
        entry = self._entries.pop(job, None)
        run = self._runs.get(job)
        if is_held_here and run is not None and entry is not None:
            run.entry = entry
            run.hold = Hold(self._clock.monotonic() + hold_s) if hold_s else None
            self._start_task(job, run)
            return
        self._positions.watch(job, user)
        self._wake_at_end_of(hold_s)

    def move_hold(self, job: str, hold_s: float) -> None:
        if (run := self._runs.get(job)) is not None:
            if run.hold is not None:
                run.hold.move(self._clock.monotonic() + hold_s)
        elif self._positions.is_watched(job):
            self._spawn(lambda: self._holders.move_hold(job, hold_s), f"hold of {job}")
            self._wake_at_end_of(hold_s)

    def _wake_at_end_of(self, hold_s: float) -> None:
        """Nobody is notified when the hold of a waiting job ends."""

        async def wake() -> None:
            await self._clock.sleep(hold_s)
            self._wake_up()
            if hold_s:
                await self._cluster.bus.publish(TOPIC)

        self._spawn(wake, "end of a hold")

    # ------------------------------------------------------------ jobs under way

    def count_jobs(self, user: str) -> int:
        return 0  # the transaction of the acceptance counts those of all processes

    def has_job(self, job: str) -> bool:
        return job in self._runs or job in self._cancellations

    async def queue_positions(self, jobs: Collection[str]) -> Mapping[str, int]:
        return await self._holders.positions(jobs) if jobs else {}

    async def wait_for_end(self, job: str, *, timeout_s: float) -> None:
        run = self._runs.get(job)
        if run is not None and run.task is not None:
            await asyncio.wait([run.task], timeout=timeout_s)
            return
        until = self._clock.monotonic() + timeout_s
        while self._clock.monotonic() < until and (await self._holders.holder_of(job))[0]:
            await self._clock.sleep(LOOK_S)

    async def cancel(self, job: str) -> bool:
        cancellation = self._cancellations.get(job)
        if cancellation is None:
            cancellation = self._cancellations[job] = asyncio.create_task(self._cancel(job), name=f"cancel {job}")
            cancellation.add_done_callback(lambda _: self._cancellations.pop(job))
        return await asyncio.shield(cancellation)

    @property
    def is_busy(self) -> bool:
        return any(run.task is not None for run in self._runs.values())

    # ------------------------------------------------------------ cancelling

    async def _cancel(self, job: str) -> bool:
        """Asks the process that holds the job; settles it here where none does, or none answers."""
        for _ in range(SETTLE_TRIES):
            if job in self._runs:
                return await self._cancel_here(job)
            is_unfinished, holder = await self._holders.holder_of(job)
            if holder is not None and holder != self.process:
                answer = await self._remote.ask(job, holder, waits=is_unfinished)
                if answer is not None:
                    return answer
            if not is_unfinished:
                return False
            try:
                cancelled = await self._workflow.settle_cancelled(job)
            except Stale:  # another process has taken it meanwhile
                continue
            self._positions.forget(job)
            await self._holders.cancel_entry(job)
            return cancelled
        return False

    async def _cancel_here(self, job: str) -> bool:
        """Cancels a job that this process holds, also for another one that asks. False: it is too late."""
        if not self._workflow.is_cancellable(job):
            return False
        if (run := self._runs.get(job)) is not None and run.task is not None:
            run.task.cancel()
            await asyncio.wait([run.task])
        self._release_slot(job)
        return await self._workflow.settle_cancelled(job)

    # ------------------------------------------------------------ fetching

    def _has_slot(self) -> bool:
        return sum(run.has_slot for run in self._runs.values()) < self._concurrency

    def _is_current(self) -> bool:
        return self._cluster.membership.is_current()

    def _wake_up(self) -> None:
        self._is_drained = False
        self._wake.set()

    async def _fetch_jobs(self) -> None:
        while True:
            self._wake.clear()
            if self._concurrency and self._is_current():
                while self._has_slot() and not self._closed:
                    if not await self._fetch_job():
                        self._is_drained = not self._wake.is_set()
                        break
            await wait_for_event(self._wake, POLL_S, self._clock)

    async def _fetch_job(self) -> bool:
        """Whether a job waited. One that cannot be shown is run all the same."""
        member = self.process
        taken = await self._holders.take_next(member, self._platforms)
        if taken is None:
            return False
        assert self._take_up is not None  # given before
        job = taken.job
        self._positions.forget(job.id)
        run = self._runs[job.id] = _Run(member=member, entry=taken.entry)
        try:
            with about_job(job.id):
                await self._take_up(job)
        except Exception:
            log.exception("job not taken up", job=job.id)
        log.info("job taken from the queue", job=job.id, attempt=job.attempt)
        if self._runs.get(job.id) is run:
            self._start_task(job.id, run)
        return True

    def _start_task(self, job: str, run: _Run) -> None:
        task = run.task = asyncio.create_task(self._run(job, run), name=f"job {job}")
        # a callback and not a `finally`: a task that is cancelled before its first step runs none of it
        task.add_done_callback(lambda _: self._task_done(job, run))
        JOBS_RUNNING.set(sum(each.task is not None for each in self._runs.values()))

    async def _run(self, job: str, run: _Run) -> None:
        if run.hold is not None:
            await run.hold.wait(self._clock)
            run.hold = None
        await self._workflow.run(job, partial(self._release_slot, job))

    def _release_slot(self, job: str) -> None:
        """Frees the slot, and the place of the user, of a job that needs it no more."""
        run = self._runs.get(job)
        if run is None or (self._closed and run.task is not None and not self._is_ending(job, run)):
            return
        run.has_slot = False
        if run.task is None or run.task.done():
            self._runs.pop(job)
        if run.entry is not None:
            entry, run.entry = run.entry, None
            self._spawn(lambda: self._end_entry(entry, run.member), f"entry of {job}")
        if not self._is_drained:  # else nothing waits but what the end of an entry lets go on, which is notified
            self._wake_up()

    def _is_ending(self, job: str, run: _Run) -> bool:
        """Whether a job ends by itself, or by its user, and is not interrupted by the end of the process."""
        assert run.task is not None
        return job in self._cancellations or not (run.task.done() and run.task.cancelled())

    def _task_done(self, job: str, run: _Run) -> None:
        if self._runs.get(job) is run:
            self._release_slot(job)
        JOBS_RUNNING.set(sum(each.task is not None for each in self._runs.values()))

    async def _end_entry(self, entry: Entry, member: str) -> None:
        if await self._holders.end_entry(entry, member):
            self._wake_up()

    def _spawn(self, work: Callable[[], Awaitable[None]], name: str) -> None:
        """Does something beside the jobs; again after a while where the database fails, as long as this process is who
        it was."""
        member = self.process

        async def repeat() -> None:
            while member == self.process:
                try:
                    return await work()
                except StoreFailed as failed:
                    log.warning("the queue does not answer", detail=failed.detail)
                await self._clock.sleep(RETRY_S)
            return None

        self._background.spawn(repeat(), name)

    # ------------------------------------------------------------ other processes

    def _is_known(self, job: str) -> bool:
        return job in self._runs or job in self._cancellations or self._workflow.is_unsettled(job)

    def _membership_changed(self, change: MembershipChange) -> None:
        if change.kind == "lapsed":
            self._abandon_all()
        if change.kind in ("left", "lapsed"):
            self._recovery.look_now()

    def _abandon_all(self) -> None:
        """Others have what this process held."""
        abandoned, self._runs = self._runs, {}
        self._positions.forget_all()
        self._workflow.abandon_all()
        for run in abandoned.values():
            if run.task is not None:
                run.task.cancel()
        if abandoned:
            log.warning("this process was given up: its jobs go on elsewhere", jobs=len(abandoned))
        self._wake_up()

    def forget(self, job: str) -> None:
        """Another process shows the job from now on."""
        self._positions.forget(job)

    # ------------------------------------------------------------ the end

    async def drain(self, grace_s: float, hurry: Signal | None = None) -> None:
        self._closed = True
        await self._supervisor.stop()
        for run in self._runs.values():
            if run.hold is not None and run.task is not None:
                run.task.cancel()
        await end_tasks([run.task for run in self._runs.values() if run.task is not None], grace_s, hurry)
        await asyncio.gather(*self._cancellations.values(), return_exceptions=True)
        for job, run in list(self._runs.items()):
            await self._give_back(job, run)
        await self._background.close(RETRY_S, self._clock)

    async def _give_back(self, job: str, run: _Run) -> None:
        """An interrupted job goes on in another process at once, or in the next one."""
        del self._runs[job]
        await self._workflow.hand_over(job)
        try:
            await self._holders.give_back(job, run.member)
        except StoreFailed as failed:
            log.warning("job goes on once this process is given up", job=job, detail=failed.detail)
