"""The order of waiting image work: fair between owners by what they have taken, small work first.

Pure: knows work and owners by their ids only; the caller runs what it is given. The rule is self-clocked fair queueing
(Golestani 1994): each piece gets a finish tag, its owner's last one plus its price, and the smallest tag is next.
"""

import heapq
from collections import Counter, deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class _Piece:
    tag: float
    id: int
    owner: str
    memory_bytes: int


class FairWorkQueue:
    """Work that waits or runs. An owner who asks for much waits behind one who asks for little; nobody waits for ever:
    the tags of newcomers begin at that of the piece started last."""

    def __init__(self, *, slots: int, owner_slots: int, memory_bytes: int | None = None) -> None:
        """`slots`: pieces that run at once; `owner_slots`: of them, those of one owner. `memory_bytes`: what all that
        run may take together; None: any."""
        self._slots = slots
        self._owner_slots = owner_slots
        self._memory_bytes = memory_bytes
        self._virtual_time = 0.0
        self._queues: dict[str, deque[_Piece]] = {}  # waiting, by owner; none is empty
        self._heads: list[_Piece] = []  # a heap of what is first in a queue, or was until it was removed
        self._waiting: dict[int, _Piece] = {}
        self._running: dict[int, _Piece] = {}

    def __len__(self) -> int:
        """Number of pieces that wait or run."""
        return len(self._waiting) + len(self._running)

    def enqueue(self, piece_id: int, owner: str, *, seconds: float, memory_bytes: int = 0) -> None:
        """Queues a piece of work. `seconds`: its price; `memory_bytes`: what it takes while it runs."""
        queue = self._queues.get(owner)
        begin = queue[-1].tag if queue else self._virtual_time
        piece = self._waiting[piece_id] = _Piece(begin + seconds, piece_id, owner, memory_bytes)
        if queue is None:
            queue = self._queues[owner] = deque()
            heapq.heappush(self._heads, piece)
        queue.append(piece)

    def start_next(self) -> int | None:
        """Takes the next piece that may run, counted as running from now; None when none may.

        A piece that waits for memory is not overtaken by later ones, which would keep it waiting.
        """
        if len(self._running) >= self._slots:
            return None
        running = Counter(piece.owner for piece in self._running.values())
        set_aside: list[_Piece] = []
        while self._heads and (self._is_stale(self._heads[0]) or running[self._heads[0].owner] >= self._owner_slots):
            piece = heapq.heappop(self._heads)
            if not self._is_stale(piece):
                set_aside.append(piece)
        started = self._heads[0] if self._heads and self._has_memory_for(self._heads[0]) else None
        for piece in set_aside:
            heapq.heappush(self._heads, piece)
        if started is None:
            return None
        self._remove_waiting(started)
        self._running[started.id] = started
        self._virtual_time = max(self._virtual_time, started.tag)
        return started.id

    def remove(self, piece_id: int) -> None:
        """Removes a piece that has ended or waits no longer; no-op for an unknown one."""
        if (piece := self._waiting.get(piece_id)) is not None:
            self._remove_waiting(piece)
        self._running.pop(piece_id, None)
        if not self:
            self._virtual_time = 0.0
            self._heads.clear()

    def _remove_waiting(self, piece: _Piece) -> None:
        del self._waiting[piece.id]
        queue = self._queues[piece.owner]
        was_first = queue[0] is piece
        queue.remove(piece)
        if not queue:
            del self._queues[piece.owner]
        elif was_first:
            heapq.heappush(self._heads, queue[0])

    def _is_stale(self, head: _Piece) -> bool:
        """Whether a piece on the heap waits no longer."""
        return head.id not in self._waiting

    def _has_memory_for(self, piece: _Piece) -> bool:
        """Whether its memory is free. A piece that takes more than there is runs alone."""
        if self._memory_bytes is None or not self._running:
            return True
        taken = sum(each.memory_bytes for each in self._running.values())
        return taken + piece.memory_bytes <= self._memory_bytes
