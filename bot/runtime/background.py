"""Tasks that run beside their starter: named, kept from garbage collection, and ended in order at shutdown.

asyncio keeps only weak references to tasks; whoever starts one in the background holds it in a `BackgroundTasks`.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from bot.runtime.clock import Clock, wait_for_future

log = structlog.get_logger()


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
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self, grace_s: float, clock: Clock) -> None:
        """Gives the tasks `grace_s` seconds to end by themselves, then cancels the rest."""
        if self._tasks:
            await wait_for_future(asyncio.ensure_future(asyncio.wait(self._tasks)), grace_s, clock)
        await self.cancel()
