"""Memory for files that are fetched and not yet worked on: who may hold how much at once, in a fair order.

Counts bytes, and holds none. All on one event loop.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import count

from bot.pictures.work_queue import FairWorkQueue

MAX_FILES = 1000  # at once, of all owners; memory is what bounds them


class FileMemory:
    """A share of memory for the files of all owners."""

    def __init__(self, total_bytes: int, *, owner_files: int) -> None:
        """`owner_files`: files that one owner holds at once."""
        self._queue = FairWorkQueue(slots=MAX_FILES, owner_slots=owner_files, memory_bytes=total_bytes)
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._ids = count()

    @asynccontextmanager
    async def reserve(self, owner: str, size: int) -> AsyncGenerator[None]:
        """Waits for room for a file of `size` bytes, small files of other owners first, and keeps it until the block
        ends. A file above the whole share has it alone."""
        file = next(self._ids)
        turn = self._waiting[file] = asyncio.get_running_loop().create_future()
        self._queue.enqueue(file, owner, seconds=float(size), memory_bytes=size)
        self._start_waiting()
        try:
            await turn
            yield
        finally:
            self._waiting.pop(file, None)
            self._queue.remove(file)
            self._start_waiting()

    def _start_waiting(self) -> None:
        while (file := self._queue.start_next()) is not None:
            turn = self._waiting.pop(file)
            if not turn.done():  # its owner was cancelled in this turn of the loop, and gives it back
                turn.set_result(None)
