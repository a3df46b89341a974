"""Sliding-window rate limits: which slots are taken, and when a call of a given urgency may start. Pure.

Knows no jobs and no queues, and reads no clock: `now` is a monotonic time in seconds, never falling.

Why slots are reserved. A painting hardly takes less than `MIN_PAINT_S` seconds, so of n unfinished jobs
about n · period / MIN_PAINT_S (at most n) end within one period. With as many slots free, and half as many again
for jobs about to join, each of these pictures goes out the moment it is ready: that is the reserve.

- A final state may take any slot. But of a budget shared by all chats it leaves a tenth for FIRST_POSTS_S after a first
  post was asked for, as all but first posts do: when the pictures of a crowd are ready at once, whoever asks
  meanwhile is answered at once. For Telegram's 30 calls a second, sixty such pictures then take 2.3 s instead of 2.
- A first post leaves nothing where its slot is free again before its own picture can be ready (Discord: 5 a 5
  s). Where a slot is gone for longer it leaves the reserve, but never has to leave more than two thirds of
  the slots, so that even in the worst crowd some see that they are being served. In numbers, for Telegram's
  20 a minute, 5 of them in 5 s, and 20 jobs of 20 s begun at once: 7 get a status message, 13 get their picture as
  their first and only message within 12 s, and 7 get theirs when the slot of a first post is free again, 40 s late.
  Mean delay 18 s; it is 22 s if first posts take half of the slots, 42 s if each job posts at once.
- A further post, in a chat that a call went to within its period, is one as well, but of a budget shared by all chats
  it leaves a third: whoever asks for much at once, in however many chats, does not hold up those who ask for little.
- Progress leaves the reserve, in a budget of the chat's own all of it (unless there is but one slot), so in a
  crowd there is none: an edit a minute for each would help nobody, and one just before all the pictures are
  ready makes half of them late. In a budget shared by all chats, where the ends of many jobs even out, it
  leaves a third of the slots at most.
- Progress is spread, too: the less lies above the reserve, the longer the time since the last call must be.
  In a quiet chat that is nothing, so the first edits of a lone job come as fast as its own gap allows; a long
  job's edits settle at a pace that can be kept up and leaves room for the next job (in a Telegram
  group, one in 5 s).
"""

import heapq
from bisect import bisect_right, insort
from collections.abc import Iterable
from enum import IntEnum
from math import ceil, inf

from bot.chat import Budget

MIN_PAINT_S = 20.0  # seconds; what the faster upstreams take for an image
FIRST_POSTS_S = 3.0  # seconds; who is told "seen" within a second asks on, so the next first post is likely this near
ENDS_PER_OPEN_JOB = 1.5  # ends reserved for each open job: a crowd arrives one by one, so more are about to join


class Urgency(IntEnum):
    """Kinds of calls, the most urgent first."""

    FINAL = 0
    FIRST = 1
    FURTHER = 2
    PROGRESS = 3


class RateWindow:
    """The slots of one budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._release_times: list[float] = []  # monotonic times at which used slots are free again, ascending
        self._slots_in_flight = 0  # slots of calls in flight
        self._last_start = -inf  # monotonic time at which the last call started
        self._paused_until = -inf
        self._first_posts_until = -inf  # monotonic time until which slots are left to first posts
        self.expected_finals = 0
        """Messages whose final state is still to come; each will need a slot for it."""

    def is_idle(self, now: float) -> bool:
        """Whether dropping the window would change nothing."""
        self._release_expired(now)
        in_use = self._release_times or self._slots_in_flight or self.expected_finals
        return not (in_use or self._paused_until > now or self._first_posts_until > now)

    def earliest_start(self, urgency: Urgency, now: float, slots: int = 1) -> float:
        """`now` if a call that takes `slots` slots may start; else the earliest time at which that may have changed.

        Infinite when only the end of a call in flight can change it. A call that takes more slots than the budget has
        needs all of them.
        """
        used = self.used_slots(now)
        needed = min(slots, self._budget.slots)
        spare = self._budget.slots - used - self._reserved_slots(urgency, now)
        at = now
        if spare < needed:
            missing = needed - spare
            at = self._release_times[missing - 1] if missing <= len(self._release_times) else inf
        elif urgency is Urgency.PROGRESS:
            spread = self._last_start + self._budget.period_s / self._budget.slots * used / spare
            at = max(now, min(spread, self._release_times[0] if self._release_times else inf))
        return max(at, self._paused_until)

    def used_slots(self, now: float) -> int:
        """Slots of calls that are in flight, or ended less than a period ago."""
        self._release_expired(now)
        return len(self._release_times) + self._slots_in_flight

    def expect_first_posts(self, now: float) -> float:
        """A first post was asked for. Returns until when slots are left to others."""
        self._first_posts_until = now + FIRST_POSTS_S
        return self._first_posts_until

    def _reserved_slots(self, urgency: Urgency, now: float) -> int:
        """Slots that a call of this urgency must leave free; the module's docstring says why."""
        slots, period = self._budget.slots, self._budget.period_s
        for_first_posts = slots // 10 if now < self._first_posts_until else 0
        reserve = ceil(ENDS_PER_OPEN_JOB * self.expected_finals * min(1.0, period / MIN_PAINT_S))
        if urgency is Urgency.FINAL:
            return for_first_posts
        if urgency is Urgency.PROGRESS:
            most = slots // 3 if self._budget.shared else slots if slots > 1 else 0
            return max(for_first_posts, min(reserve, most))
        if urgency is Urgency.FURTHER and self._budget.shared:
            return slots // 3
        return min(reserve, slots * 2 // 3) if period > MIN_PAINT_S else 0

    def _release_expired(self, now: float) -> None:
        del self._release_times[: bisect_right(self._release_times, now)]

    # ------------------------------------------------------------ calls

    def begin_call(self, now: float, slots: int = 1) -> None:
        """Takes slots for a call that starts; `end_call` or `cancel_call` must follow."""
        self._last_start = now
        self._slots_in_flight += slots

    def end_call(self, now: float, slots: int = 1, resets: float | None = None) -> float:
        """Holds the slots of a call that ended until one period from now, or until `resets`, the time that the platform
        gave. A call that took more slots than there are is in debt: what is beyond them is held for further periods.
        Returns when all are free."""
        self._slots_in_flight -= slots
        free = first = now + self._budget.period_s if resets is None else resets
        for number in range(slots):
            free = first + self._budget.period_s * (number // self._budget.slots)
            insort(self._release_times, free)
        return free

    def cancel_call(self, slots: int = 1) -> None:
        """Frees the slots of a call that the platform rejected."""
        self._slots_in_flight -= slots

    def pause_until(self, until: float) -> None:
        """Lets no call start before `until`."""
        self._paused_until = max(self._paused_until, until)


class RateWindows:
    """The windows of all budgets in use, by budget key; idle ones are dropped."""

    def __init__(self) -> None:
        self._windows: dict[str, RateWindow] = {}
        self._idle_checks: list[tuple[float, str]] = []  # (time at which a window may be idle, budget key)

    def __len__(self) -> int:
        return len(self._windows) + len(self._idle_checks)

    def any_in_use(self, budgets: Iterable[Budget], now: float) -> bool:
        """Whether a call drew on one of the budgets within its period."""
        known = (self._windows.get(budget.key) for budget in budgets)
        return any(window.used_slots(now) for window in known if window is not None)

    def earliest_start(self, budgets: Iterable[Budget], urgency: Urgency, now: float, slots: int = 1) -> float:
        """The latest of the budgets' `RateWindow.earliest_start`; `now` without budgets."""
        known = (self._windows.get(budget.key) for budget in budgets)
        return max((window.earliest_start(urgency, now, slots) for window in known if window is not None), default=now)

    def open_window(self, budget: Budget) -> RateWindow:
        """The window of a budget, for a change. `schedule_idle_check` must follow, or the window is never dropped."""
        if (window := self._windows.get(budget.key)) is None:
            window = self._windows[budget.key] = RateWindow(budget)
        return window

    def schedule_idle_check(self, key: str, at: float) -> None:
        """Has `drop_idle` look at the window once it is `at`."""
        heapq.heappush(self._idle_checks, (at, key))

    def drop_idle(self, now: float) -> None:
        """Drops windows that have become idle."""
        while self._idle_checks and self._idle_checks[0][0] <= now:
            _, key = heapq.heappop(self._idle_checks)
            if key in self._windows and self._windows[key].is_idle(now):
                del self._windows[key]
