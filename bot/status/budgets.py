"""Budgets as sliding windows: which slots are taken, and when a call of some urgency may start. Pure.

Knows no jobs and no lines, and reads no clock: `now` is a monotonic time in seconds, never falling.

What is kept free, and why. A painting hardly takes less than `PAINTING` seconds, so of n unfinished jobs
about n · period / PAINTING (at most n) end within one period. With as many slots free, and half as many again
for those who are about to join, each of these pictures goes out the moment it is ready: that is the reserve.

- A final state may take any slot.
- A first post leaves nothing where its slot is free again before its own picture can be ready (Discord: 5 a 5
  s). Where a slot is gone for longer it leaves the reserve, but never has to leave more than two thirds of
  the slots, so that even in the worst crowd some see that they are being served. In numbers, for Telegram's
  20 a minute and 20 jobs of 20 s begun at once: 8 get a status message, 12 get their picture at once as their
  first and only message, and 8 get theirs when the slot of a first post is free again, 40 s late. Mean delay
  16 s; it is 20 s if first posts take half of the slots, 40 s if each job posts at once.
- Progress leaves the reserve, in a budget of the chat's own all of it (unless there is but one slot), so in a
  crowd there is none: an edit a minute for each would help nobody, and one just before all the pictures are
  ready makes half of them late. In a budget shared by all chats, where the ends of many jobs even out, it
  leaves a third of the slots at most.
- Progress is spread, too: the less lies above the reserve, the longer the time since the last call must be.
  In a quiet chat that is nothing, so the first edits of a lone job come as fast as its own gap allows; a long
  job's edits settle at a pace that can be kept up and leaves room for whoever comes next (in a Telegram
  group, one in 5 s).
"""

import heapq
from bisect import bisect_right, insort
from collections.abc import Iterable
from enum import IntEnum
from math import ceil, inf

from bot.chat import Budget

PAINTING = 20.0  # seconds; what the quicker upstreams take for a picture
CROWD = 1.5  # jobs that may end within a period, for each that is open now: a crowd comes one by one


class Urgency(IntEnum):
    """Whose call goes first."""

    FINAL = 0
    FIRST = 1
    PROGRESS = 2


class Window:
    """The slots of one budget. `expected`: unfinished jobs, each of which will need one for its final
    state."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._ends: list[float] = []  # when each used slot is free again, ascending
        self._held = 0  # slots of calls under way
        self._last = -inf  # start of the last call
        self._paused_until = -inf
        self.expected = 0

    def idle(self, now: float) -> bool:
        """Whether forgetting the window would change nothing."""
        self._expire(now)
        return not (self._ends or self._held or self.expected or self._paused_until > now)

    def opens(self, urgency: Urgency, now: float, cost: int = 1) -> float:
        """`now` if a call may start that takes `cost` slots; else the earliest time at which that may have changed,
        infinite when it takes the end of a call under way. A call that takes more than there are needs all."""
        self._expire(now)
        used = len(self._ends) + self._held
        needed = min(cost, self._budget.slots)
        spare = self._budget.slots - used - self._reserve(urgency)
        at = now
        if spare < needed:
            missing = needed - spare
            at = self._ends[missing - 1] if missing <= len(self._ends) else inf
        elif urgency is Urgency.PROGRESS:
            spread = self._last + self._budget.period_s / self._budget.slots * used / spare
            at = max(now, min(spread, self._ends[0] if self._ends else inf))
        return max(at, self._paused_until)

    def _reserve(self, urgency: Urgency) -> int:
        """Slots that a call of this urgency has to leave free."""
        slots, period = self._budget.slots, self._budget.period_s
        reserve = ceil(CROWD * self.expected * min(1.0, period / PAINTING))
        if urgency is Urgency.PROGRESS:
            return min(reserve, slots // 3 if self._budget.shared else slots if slots > 1 else 0)
        if urgency is Urgency.FIRST and period > PAINTING:
            return min(reserve, slots * 2 // 3)
        return 0

    def _expire(self, now: float) -> None:
        del self._ends[: bisect_right(self._ends, now)]

    # ------------------------------------------------------------ calls

    def start(self, now: float, cost: int = 1) -> None:
        """A call begins that takes `cost` slots; `finish` or `undo` has to follow."""
        self._last = now
        self._held += cost

    def finish(self, now: float, cost: int = 1, resets: float | None = None) -> float:
        """The call ended; `resets`: when the platform says that its slots are free again. Returns when they are."""
        self._held -= cost
        free = now + self._budget.period_s if resets is None else resets
        for _ in range(cost):
            insort(self._ends, free)
        return free

    def undo(self, cost: int = 1) -> None:
        """The call was refused, so it has used no slots."""
        self._held -= cost

    def pause(self, until: float) -> None:
        """No call starts before `until`."""
        self._paused_until = max(self._paused_until, until)


class Windows:
    """The windows of all budgets that anybody draws on, by key; one that is idle is forgotten."""

    def __init__(self) -> None:
        self._windows: dict[str, Window] = {}
        self._fading: list[tuple[float, str]] = []  # times at which a window may have become idle

    def __len__(self) -> int:
        return len(self._windows) + len(self._fading)

    def opens(self, budgets: Iterable[Budget], urgency: Urgency, now: float, cost: int = 1) -> float:
        """When all of the budgets let a call start, as `Window.opens` puts it."""
        known = (self._windows.get(budget.key) for budget in budgets)
        return max((window.opens(urgency, now, cost) for window in known if window is not None), default=now)

    def draw(self, budget: Budget) -> Window:
        """The window of a budget, to be changed. A `fade` has to follow."""
        if (window := self._windows.get(budget.key)) is None:
            window = self._windows[budget.key] = Window(budget)
        return window

    def fade(self, key: str, at: float) -> None:
        """The window may have become idle at `at`."""
        heapq.heappush(self._fading, (at, key))

    def forget(self, now: float) -> None:
        """Drops what has become idle."""
        while self._fading and self._fading[0][0] <= now:
            _, key = heapq.heappop(self._fading)
            if key in self._windows and self._windows[key].idle(now):
                del self._windows[key]
