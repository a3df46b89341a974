"""What processes have used of a rate limit, and which of their calls it holds back: values and their sums. Pure.

Decides nothing and reads no clock; when a call may start is `budgets`'.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from math import inf
from typing import NamedTuple


class Urgency(IntEnum):
    """Kinds of calls, the most urgent first."""

    FINAL = 0
    FIRST = 1
    FURTHER = 2
    PROGRESS = 3


class WaitingCall(NamedTuple):
    """A call that a budget holds back. They sort in the order in which they go."""

    urgency: Urgency
    since: float
    """When it was asked for; of progress, when the message was last called about. Seconds."""
    slots: int
    """Slots that it needs, >= 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetUse:
    """What a process has used of a budget and wants of it, or several together. Times in seconds."""

    release_times: tuple[float, ...] = ()
    """When used slots are free again, ascending."""
    slots_in_flight: int = 0
    """Slots of calls in flight."""
    expected_finals: int = 0
    """As of RateWindow."""
    last_start: float = -inf
    """When the last call started."""
    paused_until: float = -inf
    """Until when no call may start."""
    first_posts_until: float = -inf
    """Until when slots are left to first posts."""
    waiting: tuple[WaitingCall, ...] = ()
    """The first calls that the budget holds back, in order."""

    def as_of(self, now: float) -> "BudgetUse":
        """Without the slots that are free by now."""
        if not self.release_times or self.release_times[0] > now:
            return self
        return replace(self, release_times=self.release_times[bisect_right(self.release_times, now) :])

    def after_end(self, now: float, period_s: float) -> "BudgetUse":
        """What is left of it when the process has ended: its calls in flight may just have arrived."""
        held = (*self.release_times, *(now + period_s for _ in range(self.slots_in_flight)))
        return replace(self, release_times=tuple(sorted(held)), slots_in_flight=0, expected_finals=0, waiting=())

    def shifted(self, seconds: float, since: float = 0.0) -> "BudgetUse":
        """On a clock that shows so much more. `since`: by how much `WaitingCall.since` is shifted, which only puts
        calls in order."""
        return BudgetUse(
            release_times=tuple(each + seconds for each in self.release_times),
            slots_in_flight=self.slots_in_flight,
            expected_finals=self.expected_finals,
            last_start=self.last_start + seconds,
            paused_until=self.paused_until + seconds,
            first_posts_until=self.first_posts_until + seconds,
            waiting=tuple(each._replace(since=each.since + since) for each in self.waiting),
        )

    def free_at(self, now: float) -> float:
        """When the budget is as if nobody had used it, at the earliest; infinite while somebody uses or wants it."""
        if self.slots_in_flight or self.expected_finals or self.waiting:
            return inf
        return max(now, self.paused_until, self.first_posts_until, *self.release_times[-1:])


def merge_uses(uses: Sequence[BudgetUse]) -> BudgetUse:
    """What several processes use and want together."""
    return BudgetUse(
        release_times=tuple(sorted(time for use in uses for time in use.release_times)),
        slots_in_flight=sum(use.slots_in_flight for use in uses),
        expected_finals=sum(use.expected_finals for use in uses),
        last_start=max((use.last_start for use in uses), default=-inf),
        paused_until=max((use.paused_until for use in uses), default=-inf),
        first_posts_until=max((use.first_posts_until for use in uses), default=-inf),
        waiting=tuple(sorted(call for use in uses for call in use.waiting)),
    )


NOTHING_USED = BudgetUse()
