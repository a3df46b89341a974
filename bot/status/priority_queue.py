"""A priority queue whose items can be re-ranked and taken out. Pure.

Knows nothing of jobs, chats or time.
"""

import heapq
from collections.abc import Hashable
from itertools import count
from typing import Generic, TypeVar

Rank = tuple[float, ...]
K = TypeVar("K", bound=Hashable)

SLACK = 16  # outdated entries that may stay in the heap, beside as many as there are live ones


class Heap(Generic[K]):
    """Each item once, the smallest rank on top; equal ranks in the order they came.

    O(log n) a call, sweeping out outdated entries now and then included.
    """

    def __init__(self) -> None:
        self._live: dict[K, tuple[Rank, int, K]] = {}
        self._heap: list[tuple[Rank, int, K]] = []
        self._order = count()

    def put(self, item: K, rank: Rank) -> None:
        """Takes the item in, or moves it to another rank."""
        if (old := self._live.get(item)) is not None and old[0] == rank:
            return
        entry = self._live[item] = (rank, next(self._order), item)
        heapq.heappush(self._heap, entry)
        if len(self._heap) > 2 * len(self._live) + SLACK:
            self._heap = list(self._live.values())
            heapq.heapify(self._heap)

    def discard(self, item: K) -> None:
        """Takes the item out if it is there."""
        self._live.pop(item, None)

    def top(self) -> tuple[Rank, K] | None:
        """The smallest rank and its item, left in place; None when empty."""
        while self._heap:
            rank, _, item = entry = self._heap[0]
            if self._live.get(item) is entry:
                return rank, item
            heapq.heappop(self._heap)
        return None
