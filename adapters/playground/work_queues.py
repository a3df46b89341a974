"""Queues of page events on their way to the core: they run side by side, each in its order.

Nobody waits for the work. Knows nothing of what the work is.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from bot.runtime.supervision import SupervisedTask, Supervisor

MAX_QUEUED = 100  # pieces of work in one queue; beyond it the producer waits, and its websocket with it

Work = Callable[[], Awaitable[None]]
log = structlog.get_logger()


class WorkQueues:
    """Queues of work by name, each with a worker of its own."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._queues: dict[str, asyncio.Queue[Work | None]] = {}
        self._workers: dict[str, SupervisedTask] = {}

    async def add_work(self, name: str, work: Work) -> None:
        """Runs `work` after everything that was added to the same queue before."""
        if name not in self._queues:
            queue = self._queues[name] = asyncio.Queue(MAX_QUEUED)
            worker = self._supervisor.add_worker(f"playground {name}", partial(_run_queue, name, queue))
            self._workers[name] = worker
            worker.start()
        await self._queues[name].put(work)

    async def drain(self) -> None:
        """Returns when all work added before is done."""
        queues, self._queues = self._queues, {}
        workers, self._workers = self._workers, {}
        for queue in queues.values():
            await queue.put(None)
        await asyncio.gather(*(worker.wait() for worker in workers.values()))


async def _run_queue(name: str, queue: asyncio.Queue[Work | None]) -> None:
    while (work := await queue.get()) is not None:
        try:
            await work()
        except Exception:
            log.exception("playground event failed", queue=name)
