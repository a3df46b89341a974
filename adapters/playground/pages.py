"""The open pages and what each has yet to be sent. No socket is touched here; visit.py empties an outbox.

The latest state wins: a frame takes the place of the waiting one with the same key, so what waits is bounded
by what there is to show. A page that falls behind even so is let go; it connects again and gets the history.
"""

import asyncio

from adapters.playground.protocol import ServerFrame

BACKLOG = 1000  # frames that may wait for one page

Key = tuple[str, ...]


class Outbox:
    """The frames waiting for one page, in the order in which their keys first came."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._frames: dict[Key, ServerFrame] = {}
        self._filled = asyncio.Event()
        self.ended = asyncio.Event()  # the page is to be let go: it fell behind, or the server stops
        self.overflowed = False

    def put(self, key: Key, frame: ServerFrame) -> None:
        if self.ended.is_set():
            return
        self._frames[key] = frame
        self._filled.set()
        if len(self._frames) > self._room:
            self._frames.clear()
            self.overflowed = True
            self.ended.set()

    async def take(self) -> list[ServerFrame]:
        """All that waits; returns when there is something."""
        await self._filled.wait()
        self._filled.clear()
        frames = list(self._frames.values())
        self._frames.clear()
        return frames


class Pages:
    """All open pages."""

    def __init__(self) -> None:
        self._outboxes: set[Outbox] = set()

    def __len__(self) -> int:
        return len(self._outboxes)

    def join(self, outbox: Outbox) -> None:
        self._outboxes.add(outbox)

    def leave(self, outbox: Outbox) -> None:
        self._outboxes.discard(outbox)

    def tell(self, key: Key, frame: ServerFrame) -> None:
        for outbox in self._outboxes:
            outbox.put(key, frame)
