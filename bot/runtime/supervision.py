"""Long-lived tasks kept running: whatever ends one is logged, and it starts again after a pause that grows.

Every loop that somebody relies on is run by a `Supervisor`, whose `problem` tells `/readyz` why one is down. Work that
ends by itself and that somebody awaits is none: `bot.runtime.background` holds it.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from bot.observability.metrics import TASK_RESTARTS
from bot.runtime.background import cancel_and_wait
from bot.runtime.clock import Clock, wait_for_event
from bot.runtime.event_loop import foreground_context

log = structlog.get_logger()

FIRST_PAUSE_S, MAX_PAUSE_S = 1.0, 60.0  # before a task that has ended starts again; doubles with each early end
START_TURNS = 1  # of the event loop until a worker that was started begins its work

Work = Callable[[], Coroutine[Any, Any, None]]


class TaskInterrupted(Exception):
    """An end of a supervised task that it foresaw, such as a network that is away: one line in the log, no traceback.
    The text is shown in `/readyz`."""


class SupervisedTask:
    """One task and whoever starts it again. After a restart it counts as down until it has run for as long as it was
    paused before, or says that it works (`mark_healthy`), or has nothing left to do."""

    def __init__(
        self,
        name: str,
        work: Work,
        clock: Clock,
        *,
        ends: bool = False,
        first_pause_s: float = FIRST_PAUSE_S,
        max_pause_s: float = MAX_PAUSE_S,
    ) -> None:
        """`name`: in the log, in `/readyz`, as a metric's label. `work`: called at each start. `ends`: its return is no
        failure, and it starts again with the next `start`; else it never returns. Pauses are in seconds, > 0."""
        self.name = name
        self._work = work
        self._clock = clock
        self._ends = ends
        self._first_pause_s, self._max_pause_s = first_pause_s, max_pause_s
        self._next_pause_s = first_pause_s
        self._supervision: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self._problem: str | None = None
        self._last_pause_s = 0.0
        self._healthy_at_s = 0.0
        self._is_paused = self._is_stopped = self._is_wanted = False

    def start(self) -> None:
        """Starts the task. While it runs, or waits to start again, a worker runs once more after its return: it may
        have found nothing left to do just before."""
        self._is_wanted = True
        if not self.is_running and not self._is_stopped:
            name = self.name if self._ends else f"supervision of {self.name}"
            self._supervision = asyncio.create_task(self._keep_running(), name=name, context=foreground_context())

    @property
    def is_running(self) -> bool:
        """Whether it runs, or waits to start again."""
        return self._supervision is not None and not self._supervision.done()

    @property
    def problem(self) -> str | None:
        """Why it is down; None while it works, and where it has nothing to do."""
        works = self.is_running and not self._is_paused and self._clock.monotonic() >= self._healthy_at_s
        if self._problem is not None and works:
            self.mark_healthy()
        return self._problem

    def mark_healthy(self) -> None:
        """It works. The next pause is a short one again."""
        self._problem, self._next_pause_s = None, self._first_pause_s

    async def wait(self) -> None:
        """Waits until it has ended by itself, however often it starts again meanwhile."""
        if self._supervision is not None:
            await asyncio.wait((self._supervision,))

    async def finish(self) -> None:
        """Waits for its own end, without pauses from now on: what fails is tried once more at most."""
        self._closing.set()
        await self.wait()

    async def stop(self) -> None:
        """Cancels it and waits for its end; it never starts again."""
        self._is_stopped = True
        if self._supervision is not None:
            await cancel_and_wait((self._supervision,))

    async def _keep_running(self) -> None:
        while True:
            self._is_wanted = False
            self._healthy_at_s = self._clock.monotonic() + self._last_pause_s
            failure = await self._run_once()
            _raise_cancellation()  # the work may have answered it by another end
            if failure is None:
                self.mark_healthy()
                if self._is_wanted:
                    continue
                return
            if self.problem is None:  # it had worked until now
                self.mark_healthy()
            self._problem = failure
            self._last_pause_s = self._next_pause_s
            self._next_pause_s = min(self._next_pause_s * 2, self._max_pause_s)
            if self._closing.is_set():
                return
            TASK_RESTARTS.labels(self.name).inc()
            log.warning("task starts again", task=self.name, reason=failure, pause=self._last_pause_s)
            self._is_paused = True
            try:
                await wait_for_event(self._closing, self._last_pause_s, self._clock)
            finally:
                self._is_paused = False

    async def _run_once(self) -> str | None:
        """Runs the work. Why it ended; None: it has nothing left to do."""
        try:
            await (self._work() if self._ends else self._run_apart())
        except asyncio.CancelledError:
            if is_being_cancelled():
                raise
            log.error("task ended", task=self.name, reason="cancelled")
            return "cancelled"
        except TaskInterrupted as interrupted:
            return str(interrupted)
        except Exception as failed:
            log.exception("task ended", task=self.name)
            return type(failed).__name__  # its text may hold a secret
        return None if self._ends else "ended"

    async def _run_apart(self) -> None:
        """Runs the work in a task of its own, whose cancellation by anybody is an end like any other. A worker is
        spared that: it is started for each thing to do."""
        running = asyncio.create_task(self._work(), name=self.name)
        try:
            await asyncio.wait((running,))
        finally:
            await cancel_and_wait((running,))
        running.result()


def is_being_cancelled() -> bool:
    """Whether somebody has cancelled the current task, and not only what it waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _raise_cancellation() -> None:
    """Raises CancelledError if somebody has cancelled the current task."""
    if is_being_cancelled():
        raise asyncio.CancelledError


class Supervisor:
    """The long-lived tasks of one owner."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tasks: dict[str, SupervisedTask] = {}

    def keep_running(
        self, name: str, work: Work, *, first_pause_s: float = FIRST_PAUSE_S, max_pause_s: float = MAX_PAUSE_S
    ) -> SupervisedTask:
        """Starts `work`, which never returns, and starts it again whatever ends it. Pauses as of SupervisedTask."""
        task = self._tasks[name] = SupervisedTask(
            name, work, self._clock, first_pause_s=first_pause_s, max_pause_s=max_pause_s
        )
        task.start()
        return task

    def add_worker(self, name: str, work: Work) -> SupervisedTask:
        """A task that its owner starts whenever there is something to do, and that returns when nothing is left."""
        task = self._tasks[name] = SupervisedTask(name, work, self._clock, ends=True)
        return task

    def problem(self) -> str | None:
        """Why tasks are down, each by its name; None while all work."""
        problems = [f"{name}: {task.problem}" for name, task in self._tasks.items() if task.problem is not None]
        return "; ".join(problems) or None

    async def stop(self) -> None:
        """Cancels every task and waits for their ends."""
        await asyncio.gather(*(task.stop() for task in self._tasks.values()))
