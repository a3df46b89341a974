"""Queues of page events on their way to the core: they run side by side, each in its order.

Nobody waits for the work. Knows nothing of what the work is.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

MAX_QUEUED = 100  # pieces of work in one queue; beyond it the producer waits, and its websocket with it

Work = Callable[[], Awaitable[None]]
log = structlog.get_logger()


class WorkQueues:
    """Queues of work by name, each with a worker of its own."""

    def __init__(self) -> None:
        self._queues: dict[str, asyncio.Queue[Work | None]] = {}
        self._workers: dict[str, asyncio.Task[None]] = {}

    async def add_work(self, name: str, work: Work) -> None:
        """Runs `work` after everything that was added to the same queue before."""
        if name not in self._queues:
            queue = self._queues[name] = asyncio.Queue(MAX_QUEUED)
            self._workers[name] = asyncio.create_task(_run_queue(name, queue), name=f"playground {name}")
        await self._queues[name].put(work)

    async def drain(self) -> None:
        """Returns when all work added before is done."""
        queues, self._queues = self._queues, {}
        workers, self._workers = self._workers, {}
        for queue in queues.values():
            await queue.put(None)
        await asyncio.gather(*workers.values())


async def _run_queue(name: str, queue: asyncio.Queue[Work | None]) -> None:
    while (work := await queue.get()) is not None:
        try:
            await work()
        except Exception:
            log.exception("playground event failed", queue=name)
