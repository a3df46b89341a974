"""State machine test of the pacer: calls in any order never overdraw a budget and never starve a final state."""

from dataclasses import dataclass
from math import inf

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot.chat import Budget, Lane
from bot.status.pacing import Pacer, SendGrant, Urgency
from tests.support.examples import examples
from tests.unit.status.pacer_calls import BOT, FINAL, lane

LANES = (
    lane(Budget(key="group", slots=2, period_s=30.0), BOT),
    lane(Budget(key="channel", slots=2, period_s=5.0), gap=2.0),
    lane(Budget(key="token", slots=2, period_s=2.0), Budget(key="channel", slots=2, period_s=5.0)),
    lane(BOT, gap=0.0),
    lane(),
)
JOBS = st.sampled_from("abcdef")
URGENCIES = st.sampled_from(Urgency)


@dataclass(slots=True, kw_only=True)
class UsedSlots:
    """The slots of one call as the platform counts them: one of each budget, from start to one period after its end."""

    grant: SendGrant
    start: float
    end: float | None = None

    def takes_slot(self, budget: Budget, now: float) -> bool:
        return self.end is None or now < self.end + budget.period_s


class PacerStateMachine(RuleBasedStateMachine):
    """Requests and ends calls in any order; a simple model of the platforms checks that all rules hold."""

    def __init__(self) -> None:
        super().__init__()
        self.pacer = Pacer()
        self.now = 0.0
        self.requested: dict[str, tuple[Urgency, Lane, float]] = {}  # the last is a time: not before
        self.expected: set[str] = set()
        self.known: set[str] = set()
        self.in_flight: dict[str, UsedSlots] = {}
        self.dropped_in_flight: set[str] = set()  # dropped while under way
        self.used: list[UsedSlots] = []
        self.paused: dict[str, float] = {}
        self.only_time_passed = False  # nothing but time has passed since `next` said how long to wait
        self.wake = 0.0

    def has_free_slot(self, budget: Budget) -> bool:
        taken = sum(budget in used.grant.lane.budgets and used.takes_slot(budget, self.now) for used in self.used)
        return taken < budget.slots and self.paused.get(budget.key, 0.0) <= self.now

    def startable_finals(self) -> set[str]:
        """Jobs whose final state could be shown now."""
        return {
            job
            for job, (urgency, where, not_before) in self.requested.items()
            if urgency is FINAL and job not in self.in_flight and not_before <= self.now
            if all(self.has_free_slot(budget) for budget in where.budgets)
        }

    @rule(job=JOBS, urgency=URGENCIES, where=st.sampled_from(LANES))
    def request_call(self, job: str, urgency: Urgency, where: Lane) -> None:
        self.pacer.request_call(job, urgency, where, self.now)
        self.known.add(job)
        if job not in self.requested or self.requested[job][0] >= urgency:
            self.requested[job] = (urgency, where, 0.0)
        self.only_time_passed = False

    @rule(job=JOBS, where=st.sampled_from(LANES))
    def expect_final(self, job: str, where: Lane) -> None:
        self.pacer.expect_final(job, where)
        self.known.add(job)
        self.only_time_passed = False

    @rule(job=JOBS)
    def drop_message(self, job: str) -> None:
        self.pacer.drop_message(job)
        self.known.discard(job)
        self.requested.pop(job, None)
        if job in self.in_flight:
            self.dropped_in_flight.add(job)
        self.only_time_passed = False

    @rule(seconds=st.sampled_from([0.1, 0.5, 1.0, 2.5, 7.0, 31.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def start_calls(self) -> None:
        """Starts whatever may start."""
        while True:
            grant = self.pacer.next_call(self.now)
            assert grant == self.pacer.next_call(self.now)
            if not isinstance(grant, SendGrant):
                break
            self.start_call(grant)
        assert not self.startable_finals()
        assert grant is None or grant > self.now
        self.wake, self.only_time_passed = inf if grant is None else grant, True

    def start_call(self, grant: SendGrant) -> None:
        assert not self.only_time_passed or self.now >= self.wake
        self.only_time_passed = False
        assert grant.key not in self.in_flight
        urgency, where, not_before = self.requested.pop(grant.key)
        assert (grant.urgency, grant.lane) == (urgency, where)
        assert not_before <= self.now
        assert all(self.has_free_slot(budget) for budget in where.budgets)
        assert urgency is FINAL or not self.startable_finals()
        self.pacer.start_call(grant, self.now)
        self.in_flight[grant.key] = UsedSlots(grant=grant, start=self.now)
        self.used.append(self.in_flight[grant.key])

    @precondition(lambda self: self.in_flight)
    @rule(
        data=st.data(),
        how=st.sampled_from(["finish", "fail", "refuse"]),
        seconds=st.sampled_from([0.5, 3.0, 40.0]),
    )
    def end_call(self, data: st.DataObject, how: str, seconds: float) -> None:
        job = data.draw(st.sampled_from(sorted(self.in_flight)))
        used = self.in_flight.pop(job)
        used.end = self.now
        self.only_time_passed = False
        if how == "finish":
            self.pacer.finish_call(used.grant, self.now)
        elif how == "fail":
            self.pacer.fail_call(used.grant, self.now, seconds)
        else:
            self.pacer.reject_call(used.grant, seconds, self.now)
            self.used.remove(used)
            for budget in used.grant.lane.budgets:
                if not budget.shared:
                    self.paused[budget.key] = max(self.paused.get(budget.key, 0.0), self.now + seconds)
        if job in self.dropped_in_flight:
            self.dropped_in_flight.discard(job)
        elif how != "finish" and (job not in self.requested or self.requested[job][0] > used.grant.urgency):
            self.requested[job] = (used.grant.urgency, used.grant.lane, self.now + seconds)

    @invariant()
    def tracked_entries_are_bounded(self) -> None:
        assert len(self.pacer) <= 40 + 4 * len(LANES) * (len(self.known) + len(self.used))

    def teardown(self) -> None:
        """Whatever happened: every requested final state is granted, and then nothing is tracked any more."""
        for job in sorted(self.known):
            self.request_call(job, FINAL, LANES[0])
        while self.known:
            for used in self.in_flight.values():
                used.end = self.now
                self.pacer.finish_call(used.grant, self.now)
                if (
                    used.grant.urgency is FINAL
                    and used.grant.key not in self.requested
                    and used.grant.key in self.known
                ):
                    self.drop_finished(used.grant.key)
            self.in_flight.clear()
            self.dropped_in_flight.clear()
            self.start_calls()
            if not self.in_flight and self.known:
                assert self.wake < inf
                self.now = self.wake
        for used in self.in_flight.values():
            self.pacer.finish_call(used.grant, self.now)
        self.pacer.next_call(self.now + 100.0)
        assert len(self.pacer) == 0

    def drop_finished(self, job: str) -> None:
        self.pacer.drop_message(job)
        self.known.discard(job)


PacerStateMachine.TestCase.settings = settings(max_examples=examples(70), stateful_step_count=40, deadline=None)
TestPacerStateMachine = PacerStateMachine.TestCase
