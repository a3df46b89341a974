"""The providers that may still paint one request: whose slot it takes, in whose lines it waits, and who is left after a
failure.

A provider whose circuit is open is asked only where no other is left. Sends nothing; waits on the clock it is given.
"""

import math
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from bot.errors import PaintFailed, ProvidersPaused
from bot.painting import Capabilities, Image, PaintRequest
from bot.providers.breaker import FIRST_PAUSE_S, Circuit
from bot.providers.catalog import CatalogEntry
from bot.providers.concurrency import TAKEN_AFTER_S, PendingRequest
from bot.providers.marks import with_marked_copy, with_marks_explained, with_markup
from bot.providers.requirements import requirements_of
from bot.providers.slots import ProviderPaused, RequestSlots, Ticket, acquire_first
from bot.runtime.clock import Clock, Deadline

BACKOFF_S = (1.0, 2.0, 4.0)  # seconds after a 429 without Retry-After, as ToAPIs' page asks; plus jitter
LEARNING_S = (
    1.5 * TAKEN_AFTER_S
)  # that the preferred provider, still learning, has to take more; silence counts by then

Mark = Callable[[PaintRequest, Capabilities], Awaitable[Image]]
"""Draws the mask of a request on a copy of its first reference, within a provider's limits."""


@dataclass(slots=True, kw_only=True, eq=False)
class Candidate:
    """A provider that may paint a request, and how far it came there."""

    models: list[CatalogEntry]
    """Its models that may be asked, the next one first; at least one."""

    request: PaintRequest
    """What it is asked for: the request, or one with smaller pictures."""

    slots: RequestSlots
    """The requests to it."""

    ticket: Ticket
    """The request's place in its line, from when the request came."""

    backoff: Iterator[float] = field(default_factory=lambda: iter(BACKOFF_S))
    """Pauses that are left, seconds."""

    is_smaller: bool = False
    """Whether the pictures were made smaller."""

    marked_copy: Image | None = None
    """The first reference with the mask drawn on it; None: not drawn yet."""

    @property
    def entry(self) -> CatalogEntry:
        """The model that is asked next."""
        return self.models[0]

    async def fit_request(self, mark: Mark | None) -> PaintRequest:
        """The request as the model that is asked next takes it. Raises as `mark` does."""
        capabilities = self.entry.provider.capabilities
        if self.request.marks is not None:
            return with_markup(self.request) if capabilities.supports_markup else with_marks_explained(self.request)
        if mark is None or not self.entry.must_be_shown_mask(requirements_of(self.request)):
            return self.request
        self.marked_copy = self.marked_copy or await mark(self.request, capabilities)
        return with_marked_copy(self.request, self.marked_copy)

    def shrink(self, smaller: PaintRequest) -> None:
        """From now on the request is one with smaller pictures."""
        self.request, self.is_smaller, self.marked_copy = smaller, True, None

    def is_open(self, now: float) -> bool:
        """Whether its circuit is open at `now`, seconds of the monotonic clock."""
        return self.entry.breaker.circuit(now) is Circuit.OPEN


class Candidates:
    """The candidates of one request, in the order in which they are preferred."""

    def __init__(self, candidates: Sequence[Candidate], clock: Clock) -> None:
        self._left = list(candidates)
        self._waited_for: Sequence[Candidate] = ()
        self._clock = clock

    def __bool__(self) -> bool:
        return bool(self._left)

    @property
    def must_wait(self) -> bool:
        """Whether none of them that would be asked now has a slot free."""
        return all(each.slots.is_full for each in self._line(self._clock.monotonic())[0])

    async def acquire(self, wait_s: float) -> tuple[Candidate, PendingRequest]:
        """The first slot that is free, and the candidate whose it is: of several that of the most preferred one. Where
        none is, the wait is in the lines of all of them; that of a preferred one that is still learning how much it
        takes alone at first.

        Raises TimeoutError after `wait_s`, ProvidersPaused where all that are left were paused.
        """
        began = self._clock.monotonic()
        while True:
            line, until = self._line(began)
            self._waited_for = line
            until = min(until, began + wait_s)
            try:
                taken, pending = await self._first_turn(line, until)
            except ProviderPaused:
                continue
            except TimeoutError:
                if self._clock.monotonic() < began + wait_s:
                    continue
                raise
            now = self._clock.monotonic()
            if taken.slots.is_paused:  # in the same turn of the loop
                taken.slots.release(pending)
                continue
            if not taken.is_open(now) or all(each.is_open(now) for each in self._left):
                return taken, pending
            taken.slots.release(pending)  # its circuit has opened meanwhile

    def drop(self, asked: Candidate, failure: PaintFailed) -> None:
        """Goes on to the candidate's next model where the failure concerns the model alone, or to the others."""
        del asked.models[: 1 if failure.concerns_model else None]
        if not asked.models:
            self._left.remove(asked)

    def drop_line(self) -> Sequence[Candidate]:
        """Those that were waited for last, which are candidates no more."""
        self._left = [each for each in self._left if each not in self._waited_for]
        return self._waited_for

    def _line(self, began: float) -> tuple[Sequence[Candidate], float]:
        """Those of which the first slot is taken, and when to look again at the others: the ones with the best circuit,
        or of them the preferred one alone, where that soon may take more. `began`: when the wait did, seconds.

        Raises ProvidersPaused where nobody may begin a request.
        """
        now = self._clock.monotonic()
        left = [each for each in self._left if not each.slots.is_paused]
        if not left:
            raise ProvidersPaused
        line = [each for each in left if not each.is_open(now)] or left
        preferred = line[0].slots
        if now < began + LEARNING_S and preferred.is_full and preferred.is_growing:
            return line[:1], began + LEARNING_S
        return line, math.inf if len(line) == len(left) else now + FIRST_PAUSE_S

    async def _first_turn(self, line: Sequence[Candidate], until: float) -> tuple[Candidate, PendingRequest]:
        """Raises TimeoutError at `until`, seconds of the monotonic clock."""
        places = [(each.slots, each.ticket) for each in line]
        if all(each.slots.is_full for each in line):
            async with Deadline(self._clock, until) as timer:
                slots, pending = await timer.wait_for(partial(acquire_first, places))
        else:
            slots, pending = await acquire_first(places)
        return next(each for each in line if each.slots is slots), pending
