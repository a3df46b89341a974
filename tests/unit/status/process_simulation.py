"""Processes that share budgets, as a discrete-event simulation: real pacers, one row store, time that is only counted.

Each process has a clock of its own, an exchange takes time before and after the rows change, and a process may be
killed or stopped at any point. The platform counts a call from its start until a period after its end.
"""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from math import inf

from bot.chat import Budget, Lane
from bot.ports import BudgetRow, LockedBudgets
from bot.status.budget_use import Urgency
from bot.status.pacing import Pacer, SendGrant
from bot.status.shared_windows import SlotAnswer, SlotRequest, exchange

LOST_AFTER_S = 5.0
EPOCH_S = 1_800_000_000.0  # the database's clock at the beginning


@dataclass(slots=True, eq=False, kw_only=True)
class Call:
    """A call as the platform sees it."""

    process: "Process"
    grant: SendGrant
    start: float
    end: float

    def counts(self, budget: Budget, now: float) -> int:
        """Slots of the budget that the call holds."""
        held = budget in self.grant.lane.budgets and self.start <= now < self.end + budget.period_s
        return self.grant.lane.slots_per_call if held else 0


@dataclass(slots=True, eq=False, kw_only=True)
class Process:
    """One process: its pacer, its clock, and what it waits for."""

    id: str
    ahead_s: float
    """By how much its clock shows more than the simulation's."""
    pacer: Pacer = field(default_factory=Pacer)
    alive: bool = True
    stopped_until: float = -inf
    lost: bool = False
    """Whether the others have given it up."""
    busy: bool = False
    """Whether an exchange is under way."""
    since_ahead: float | None = None
    finals: dict[str, tuple[Lane, float]] = field(default_factory=dict[str, tuple[Lane, float]])
    """Final states that are wanted and not shown: their lanes, and since when."""


class Simulation:
    """All processes, the rows, and the platform."""

    def __init__(self, seed: int = 0, *, call_s: tuple[float, float] = (0.05, 1.0)) -> None:
        self.chance = random.Random(seed)
        self.now = 0.0
        self.rows: dict[str, BudgetRow] = {}
        self.database_set_by_s = 0.0
        self.processes: list[Process] = []
        self.calls: list[Call] = []
        self.exchanges = 0
        self._call_s = call_s
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._names = count()

    # ------------------------------------------------------------ what happens

    def at(self, when: float, do: Callable[[], None]) -> None:
        heapq.heappush(self._events, (when, next(self._order), do))

    def run(self, until: float) -> None:
        while self._events and self._events[0][0] <= until:
            self.now, _, do = heapq.heappop(self._events)
            do()
        self.now = until

    def add_process(self) -> Process:
        process = Process(id=f"p{next(self._names)}", ahead_s=self.chance.uniform(-1000.0, 1000.0))
        process.pacer.share_budgets()
        self.processes.append(process)
        return process

    def kill(self, process: Process) -> None:
        process.alive = False
        self.at(self.now + LOST_AFTER_S, lambda: self._give_up(process))

    def stop(self, process: Process, seconds: float) -> None:
        """SIGSTOP, and later SIGCONT: given up meanwhile, it drops its messages and goes on under another id."""
        process.stopped_until = self.now + seconds
        if seconds >= LOST_AFTER_S:
            self.at(self.now + LOST_AFTER_S, lambda: self._give_up(process))
        self.at(process.stopped_until, lambda: self._go_on(process))

    def set_database_clock(self, *, back_s: float) -> None:
        self.database_set_by_s -= back_s

    def _give_up(self, process: Process) -> None:
        process.lost = True

    def _go_on(self, process: Process) -> None:
        if process.lost:
            for key in list(process.finals):
                process.pacer.drop_message(key)
            process.finals.clear()
            process.id, process.lost = f"{process.id}+", False
            process.pacer.share_budgets()
        self.look(process)

    def request(self, process: Process, key: str, urgency: Urgency, lane: Lane) -> None:
        if not self._runs(process):
            return
        process.pacer.request_call(key, urgency, lane, self._local(process))
        if urgency is Urgency.FINAL:
            process.finals.setdefault(key, (lane, self.now))
        self.look(process)

    def begin(self, process: Process, key: str, lane: Lane) -> None:
        """A job begins: its final state is expected, its first post requested."""
        if self._runs(process):
            process.pacer.expect_final(key, lane)
            self.request(process, key, process.pacer.post_urgency(lane, self._local(process)), lane)

    # ------------------------------------------------------------ processes

    def _runs(self, process: Process) -> bool:
        return process.alive and self.now >= process.stopped_until

    def _local(self, process: Process) -> float:
        return self.now + process.ahead_s

    def look(self, process: Process) -> None:
        if not self._runs(process) or process.busy:
            return
        request = process.pacer.ask_for_slots(self._local(process))
        if request is None:
            wake = process.pacer.next_call(self._local(process))
            assert not isinstance(wake, SendGrant)
            if wake is not None:
                assert wake > self._local(process)
                self.at(wake - process.ahead_s + 1e-6, lambda: self.look(process))  # not before, by rounding
            return
        process.busy = True
        identity, sent = process.id, self.now
        self.at(self.now + self._latency(), lambda: self._exchange(process, identity, sent, request))

    def _latency(self) -> float:
        return self.chance.choice([0.001, 0.002, 0.005, 0.05])

    def _exchange(self, process: Process, identity: str, sent: float, request: SlotRequest) -> None:
        if not process.alive and self.chance.random() < 0.5:
            return  # it was killed before the database heard of it
        self.exchanges += 1
        locked = LockedBudgets(
            rows={key: self.rows.get(key, {}) for key in request.budgets},
            now=EPOCH_S + self.now + self.database_set_by_s,
            members=[each.id for each in self.processes if not each.lost],
        )
        told = SlotRequest(
            now=request.now,
            budgets=request.budgets,
            uses=request.uses,
            calls=request.calls,
            since_ahead=process.since_ahead,
        )
        changed, answer = exchange(told, locked, identity)
        self.rows.update({key: each.row for key, each in changed.items()})
        self.at(self.now + self._latency(), lambda: self._apply(process, identity, sent, request, answer))

    def _apply(self, process: Process, identity: str, sent: float, request: SlotRequest, answer: SlotAnswer) -> None:
        if not self._runs(process):
            if process.alive:
                self.at(process.stopped_until, lambda: self._apply(process, identity, sent, request, answer))
            return
        process.busy = False
        if process.since_ahead is None or abs(process.since_ahead - answer.ahead) > 1.0:
            process.since_ahead = answer.ahead
        if self.now - sent >= LOST_AFTER_S - 1.0 or process.id != identity:
            process.pacer.withdraw_request(request)
        else:
            for grant in process.pacer.apply_answer(request, answer, self._local(process)):
                self._start(process, grant)
        self.look(process)

    # ------------------------------------------------------------ the platform

    def _start(self, process: Process, grant: SendGrant) -> None:
        call = Call(process=process, grant=grant, start=self.now, end=self.now + self.chance.uniform(*self._call_s))
        for budget in grant.lane.budgets:
            used = sum(each.counts(budget, self.now) for each in self.calls)
            assert used == 0 or used + grant.lane.slots_per_call <= budget.slots, f"{budget.key} is overdrawn"
        self._check_order(grant)
        self.calls.append(call)
        self.at(call.end, lambda: self._end(call))

    def _check_order(self, grant: SendGrant) -> None:
        """Nothing else goes while another process has waited to show a final state in the same chat."""
        if grant.urgency is Urgency.FINAL:
            return
        in_flight = {(call.process, call.grant.key) for call in self.calls if call.end >= self.now - 1.0}
        for process in self.processes:
            waiting = [each for key, each in process.finals.items() if (process, key) not in in_flight]
            for lane, since in waiting:
                waited = since < self.now - 1.0 and self._runs(process) and process.stopped_until < self.now - 1.0
                assert not (waited and lane == grant.lane), f"{grant.urgency!r} before a final state"

    def _end(self, call: Call) -> None:
        process, grant = call.process, call.grant
        if not self._runs(process):
            if process.alive:
                self.at(process.stopped_until, lambda: self._end(call))
            return
        process.pacer.finish_call(grant, self._local(process))
        if grant.urgency is Urgency.FINAL:
            process.finals.pop(grant.key, None)
            process.pacer.drop_message(grant.key)
        self.look(process)
