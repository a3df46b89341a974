"""Budgets that several processes draw on: their windows as rows of the database keep them, and who gets slots. Pure.

Knows no database: rows are what JSON can say, and whoever calls holds them locked.

A row has a part for each process: what that process has used and wants of the budget. A process replaces its own part
as a whole, so that what was written by a transaction whose end nobody heard of is put right by the next. It asks with
what it knows of itself, on its own clock, and is answered on that clock; rows are on the database's. The same
`RateWindow` decides as in a process that is alone.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Protocol

from bot.chat import Budget, Lane
from bot.ports import BudgetRow, ChangedBudgetRow, LockedBudgets
from bot.status.budget_use import BudgetUse, Urgency, WaitingCall, merge_uses
from bot.status.budgets import RateWindow

JOINING_S = 1.0  # since a process has announced something, in which it may be a member that was not seen yet
KEEP_S = 3600.0  # that a row is kept while somebody uses or wants its budget and does not touch it: no job is longer
TIME_STEP_S = 0.001  # times until which calls must wait are rounded up to it


class AskedCall(Protocol):
    """A call that slots are asked for."""

    @property
    def lane(self) -> Lane: ...

    @property
    def urgency(self) -> Urgency: ...

    @property
    def since(self) -> float:
        """As of WaitingCall."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotRequest:
    """What a process tells of itself, and the calls that it wants to make. Times are those of its own clock."""

    now: float
    """When it was put together, monotonic seconds."""
    budgets: Mapping[str, Budget]
    """Every budget that it is about, by key."""
    uses: Mapping[str, BudgetUse]
    """What the process has used and wants of them, without these calls."""
    calls: Sequence[AskedCall] = ()
    """In the order in which they are to get slots."""
    since_ahead: float | None = None
    """By how much `WaitingCall.since` is more in the rows than on the asker's clock: the same at each request, or two
    calls might each let the other go first; seconds. None: by as much as the database's clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotAnswer:
    """What became of a SlotRequest. Times are those of the asker's clock."""

    granted: tuple[bool, ...]
    """Which of the calls got their slots."""
    own: Mapping[str, BudgetUse]
    """What the process itself has used and wants, by budget key, as the rows have it now."""
    others: Mapping[str, BudgetUse]
    """The same of all other processes together."""
    ahead: float
    """By how much the database's clock shows more than the asker's, at most; seconds."""


def exchange(
    request: SlotRequest, locked: LockedBudgets, process: str
) -> tuple[dict[str, ChangedBudgetRow], SlotAnswer]:
    """Takes the slots that are free for the calls, and writes what the process has announced. `process`: the asker."""
    ahead = locked.now - request.now
    since_ahead = ahead if request.since_ahead is None else request.since_ahead
    parts = {key: _read_parts(locked.rows[key], budget, locked, process) for key, budget in request.budgets.items()}
    others = {key: merge_uses(list(each.values())).shifted(-ahead, -since_ahead) for key, each in parts.items()}
    windows = {key: RateWindow(budget, request.uses[key]) for key, budget in request.budgets.items()}
    for key, window in windows.items():
        window.set_others(others[key], inf)
    granted = tuple(_take_slots(call, windows, request.now) for call in request.calls)
    own = {key: window.own_use() for key, window in windows.items()}
    changed = {
        key: _changed_row(
            {**each, process: own[key].shifted(ahead, since_ahead)}, locked.rows[key], locked.now, process
        )
        for key, each in parts.items()
    }
    return changed, SlotAnswer(granted=granted, own=own, others=others, ahead=ahead)


def read_uses(row: BudgetRow, now: float) -> BudgetUse:
    """What all processes of a row have used and want. `now`: the database's clock."""
    return merge_uses([_read_part(part, now) for part in row.values()])


def _take_slots(call: AskedCall, windows: Mapping[str, RateWindow], now: float) -> bool:
    """Whether all budgets have slots for the call. Those that have none learn that it waits."""
    slots = call.lane.slots_per_call
    full = [
        budget
        for budget in call.lane.budgets
        if windows[budget.key].earliest_start(call.urgency, now, slots, call.since) > now
    ]
    for budget in full:
        waiting = WaitingCall(call.urgency, call.since, min(slots, budget.slots))
        windows[budget.key].waiting = tuple(sorted((*windows[budget.key].waiting, waiting)))
    if not full:
        for budget in call.lane.budgets:
            windows[budget.key].begin_call(now, slots)
    return not full


# ------------------------------------------------------------ rows


def _read_parts(row: BudgetRow, budget: Budget, locked: LockedBudgets, asker: str) -> dict[str, BudgetUse]:
    """The parts of all other processes that matter still."""
    parts: dict[str, BudgetUse] = {}
    for process in row.keys() - {asker}:
        use = _read_part(row[process], locked.now)
        if process not in locked.members and locked.now - float(row[process].get("at", -inf)) > JOINING_S:
            use = use.after_end(locked.now, budget.period_s)
        if use.free_at(locked.now) > locked.now:
            parts[process] = use
    return parts


def _read_part(part: Mapping[str, Any], now: float) -> BudgetUse:
    """Where the database's clock was set back, the part counts as written just now: nothing is free too early."""
    use = BudgetUse(
        release_times=tuple(float(each) for each in part.get("free", ())),
        slots_in_flight=int(part.get("flying", 0)),
        expected_finals=int(part.get("expected", 0)),
        last_start=float(part.get("last", -inf)),
        paused_until=float(part.get("paused", -inf)),
        first_posts_until=float(part.get("posts", -inf)),
        waiting=tuple(
            WaitingCall(Urgency(int(urgency)), float(since), int(slots))
            for urgency, since, slots in part.get("waiting", ())
        ),
    )
    set_back_s = float(part.get("at", now)) - now
    return (use.shifted(-set_back_s) if set_back_s > 0 else use).as_of(now)


def _changed_row(uses: Mapping[str, BudgetUse], before: BudgetRow, now: float, asker: str) -> ChangedBudgetRow:
    """The parts that matter still. What another process has announced stays as it announced it, as far as it can."""
    row: dict[str, Mapping[str, Any]] = {}
    for process, use in uses.items():
        if use.free_at(now) <= now:
            continue
        announced = before.get(process, {})
        stays = process != asker and float(announced["at"]) <= now and use == _read_part(announced, now)
        row[process] = announced if stays else _part(use, now)
    free_at = max(use.free_at(now) for use in uses.values())
    return ChangedBudgetRow(row=row, free_at=free_at if free_at < inf else now + KEEP_S)


def _part(use: BudgetUse, now: float) -> dict[str, Any]:
    """What a process has used and wants, as JSON. `now`: the database's clock."""
    part: dict[str, Any] = {"at": round(math.floor(now / TIME_STEP_S) * TIME_STEP_S, 3)}
    if use.release_times:
        part["free"] = [_rounded_up(each) for each in use.release_times]
    if use.slots_in_flight:
        part["flying"] = use.slots_in_flight
    if use.expected_finals:
        part["expected"] = use.expected_finals
    for name, time in (("last", use.last_start), ("paused", use.paused_until), ("posts", use.first_posts_until)):
        if time > -inf:
            part[name] = _rounded_up(time)
    if use.waiting:
        # a message that this process has not sent itself waits since ever, which is no number in JSON
        part["waiting"] = [[int(each.urgency), max(0.0, each.since), each.slots] for each in use.waiting]
    return part


def _rounded_up(time: float) -> float:
    return round(math.ceil(time / TIME_STEP_S) * TIME_STEP_S, 3)
