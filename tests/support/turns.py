"""Counts the turns of the event loop, to tell what happens in the same one."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager


class TurnCount:
    """The number of the loop's turn, from 0."""

    def __init__(self) -> None:
        self.turn = 0
        self.handle: asyncio.Handle | None = None

    def tick(self) -> None:
        self.turn += 1
        self.handle = asyncio.get_running_loop().call_soon(self.tick)


@contextmanager
def counted_turns() -> Generator[TurnCount]:
    """Counts while the block runs. The loop never sleeps meanwhile."""
    count = TurnCount()
    count.tick()
    try:
        yield count
    finally:
        assert count.handle is not None
        count.handle.cancel()
