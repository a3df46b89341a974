"""Whose call to a chat platform is next. Pure: no asyncio, no clock, no text.

`now` is a monotonic time in seconds, never falling. A job has at most one wish (final state, first post,
progress) and at most one call under way. A call may start when every budget of its lane has a slot for its
urgency (`windows` says what is kept back, and why). Of all that may start, final states go first, then first
posts, each the longest waiting first; then progress, the stalest message first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import count
from math import inf
from types import MappingProxyType

from bot.chat import Lane
from bot.status.budgets import Urgency, Windows
from bot.status.priority_queue import Rank
from bot.status.send_queues import Lines

NOTHING_TOLD: Mapping[str, float] = MappingProxyType({})

__all__ = ["Pacer", "Turn", "Urgency"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A call that may start."""

    job: str
    urgency: Urgency
    lane: Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    urgency: Urgency
    lane: Lane
    since: float
    order: int
    not_before: float = -inf


@dataclass(slots=True, kw_only=True)
class _Flight:
    """A call under way, and the wish it fulfils; None: dropped meanwhile."""

    wish: _Wish | None


@dataclass(slots=True, kw_only=True)
class _Job:
    wish: _Wish | None = None
    flight: _Flight | None = None
    expected: Lane | None = None  # where its final state is reckoned with
    last: float = -inf  # when its last call started or ended
    open: bool = True


class Pacer:
    """All wishes of all chats, and the budgets they draw on."""

    def __init__(self) -> None:
        self._jobs: dict[str, _Job] = {}
        self._windows = Windows()
        self._lines = Lines(self._windows.opens)
        self._order = count()

    def __len__(self) -> int:
        """How much is remembered: nothing, at the first look after all jobs are dropped and their slots
        free."""
        return len(self._jobs) + len(self._windows) + len(self._lines)

    # ------------------------------------------------------------ what jobs ask for

    def want(self, job: str, urgency: Urgency, lane: Lane, now: float) -> None:
        """The job wants a call. Replaces a wish that is no more urgent; beside a more urgent one it is
        ignored.

        What the call will show is not kept here, so the same wish once more keeps its place.
        """
        known = self._open(job)
        old = known.wish
        if old is not None and old.urgency < urgency:
            return
        wish = _Wish(urgency=urgency, lane=lane, since=now, order=next(self._order))
        if old is not None and old.urgency == urgency:
            wish = replace(wish, since=old.since, order=old.order)
        if wish == old:
            return
        self._withdraw(job, known)
        known.wish = wish
        if known.expected is not None:
            self._expect(known, lane)
        self._queue(job, known)

    def expect(self, job: str, lane: Lane) -> None:
        """The job is open and will want its final state in this lane, or in that of a later wish: slots are
        kept back for it until it is dropped."""
        self._expect(self._open(job), lane)

    def drop(self, job: str) -> None:
        """The job is over or cancelled: forgotten, but for the slots of its calls."""
        if (known := self._jobs.get(job)) is None:
            return
        self._withdraw(job, known)
        self._expect(known, None)
        known.open = False
        if known.flight is None:
            del self._jobs[job]
        else:
            known.flight.wish = None

    # ------------------------------------------------------------ whose turn it is

    def next(self, now: float) -> Turn | float | None:
        """A call that may start now, offered until it is started; else the time at which to look again.

        None: the clock alone changes nothing. Nothing is wanted, or what is waits for a call under way to
        end. After any other method, too, a look is worthwhile.
        """
        self._windows.forget(now)
        best = self._lines.best(now)
        if not isinstance(best, str):
            return best if best < inf else None
        wish = self._jobs[best].wish
        assert wish is not None  # whoever stands in a line wants something
        return Turn(job=best, urgency=wish.urgency, lane=wish.lane)

    # ------------------------------------------------------------ how calls go

    def start(self, turn: Turn, now: float) -> None:
        """The call that `next` just offered begins: its slots are taken, its wish is out. The job has no
        other turn until one of `finish`, `fail` and `refuse` is told how the call ended."""
        known = self._jobs[turn.job]
        wish = known.wish
        self._withdraw(turn.job, known)
        known.flight = _Flight(wish=wish)
        known.last = now
        for budget in turn.lane.budgets:
            self._windows.draw(budget).start(now, turn.lane.slots_per_call)
        self._lines.touch(turn.lane)

    def finish(self, turn: Turn, now: float, resets: Mapping[str, float] = NOTHING_TOLD) -> None:
        """The call ended well. `resets`: when the platform says that slots are free again, by the budget's key."""
        self._use(turn, now, resets)
        self._land(turn, now)

    def fail(self, turn: Turn, now: float, retry_in: float) -> None:
        """The call failed but may succeed later: it used its slots, and its wish comes back after `retry_in`
        seconds unless a newer one, no less urgent, has taken its place."""
        self._use(turn, now)
        self._land(turn, now, again=now + retry_in)

    def refuse(self, turn: Turn, retry_after: float, now: float) -> None:
        """The platform did not take the call (429): it used no slot, its chat's own budgets pause for
        `retry_after` seconds, and its wish comes back then unless a newer one, no less urgent, has taken its
        place."""
        until = now + retry_after
        for budget in turn.lane.budgets:
            window = self._windows.draw(budget)
            window.undo(turn.lane.slots_per_call)
            if not budget.shared:
                window.pause(until)
            self._windows.fade(budget.key, until)
        self._land(turn, now, again=until)

    def _use(self, turn: Turn, now: float, resets: Mapping[str, float] = NOTHING_TOLD) -> None:
        """The call's slots are taken for a while."""
        for budget in turn.lane.budgets:
            free = self._windows.draw(budget).finish(now, turn.lane.slots_per_call, resets.get(budget.key))
            self._windows.fade(budget.key, free)

    def _land(self, turn: Turn, now: float, again: float | None = None) -> None:
        """The call is over; its wish comes back at `again`."""
        known = self._jobs[turn.job]
        flight, known.flight = known.flight, None
        assert flight is not None  # calls that end have been started
        known.last = now
        self._lines.touch(turn.lane)
        if not known.open:
            del self._jobs[turn.job]
            return
        if again is not None and flight.wish is not None:
            known.wish = _reconciled(replace(flight.wish, not_before=again), known.wish)
        self._queue(turn.job, known)

    # ------------------------------------------------------------ jobs

    def _open(self, job: str) -> _Job:
        known = self._jobs.setdefault(job, _Job())
        known.open = True
        return known

    def _expect(self, known: _Job, lane: Lane | None) -> None:
        """Moves the expectation of a job's final state to `lane`, or takes it back."""
        old, known.expected = known.expected, lane
        if old == lane:
            return
        for place, step in ((old, -1), (lane, 1)):
            if place is not None:
                for budget in place.budgets:
                    self._windows.draw(budget).expected += step
                    self._windows.fade(budget.key, -inf)
                self._lines.touch(place)

    def _queue(self, job: str, known: _Job) -> None:
        """Has the job's wish, if any, stand in line, unless a call is under way."""
        wish = known.wish
        if wish is None or known.flight is not None:
            return
        if wish.urgency is Urgency.PROGRESS:
            rank: Rank = (wish.urgency, known.last, wish.order)
            not_before = max(wish.not_before, known.last + wish.lane.edit_gap_s)
        else:
            rank, not_before = (wish.urgency, wish.since, wish.order), wish.not_before
        self._lines.join(job, wish.lane, rank, not_before)

    def _withdraw(self, job: str, known: _Job) -> None:
        """Takes the job's wish, if any, back and out of its line."""
        wish, known.wish = known.wish, None
        if wish is not None and known.flight is None:
            self._lines.leave(job, wish.lane)


def _reconciled(back: _Wish, newer: _Wish | None) -> _Wish:
    """The wish of a call that came to nothing, and what was wanted meanwhile: the more urgent of the two; if
    they are equal the newer, in the older's place."""
    if newer is None or back.urgency < newer.urgency:
        return back
    if back.urgency == newer.urgency:
        return replace(newer, since=back.since, order=back.order)
    return newer
