"""A priority queue whose items can be re-ranked and removed. Pure.

Knows nothing of jobs, chats or time.
"""

import heapq
from collections.abc import Hashable
from itertools import count
from typing import Generic, TypeVar

Rank = tuple[float, ...]
K = TypeVar("K", bound=Hashable)

MAX_STALE_ENTRIES = 16  # outdated entries allowed in the heap, beside as many as there are current ones


class PriorityQueue(Generic[K]):
    """A heap that holds each item once, the smallest rank first; equal ranks in order of insertion.

    O(log n) amortised for each call, including the occasional removal of outdated entries.
    """

    def __init__(self) -> None:
        self._entries: dict[K, tuple[Rank, int, K]] = {}
        self._heap: list[tuple[Rank, int, K]] = []
        self._order = count()

    def push(self, item: K, rank: Rank) -> None:
        """Inserts the item, or changes its rank."""
        if (old := self._entries.get(item)) is not None and old[0] == rank:
            return
        entry = self._entries[item] = (rank, next(self._order), item)
        heapq.heappush(self._heap, entry)
        if len(self._heap) > 2 * len(self._entries) + MAX_STALE_ENTRIES:
            self._heap = list(self._entries.values())
            heapq.heapify(self._heap)

    def discard(self, item: K) -> None:
        """Removes the item if present."""
        self._entries.pop(item, None)

    def peek(self) -> tuple[Rank, K] | None:
        """The smallest rank and its item, not removed; None when empty."""
        while self._heap:
            rank, _, item = entry = self._heap[0]
            if self._entries.get(item) is entry:
                return rank, item
            heapq.heappop(self._heap)
        return None

    def first(self, count: int) -> list[tuple[Rank, K]]:
        """The `count` smallest ranks and their items, in order; O(n)."""
        return [(rank, item) for rank, _, item in heapq.nsmallest(count, self._entries.values())]
