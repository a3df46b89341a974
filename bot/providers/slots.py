"""The requests to each provider: who may send one now, and who waits, in the order in which they came.

How many there may be is `bot.providers.concurrency`'s. Waits on the clock it is given. Who may be served by several
providers waits in the lines of all of them, and leaves the others with the first turn.
"""

import asyncio
from collections.abc import Sequence
from itertools import count

from bot.observability.metrics import PROVIDER_CONCURRENCY
from bot.providers.concurrency import START, TAKEN_AFTER_S, LearnedLimit, PendingRequest
from bot.runtime.clock import Clock
from bot.runtime.event_loop import foreground_context

Ticket = int
"""A place in a line: the lowest is next."""


class ProviderPaused(Exception):
    """A provider in whose line somebody waits was paused."""


class RequestSlots:
    """Slots for the requests to one provider, which all of its models share."""

    def __init__(self, provider: str, clock: Clock, *, max_concurrency: int | None, most: int) -> None:
        """`provider`: its name in the metrics. `max_concurrency`: the operator's cap, where the limit also starts, > 0;
        None: it is learned, up to `most`, > 0."""
        self._learned = LearnedLimit(start=max_concurrency or START, most=max_concurrency or most)
        self._clock = clock
        self._tickets = count()
        self._line: dict[Ticket, _Turn] = {}
        self._ticker: asyncio.Task[None] | None = None  # runs while somebody waits
        self.is_paused = False
        """Whether nobody may begin a request; those under way go on."""
        self._gauge = PROVIDER_CONCURRENCY.labels(provider)
        self._show_limit()

    @property
    def is_full(self) -> bool:
        """Whether a request that comes now has to wait."""
        return self._learned.is_full or bool(self._line)

    @property
    def is_growing(self) -> bool:
        """Whether it soon may be full no more, as of `LearnedLimit`."""
        return self._learned.is_growing

    @property
    def limit(self) -> int:
        """Requests that may be under way, >= 1."""
        return self._learned.limit

    @property
    def under_way(self) -> int:
        """Requests that are, >= 0."""
        return self._learned.under_way

    def pause(self) -> None:
        """Lets nobody begin a request. Whoever waits in the line gets ProviderPaused, and leaves it."""
        self.is_paused = True
        for turn in list(self._line.values()):
            if not turn.done():
                turn.set_exception(ProviderPaused())

    def resume(self) -> None:
        self.is_paused = False

    def draw_ticket(self) -> Ticket:
        """A place at the end of the line. Who is refused by the provider keeps it for the next try."""
        return next(self._tickets)

    def join(self, ticket: Ticket, turn: "_Turn") -> None:
        """Takes a place in the line, until `leave`; it may be its turn at once."""
        self._line[ticket] = turn
        self._start_waiting()
        if not turn.done() and self._ticker is None:
            context = foreground_context()
            self._ticker = asyncio.create_task(self._tick(), name="provider concurrency", context=context)

    def leave(self, ticket: Ticket) -> None:
        """Leaves the line, after a turn in any or without one."""
        self._line.pop(ticket, None)
        if not self._line and self._ticker:
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
            for request in self._learned.silent_since(self._clock.monotonic() - TAKEN_AFTER_S):
                self.take(request)

    def _start_waiting(self) -> None:
        while self._line and not self._learned.is_full:
            turn = self._line.pop(min(self._line))
            if not turn.done():  # else it has left
                turn.set_result((self, self._learned.begin(self._clock.monotonic())))

    def _show_limit(self) -> None:
        self._gauge.set(self._learned.limit)


_Turn = asyncio.Future[tuple[RequestSlots, PendingRequest]]


async def acquire_first(places: Sequence[tuple[RequestSlots, Ticket]]) -> tuple[RequestSlots, PendingRequest]:
    """Waits in several lines for the first slot, to be given back by `release`; of those that are free at once, that of
    the earliest line. `places`: at least one. Raises ProviderPaused."""
    turn: _Turn = asyncio.get_running_loop().create_future()
    try:
        for slots, ticket in places:
            slots.join(ticket, turn)
            if turn.done():
                break
        return await turn
    except asyncio.CancelledError:
        if (
            turn.done() and not turn.cancelled() and turn.exception() is None
        ):  # its turn came in the same turn of the loop
            slots, request = turn.result()
            slots.release(request)
        raise
    finally:
        for slots, ticket in places:
            slots.leave(ticket)
