"""Tasks that run beside their starter: named, kept from garbage collection, and ended in order at shutdown.

asyncio keeps only weak references to tasks; whoever starts one in the background holds it in a `BackgroundTasks`.
"""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any, Protocol

import structlog

from bot.runtime.clock import Clock, wait_for_future

log = structlog.get_logger()

CANCEL_AGAIN_S = 10.0  # real time; far longer than what a task has to tidy up


async def cancel_and_wait(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancels tasks and waits for their ends; raises none of their failures.

    One that goes on for CANCEL_AGAIN_S is cancelled again: a library may answer a cancellation by an exception of its
    own or, as `asyncio.wait_for` of Python 3.11, by a result that came at that moment, and a loop goes on after either.
    """
    running = set(tasks)
    while running:
        for task in running:
            task.cancel()
        ended, running = await asyncio.wait(running, timeout=CANCEL_AGAIN_S)
        for task in ended:
            if not task.cancelled():
                task.exception()  # looked at: asyncio logs those that nobody has


class Waitable(Protocol):
    """Something that happens once, such as an `asyncio.Event`."""

    def wait(self) -> Coroutine[Any, Any, Any]:
        """Returns once it has happened."""
        ...


class BackgroundTasks:
    """The running background tasks of one owner. A coroutine handles its own failures: nobody awaits its result. Any
    other failure is logged. Work that must go on is a `bot.runtime.supervision.Supervisor`'s."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        """Number of tasks that are running."""
        return len(self._tasks)

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Starts `work` as a task of that name."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failed := task.exception()) is not None:
            log.error("background task failed", task=task.get_name(), exc_info=failed)

    async def join(self) -> None:
        """Waits for every task, also those started meanwhile. Raises none of their failures."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def cancel(self) -> None:
        """Cancels every task and waits for their ends. Raises none of their failures."""
        await cancel_and_wait(self._tasks)

    async def close(self, grace_s: float, clock: Clock) -> None:
        """Gives the tasks `grace_s` seconds to end by themselves, then cancels the rest."""
        if self._tasks:
            await wait_for_future(asyncio.ensure_future(asyncio.wait(self._tasks)), grace_s, clock)
        await self.cancel()


async def end_tasks(tasks: Sequence[asyncio.Task[Any]], grace_s: float, hurry: Waitable | None = None) -> None:
    """Lets tasks end for `grace_s` seconds, or until `hurry` has happened; cancels those that have not, and waits for
    them. What they raise is theirs."""
    if not tasks:
        return
    ended = asyncio.gather(*tasks, return_exceptions=True)
    hurried = asyncio.ensure_future((hurry or asyncio.Event()).wait())
    await asyncio.wait((asyncio.shield(ended), hurried), timeout=grace_s, return_when=asyncio.FIRST_COMPLETED)
    hurried.cancel()
    await cancel_and_wait(tasks)  # no-op for those that have ended
