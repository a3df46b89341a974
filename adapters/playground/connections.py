"""The connected pages and the frames waiting for each. No websocket is touched here; session.py empties the queues.

The latest state wins: a frame replaces the waiting one with the same key, so that the length of a queue is bounded
by what there is to show. A page that falls behind even so is disconnected; it reconnects and gets the history.
"""

import asyncio

from adapters.playground.protocol import ServerFrame

BACKLOG = 1000  # frames that may wait for one page

Key = tuple[str, ...]


class OutgoingQueue:
    """The frames waiting for one page, in the order in which their keys first came."""

    disconnect: asyncio.Event
    """Set when the page is to be disconnected: it fell behind, or the server stops."""
    overflowed: bool
    """Whether the page fell behind."""

    def __init__(self, max_frames: int) -> None:
        self._max_frames = max_frames
        self._frames: dict[Key, ServerFrame] = {}
        self._has_frames = asyncio.Event()
        self.disconnect = asyncio.Event()
        self.overflowed = False

    def enqueue_frame(self, key: Key, frame: ServerFrame) -> None:
        """Queues a frame in place of the waiting one with the same key. No-op once disconnecting."""
        if self.disconnect.is_set():
            return
        self._frames[key] = frame
        self._has_frames.set()
        if len(self._frames) > self._max_frames:
            self._frames.clear()
            self.overflowed = True
            self.disconnect.set()

    async def dequeue_frames(self) -> list[ServerFrame]:
        """Removes and returns all waiting frames; waits until there are any."""
        await self._has_frames.wait()
        self._has_frames.clear()
        frames = list(self._frames.values())
        self._frames.clear()
        return frames


class Connections:
    """The outgoing queues of all connected pages."""

    def __init__(self) -> None:
        self._queues: set[OutgoingQueue] = set()

    def __len__(self) -> int:
        """Number of connected pages."""
        return len(self._queues)

    def add_queue(self, queue: OutgoingQueue) -> None:
        self._queues.add(queue)

    def remove_queue(self, queue: OutgoingQueue) -> None:
        self._queues.discard(queue)

    def broadcast(self, key: Key, frame: ServerFrame) -> None:
        """Queues a frame for every page."""
        for queue in self._queues:
            queue.enqueue_frame(key, frame)
