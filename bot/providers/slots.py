"""The requests to one provider: who may send one now, and who waits, in the order in which they came.

How many there may be is `bot.providers.concurrency`'s. Waits on the clock it is given.
"""

import asyncio
import heapq
from itertools import count

from bot.metrics import PROVIDER_CONCURRENCY
from bot.providers.concurrency import START, TAKEN_AFTER_S, LearnedLimit, PendingRequest
from bot.runtime.clock import Clock

Ticket = int
"""A place in the line: the lowest is next."""


class RequestSlots:
    """Slots for the requests to one provider, which all of its models share."""

    def __init__(self, provider: str, clock: Clock, *, max_concurrency: int | None, most: int) -> None:
        """`provider`: its name in the metrics. `max_concurrency`: the operator's cap, where the limit also starts, > 0;
        None: it is learned, up to `most`, > 0."""
        self._learned = LearnedLimit(start=max_concurrency or START, most=max_concurrency or most)
        self._clock = clock
        self._tickets = count()
        self._waiting: list[tuple[Ticket, asyncio.Future[PendingRequest]]] = []  # a heap, with some that have left
        self._waiters = 0
        self._ticker: asyncio.Task[None] | None = None  # runs while somebody waits
        self._gauge = PROVIDER_CONCURRENCY.labels(provider)
        self._show_limit()

    @property
    def is_full(self) -> bool:
        """Whether a request that comes now has to wait."""
        return self._learned.is_full or self._waiters > 0

    def draw_ticket(self) -> Ticket:
        """A place at the end of the line. Who is refused by the provider keeps it for the next try."""
        return next(self._tickets)

    async def acquire(self, ticket: Ticket) -> PendingRequest:
        """Waits for a slot; to be given back by `release`."""
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (ticket, turn))
        self._start_waiting()
        if turn.done():
            return turn.result()
        self._waiters += 1
        self._ticker = self._ticker or asyncio.create_task(self._tick(), name="provider concurrency")
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # its turn came in the same turn of the loop
                self.release(turn.result())
            raise
        finally:
            self._waiters -= 1
            if not self._waiters:
                self._ticker.cancel()
                self._ticker = None

    def release(self, request: PendingRequest) -> None:
        """The request has ended, whatever came of it."""
        self._learned.end(request)
        self._start_waiting()

    def take(self, request: PendingRequest) -> None:
        """The provider took the request, as `LearnedLimit.take`."""
        self._learned.take(request, self._clock.monotonic())
        self._show_limit()
        self._start_waiting()

    def refuse(self, request: PendingRequest) -> None:
        """The provider refused the request because it has too much to do."""
        self._learned.refuse(request, self._clock.monotonic())
        self._show_limit()

    async def _tick(self) -> None:
        """Notices what has been silent for so long that it was taken."""
        while True:
            now, next_at = self._clock.monotonic(), self._learned.silent_until()
            await self._clock.sleep(TAKEN_AFTER_S if next_at is None else next_at - now)
            self._learned.take_silent(self._clock.monotonic())
            self._show_limit()
            self._start_waiting()

    def _start_waiting(self) -> None:
        while self._waiting and not self._learned.is_full:
            _, turn = heapq.heappop(self._waiting)
            if not turn.done():  # cancelled: it has left
                turn.set_result(self._learned.begin(self._clock.monotonic()))

    def _show_limit(self) -> None:
        self._gauge.set(self._learned.limit)
