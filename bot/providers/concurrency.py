"""How many requests a provider may have in progress, learned from its refusals: additive increase, multiplicative
decrease. Pure: times are parameters, in seconds of a monotonic clock.

As TCP learns its window (RFC 5681): it grows by what was taken until the first refusal, then by one for each window of
requests that were taken; a refusal halves it, once for all requests that were under way at that moment.
"""

from dataclasses import dataclass

START = 8  # requests; about what small relays allow, and four waves below a crowd of 200
FAST_GROWTH = (
    2.0  # for each request that is taken: those that are taken stay in progress, so each wave is twice the last
)
MIN_WINDOW = 8  # requests taken before one more is tried; where few are allowed, each probe is a large share
TAKEN_AFTER_S = 2.0  # seconds; refusals come sooner, while an upstream that does not stream answers when it has painted
RELEARN_AFTER_S = 300.0  # seconds without a refusal, after which what was learned is old
RELEARN_GROWTH = 0.25  # for each request that is taken from then on


@dataclass(eq=False, slots=True)
class PendingRequest:
    """A request in progress."""

    number: int
    """Its place among all requests, from 1 on."""

    begun: float
    """When it began, seconds."""

    is_taken: bool = False
    """Whether the upstream has taken it, or has been silent for so long that it must have."""


class LearnedLimit:
    """The limit of one provider, from 1 to `most`."""

    def __init__(self, *, start: int, most: int) -> None:
        """`start`: requests that it may have at first, > 0; `most`: those that it may have at any time, > 0."""
        self._most = most
        self._limit = float(min(start, most))
        self._decreased_at: float | None = None
        self._decreased_before = 0  # the number of the last request that was under way at the last decrease
        self._count = 0
        self._pending: dict[int, PendingRequest] = {}  # in the order in which they began

    @property
    def limit(self) -> int:
        """Requests that may be in progress, >= 1."""
        return int(self._limit)

    @property
    def under_way(self) -> int:
        """Requests in progress, >= 0."""
        return len(self._pending)

    @property
    def is_full(self) -> bool:
        """Whether one more has to wait."""
        return len(self._pending) >= self.limit

    @property
    def is_growing(self) -> bool:
        """Whether the upstream has refused none so far, so that the limit rises with what it takes."""
        return self._decreased_at is None and self.limit < self._most

    def begin(self, now: float) -> PendingRequest:
        """Counts a request as in progress, until `end`."""
        self._count += 1
        request = self._pending[self._count] = PendingRequest(self._count, now)
        return request

    def take(self, request: PendingRequest, now: float) -> None:
        """The upstream took the request: its answer has begun, or says something else than that it has too much to
        do. Where as many were in progress as may be, one more may be tried."""
        if request.is_taken:
            return
        request.is_taken = True
        if request.number <= self._decreased_before or not self.is_full:
            return
        self._limit = min(self._most, self._limit + self._growth(now))

    def silent_since(self, when: float) -> list[PendingRequest]:
        """The requests that began until `when` and of which nothing is known."""
        return [each for each in self._pending.values() if not each.is_taken and each.begun <= when]

    def silent_until(self) -> float | None:
        """When the next silent request counts as taken; None: none is silent."""
        return next((each.begun + TAKEN_AFTER_S for each in self._pending.values() if not each.is_taken), None)

    def refuse(self, request: PendingRequest, now: float) -> None:
        """The upstream refused the request because it has too much to do."""
        request.is_taken = True
        if request.number <= self._decreased_before:
            return  # it was sent together with one that was refused before
        self._limit = max(1.0, self._limit / 2)
        self._decreased_at, self._decreased_before = now, self._count

    def _growth(self, now: float) -> float:
        """By how much a request that was taken raises the limit."""
        if self._decreased_at is None:
            return FAST_GROWTH
        if now - self._decreased_at >= RELEARN_AFTER_S:
            return RELEARN_GROWTH
        return 1.0 / max(self._limit, MIN_WINDOW)

    def end(self, request: PendingRequest) -> None:
        """The request has ended, whatever came of it."""
        del self._pending[request.number]
