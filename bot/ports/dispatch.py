"""What decides which job runs when, and in which process, as Protocols with their promises.

Nothing here has a body. On SQLite a scheduler in this process decides (`bot.jobs.scheduler`), on PostgreSQL a queue
that all processes share (`bot.jobs.shared_dispatch`).
"""

from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from bot.job import Job


class Signal(Protocol):
    """Something that happens once: an `asyncio.Event`, which modules without I/O may not import."""

    def wait(self) -> Coroutine[Any, Any, Any]:
        """Returns once it has happened."""
        ...


class Workflow(Protocol):
    """What is dispatched: `bot.jobs.runner.JobRunner`."""

    async def run(self, job_id: str, release_slot: Callable[[], None]) -> None:
        """Runs the job to its end; raises nothing but CancelledError. `release_slot` frees its concurrency slot and may
        be called twice."""
        ...

    def update_queue_position(self, job_id: str, position: int) -> None:
        """The position of a waiting job in the queue changed; 1 is next."""
        ...

    def is_cancellable(self, job_id: str) -> bool:
        """Whether the job can still be cancelled."""
        ...

    async def settle_cancelled(self, job_id: str) -> bool:
        """Settles a cancelled job that is not running. False: it had ended before."""
        ...


class SharedWorkflow(Workflow, Protocol):
    """What a job that goes to another process needs besides."""

    async def hand_over(self, job_id: str) -> None:
        """This process is to make no call about the job any more: returns when none is under way."""
        ...

    def abandon_all(self) -> None:
        """This process was given up: others have its jobs, and make all calls about them."""
        ...

    def is_unsettled(self, job_id: str) -> bool:
        """Whether the job is ended once a database that was away is back."""
        ...

    def notify_in_background(self, job: Job) -> None:
        """Shows how a job without images ended, in the background."""
        ...


class Dispatch(Protocol):
    """Starts each accepted job when its turn has come, in one process; cancels jobs wherever they are."""

    @property
    def process(self) -> str | None:
        """Under which id this process holds jobs (`Job.holder`); None: there is no other process."""
        ...

    async def start(self, take_up: Callable[[Job], Awaitable[None]]) -> None:
        """Runs what other processes have accepted, or left behind, from now on. `take_up(job)`: shows a job that this
        process begins to run, and keeps it for the workflow."""
        ...

    # ------------------------------------------------------------ acceptance

    def claim_slot(self, job: str, user: str) -> AbstractContextManager[bool]:
        """Whether a job that is about to be accepted can start at once. Its slot is held until the block ends, and is
        released then unless the job was submitted."""
        ...

    def enqueue(self, conn: Any, job: Job, hold_s: float) -> Job:
        """Puts a job into the queue of all processes, in the transaction that accepts it, its user's account locked.
        `conn`: a `sqlalchemy.Connection`; `hold_s`: as of `submit`. The job as it is then: without a holder, and not
        begun, where it cannot start at once after all."""
        ...

    def submit(self, job: str, user: str, *, hold_s: float = 0.0, is_held_here: bool = True) -> None:
        """Dispatches an accepted job; starts it now if a slot is free or was claimed for it. `hold_s`: seconds from now
        before which its workflow does not begin. `is_held_here`: whether this process runs it; else another may, and
        this one only shows where it stands."""
        ...

    def move_hold(self, job: str, hold_s: float) -> None:
        """A held job's workflow begins `hold_s` seconds from now, and not when it was said before."""
        ...

    # ------------------------------------------------------------ jobs under way

    def count_jobs(self, user: str) -> int:
        """How many jobs of a user are known to wait or run, without a look into the database; there may be more."""
        ...

    def has_job(self, job: str) -> bool:
        """Whether the job has a claimed slot, waits, runs or is being cancelled in this process."""
        ...

    async def queue_positions(self, jobs: Collection[str]) -> Mapping[str, int]:
        """The positions of jobs among all that wait, 1 is next; those that do not wait are missing.

        Raises StoreFailed.
        """
        ...

    async def wait_for_end(self, job: str, *, timeout_s: float) -> None:
        """Waits until a job that is running has ended, at most `timeout_s` seconds."""
        ...

    async def cancel(self, job: str) -> bool:
        """Cancels a job, waiting or running, closing its upstream connection. False: it has ended, or delivers already.

        Concurrent calls for one job share one cancellation and its result; cancelling a caller does not stop it.
        Raises StoreFailed.
        """
        ...

    # ------------------------------------------------------------ the end

    @property
    def is_busy(self) -> bool:
        """Whether a job runs in this process."""
        ...

    def problem(self) -> str | None:
        """Why no job is started right now; None while jobs are."""
        ...

    async def drain(self, grace_s: float, hurry: Signal | None = None) -> None:
        """Starts nothing more, gives running jobs `grace_s` seconds, or until `hurry` is set, then interrupts them;
        they go on in another process, or at the next start, as held ones do. Waits for cancellations under way."""
        ...
