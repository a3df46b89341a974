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

Several processes may draw on one budget. Each window then knows what the others have used of it, and which of their
calls it holds back: those go before less urgent ones of this process, and before equally urgent ones that came later.
"""

import heapq
from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import ceil, inf

from bot.chat import Budget
from bot.status.budget_use import NOTHING_USED, BudgetUse, Urgency, WaitingCall

MIN_PAINT_S = 20.0  # seconds; what the faster upstreams take for an image
FIRST_POSTS_S = 3.0  # seconds; who sees "seen" within a second asks on, so the next first post is likely this near
SAME_S = 1e-3  # calls of two processes that were asked for within this: whoever comes first goes first
INHERITED_FOR_S = 3600.0  # that windows of processes that are gone are kept: no pause is longer
ENDS_PER_OPEN_JOB = 1.5  # ends reserved for each open job: a crowd arrives one by one, so more are about to join


class RateWindow:
    """The slots of one budget."""

    def __init__(self, budget: Budget, own: BudgetUse | None = None) -> None:
        """`own`: what this process has used of it before."""
        self.budget = budget
        self._release_times: list[float] = []  # monotonic times at which used slots are free again, ascending
        self._slots_in_flight = 0  # slots of calls in flight
        self._last_start = -inf  # monotonic time at which the last call started
        self._paused_until = -inf
        self._first_posts_until = -inf  # monotonic time until which slots are left to first posts
        self.expected_finals = 0
        """Messages whose final state is still to come; each will need a slot for it."""
        self.waiting: tuple[WaitingCall, ...] = ()
        """The first calls of this process that the budget holds back, where other processes are to know of them."""
        self._others: BudgetUse | None = None  # of other processes; None: nothing that matters
        self._others_known_until = -inf  # monotonic time from which on only what is certain of it counts
        if own is not None:
            self._release_times = list(own.release_times)
            self._slots_in_flight = own.slots_in_flight
            self._last_start = own.last_start
            self._paused_until = own.paused_until
            self._first_posts_until = own.first_posts_until
            self.expected_finals = own.expected_finals
            self.waiting = own.waiting

    def is_idle(self, now: float) -> bool:
        """Whether dropping the window would change nothing."""
        self._release_expired(now)
        in_use = self._release_times or self._slots_in_flight or self.expected_finals or self.waiting
        if in_use or self._paused_until > now or self._first_posts_until > now:
            return False
        return self._others is None or self._others.after_end(now, 0.0).free_at(now) <= now

    def earliest_start(self, urgency: Urgency, now: float, slots: int = 1, since: float = inf) -> float:
        """`now` if a call that takes `slots` slots may start; else the earliest time at which that may have changed.

        Infinite when only the end of a call in flight can change it. A call that takes more slots than the budget has
        needs all of them. `since`: as of WaitingCall.
        """
        used = self.used_slots(now)
        needed = min(slots, self.budget.slots)
        spare = self.budget.slots - used - self._reserved_slots(urgency, now)
        if (others := self._others) is not None:
            if others.waiting:
                spare = min(spare, self._spare_beside_others(urgency, since, now, others.waiting))
            times = sorted((*self._release_times, *others.release_times))
        else:
            times = self._release_times
        at = now
        if spare < needed:
            missing = needed - spare
            at = times[missing - 1] if missing <= len(times) else inf
        elif urgency is Urgency.PROGRESS:
            last_start = self._last_start if others is None else max(self._last_start, others.last_start)
            spread = last_start + self.budget.period_s / self.budget.slots * used / spare
            at = max(now, min(spread, times[0] if times else inf))
        if others is None:
            return max(at, self._paused_until)
        if at > now and (others.slots_in_flight or others.expected_finals or others.waiting):
            at = min(at, self._others_known_until)
        return max(at, self._paused_until, others.paused_until)

    def _spare_beside_others(self, urgency: Urgency, since: float, now: float, waiting: Sequence[WaitingCall]) -> int:
        """Free slots beside those that calls of other processes get first."""
        free = self.budget.slots - self.used_slots(now)
        before = [call for call in waiting if (call.urgency, call.since + SAME_S) < (urgency, since)]
        if not before:
            return free
        if urgency is Urgency.PROGRESS:
            return 0
        left = sum(call.slots for call in before)
        if urgency is Urgency.FINAL:
            return free - left - self._reserved_slots(urgency, now)
        if urgency is Urgency.FIRST:  # final states leave it some slots
            finals = sum(call.slots for call in before if call.urgency is Urgency.FINAL)
            taken_by_finals = max(0, min(finals, free - self._slots_for_first_posts(now)))
            return free - taken_by_finals - (left - finals)
        return free - left

    def used_slots(self, now: float) -> int:
        """Slots of calls that are in flight, or ended less than a period ago."""
        self._release_expired(now)
        used = len(self._release_times) + self._slots_in_flight
        return used if (others := self._others) is None else used + len(others.release_times) + others.slots_in_flight

    def expect_first_posts(self, now: float) -> float:
        """A first post was asked for. Returns until when slots are left to others."""
        self._first_posts_until = now + FIRST_POSTS_S
        return self._first_posts_until

    def _reserved_slots(self, urgency: Urgency, now: float) -> int:
        """Slots that a call of this urgency must leave free; the module's docstring says why."""
        slots, period = self.budget.slots, self.budget.period_s
        for_first_posts = self._slots_for_first_posts(now)
        expected = self.expected_finals + (0 if self._others is None else self._others.expected_finals)
        reserve = ceil(ENDS_PER_OPEN_JOB * expected * min(1.0, period / MIN_PAINT_S))
        if urgency is Urgency.FINAL:
            return for_first_posts
        if urgency is Urgency.PROGRESS:
            most = slots // 3 if self.budget.shared else slots if slots > 1 else 0
            return max(for_first_posts, min(reserve, most))
        if urgency is Urgency.FURTHER and self.budget.shared:
            return slots // 3
        return min(reserve, slots * 2 // 3) if period > MIN_PAINT_S else 0

    def _slots_for_first_posts(self, now: float) -> int:
        until = self._first_posts_until
        if self._others is not None:
            until = max(until, self._others.first_posts_until)
        return self.budget.slots // 10 if now < until else 0

    def _release_expired(self, now: float) -> None:
        del self._release_times[: bisect_right(self._release_times, now)]
        if (others := self._others) is not None:
            others = others.as_of(now)
            if now >= self._others_known_until and others.free_at(now) == inf:
                others = replace(others, slots_in_flight=0, expected_finals=0, waiting=())
            self._others = others

    # ------------------------------------------------------------ other processes

    def own_use(self) -> BudgetUse:
        """What this process has used and wants."""
        return BudgetUse(
            release_times=tuple(self._release_times),
            slots_in_flight=self._slots_in_flight,
            expected_finals=self.expected_finals,
            last_start=self._last_start,
            paused_until=self._paused_until,
            first_posts_until=self._first_posts_until,
            waiting=self.waiting,
        )

    def set_others(self, others: BudgetUse, known_until: float) -> None:
        """What the other processes have used and want. Used slots and pauses are certain; everything else may be
        different from `known_until` on, and counts no more then."""
        self._others = others if others != NOTHING_USED else None
        self._others_known_until = known_until

    def set_last_start(self, at: float) -> None:
        """When the last call of this process started that was made."""
        self._last_start = at

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
        free = first = now + self.budget.period_s if resets is None else resets
        for number in range(slots):
            free = first + self.budget.period_s * (number // self.budget.slots)
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
        self._changed: dict[str, Budget] | None = None  # since `take_changes`; None: nobody wants to know
        self._inherited: dict[str, BudgetUse] = {}  # what processes that are gone have used, by budget key
        self._inherited_at = -inf  # monotonic time at which they were gone

    def __len__(self) -> int:
        return len(self._windows) + len(self._idle_checks) + len(self._inherited)

    def any_in_use(self, budgets: Iterable[Budget], now: float) -> bool:
        """Whether a call drew on one of the budgets within its period."""
        known = (self.known_window(budget) for budget in budgets)
        return any(window.used_slots(now) for window in known if window is not None)

    def earliest_start(
        self, budgets: Iterable[Budget], urgency: Urgency, now: float, slots: int = 1, since: float = inf
    ) -> float:
        """The latest of the budgets' `RateWindow.earliest_start`; `now` without budgets."""
        known = (self.known_window(budget) for budget in budgets)
        return max(
            (window.earliest_start(urgency, now, slots, since) for window in known if window is not None), default=now
        )

    def known_window(self, budget: Budget) -> RateWindow | None:
        """The window of a budget, to be read only; None: nothing is known of it."""
        if (window := self._windows.get(budget.key)) is None and budget.key in self._inherited:
            return self._make_window(budget)
        return window

    def open_window(self, budget: Budget) -> RateWindow:
        """The window of a budget, for a change. `schedule_idle_check` must follow, or the window is never dropped."""
        if self._changed is not None:
            self._changed[budget.key] = budget
        return self._windows.get(budget.key) or self._make_window(budget)

    def _make_window(self, budget: Budget) -> RateWindow:
        window = self._windows[budget.key] = RateWindow(budget)
        if (use := self._inherited.pop(budget.key, None)) is not None:
            use = use.after_end(self._inherited_at, budget.period_s)
            window.set_others(use, -inf)
            self.schedule_idle_check(budget.key, use.free_at(self._inherited_at))
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
        if self._inherited and now - self._inherited_at > INHERITED_FOR_S:
            self._inherited.clear()

    # ------------------------------------------------------------ other processes

    def record_changes(self) -> None:
        """From now on `take_changes` tells what has changed; at first everything in use."""
        self._changed = {key: window.budget for key, window in self._windows.items()}

    def stop_recording(self, inherited: Mapping[str, BudgetUse], now: float) -> None:
        """No other process draws on the budgets any more. `inherited`: what they have used, by budget key."""
        self._changed = None
        self._inherited, self._inherited_at = dict(inherited), now
        for key, window in self._windows.items():
            use = self._inherited.pop(key, NOTHING_USED).after_end(now, window.budget.period_s)
            window.set_others(use, -inf)
            self.schedule_idle_check(key, use.free_at(now))

    def budgets(self) -> list[Budget]:
        """The budgets whose windows are open."""
        return [window.budget for window in self._windows.values()]

    def take_changes(self) -> dict[str, Budget]:
        """The budgets whose windows have changed since the last look, by key."""
        assert self._changed is not None  # they are recorded
        changed, self._changed = self._changed, {}
        return changed

    def set_untold(self, budget: Budget, last_start: float) -> None:
        """Has `take_changes` return the budget again. `last_start`: as of RateWindow."""
        assert self._changed is not None  # they are recorded
        self._changed[budget.key] = budget
        if (window := self._windows.get(budget.key)) is not None:
            window.set_last_start(last_start)

    def own_use(self, key: str, now: float) -> BudgetUse:
        """What this process has used and wants of a budget."""
        window = self._windows.get(key)
        return NOTHING_USED if window is None else window.own_use().as_of(now)

    def return_slots(self, budget: Budget, slots: int) -> None:
        """Takes back the start of a call that nobody else has heard of."""
        window = self._windows[budget.key]  # slots in flight keep it
        window.cancel_call(slots)
        self.schedule_idle_check(budget.key, -inf)

    def set_shared(self, budget: Budget, own: BudgetUse, others: BudgetUse, known_until: float) -> None:
        """What the database has of a budget, of this process and of all others together. `known_until`: as of
        RateWindow."""
        window = self._windows.get(budget.key)
        if window is None:
            if others == NOTHING_USED and not own.waiting:
                return
            window = self._make_window(budget)
        window.set_others(others, known_until)
        window.set_last_start(own.last_start)
        window.waiting = own.waiting
        self.schedule_idle_check(budget.key, max(known_until, others.after_end(known_until, 0.0).free_at(known_until)))
