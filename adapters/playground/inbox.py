"""What the page did, on its way to the reception: nobody waits for it, and each line keeps its order.

Knows nothing of what the work is.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

ROOM = 100  # pieces of work waiting in one line; then the one who brings more waits, and with them their socket

Work = Callable[[], Awaitable[None]]
log = structlog.get_logger()


class Inbox:
    """Lines of work; different lines run side by side."""

    def __init__(self) -> None:
        self._lines: dict[str, asyncio.Queue[Work | None]] = {}
        self._workers: list[asyncio.Task[None]] = []

    async def put(self, line: str, work: Work) -> None:
        """Runs `work` after all that was put in the same line before."""
        if line not in self._lines:
            self._lines[line] = asyncio.Queue(ROOM)
            self._workers.append(asyncio.create_task(self._run(line), name=f"playground {line}"))
        await self._lines[line].put(work)

    async def close(self) -> None:
        """Returns when all that was put has been done."""
        for line in self._lines.values():
            await line.put(None)
        await asyncio.gather(*self._workers)
        self._lines.clear()
        self._workers.clear()

    async def _run(self, line: str) -> None:
        while (work := await self._lines[line].get()) is not None:
            try:
                await work()
            except Exception:
                log.exception("playground event failed", line=line)
