"""Whose call is next, and that no budget is ever overdrawn: one rule at a time, and anything in any order."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot.chat import Budget, Lane
from bot.status.pacing import Pacer, SendGrant, Urgency
from bot.status.priority_queue import PriorityQueue
from bot.status.send_queues import SendQueues

FINAL, FIRST, PROGRESS = Urgency.FINAL, Urgency.FIRST, Urgency.PROGRESS

CHAT = Budget(key="chat", slots=4, period_s=10.0)
UPLOADS = Budget(key="uploads", slots=1, period_s=10.0)
BOT = Budget(key="bot", slots=2, period_s=1.0, shared=True)


def lane(*budgets: Budget, gap: float = 1.0) -> Lane:
    return Lane(budgets=budgets, edit_gap_s=gap)


def start_next_call(pacer: Pacer, now: float, job: str, urgency: Urgency) -> SendGrant:
    """Starts the next call, and asserts that it is this one."""
    grant = pacer.next_call(now)
    assert isinstance(grant, SendGrant)
    assert (grant.key, grant.urgency) == (job, urgency)
    pacer.start_call(grant, now)
    return grant


def make_next_call(pacer: Pacer, now: float, job: str, urgency: Urgency) -> None:
    pacer.finish_call(start_next_call(pacer, now, job, urgency), now)


def test_nothing_wanted_is_nothing_to_wait_for() -> None:
    pacer = Pacer()
    assert pacer.next_call(0.0) is None
    pacer.expect_final("a", lane(CHAT))
    assert pacer.next_call(0.0) is None


def test_final_states_go_before_first_posts_before_progress_across_all_chats() -> None:
    pacer = Pacer()
    for number, (job, urgency) in enumerate({"a": PROGRESS, "b": FIRST, "c": FINAL, "d": PROGRESS, "e": FINAL}.items()):
        pacer.request_call(job, urgency, lane(Budget(key=job, slots=1, period_s=1.0)), float(number))
    for job, urgency in (("c", FINAL), ("e", FINAL), ("b", FIRST), ("a", PROGRESS), ("d", PROGRESS)):
        start_next_call(pacer, 9.0, job, urgency)
    assert pacer.next_call(9.0) is None


def test_chats_of_different_platforms_take_turns_by_urgency_too() -> None:
    pacer = Pacer()
    pacer.request_call("a", FIRST, lane(BOT), 0.0)
    pacer.request_call("b", FINAL, lane(Budget(key="other", slots=2, period_s=1.0, shared=True)), 1.0)
    pacer.request_call("c", FIRST, lane(), 2.0)
    start_next_call(pacer, 3.0, "b", FINAL)
    start_next_call(pacer, 3.0, "a", FIRST)
    start_next_call(pacer, 3.0, "c", FIRST)


def test_lanes_that_share_one_of_their_budgets_wait_for_each_other_in_order() -> None:
    pacer = Pacer()
    channel = Budget(key="channel", slots=1, period_s=5.0)
    both = lane(Budget(key="token", slots=5, period_s=2.0), channel)
    for now, job, where in ((0.0, "a", both), (1.0, "b", lane(channel)), (2.0, "c", both)):
        pacer.request_call(job, FINAL, where, now)
    for now, job in ((2.0, "a"), (7.0, "b"), (12.0, "c")):
        make_next_call(pacer, now, job, FINAL)
        assert pacer.next_call(now) == (now + 5.0 if job != "c" else None)


def test_of_progress_the_stalest_message_goes_first() -> None:
    pacer = Pacer()
    wide = lane(Budget(key="wide", slots=100, period_s=1.0), gap=0.0)
    done_at = {"a": 2.0, "b": 1.0, "c": 3.0}
    for job, when in sorted(done_at.items(), key=lambda item: item[1]):
        pacer.request_call(job, FIRST, wide, when)
        make_next_call(pacer, when, job, FIRST)
    for job in done_at:
        pacer.request_call(job, PROGRESS, wide, 4.0)
    for now, job in ((9.0, "b"), (9.1, "a"), (9.2, "c")):
        start_next_call(pacer, now, job, PROGRESS)


def test_the_latest_wish_stands_unless_it_is_less_urgent() -> None:
    pacer = Pacer()
    pacer.request_call("a", PROGRESS, lane(CHAT), 0.0)
    pacer.request_call("a", FINAL, lane(CHAT), 1.0)
    pacer.request_call("a", PROGRESS, lane(CHAT), 2.0)
    make_next_call(pacer, 3.0, "a", FINAL)
    assert pacer.next_call(3.0) is None


def test_the_same_wish_again_keeps_its_place_even_in_another_lane() -> None:
    pacer = Pacer()
    dead, alive = lane(Budget(key="token", slots=5, period_s=2.0)), lane(CHAT)
    pacer.request_call("a", FIRST, dead, 0.0)
    pacer.request_call("b", FIRST, alive, 1.0)
    pacer.request_call("a", FIRST, alive, 2.0)
    grant = pacer.next_call(3.0)
    assert grant == SendGrant(key="a", urgency=FIRST, lane=alive)
    start_next_call(pacer, 3.0, "a", FIRST)
    start_next_call(pacer, 3.0, "b", FIRST)


def test_progress_keeps_the_gap_and_a_final_state_does_not() -> None:
    pacer = Pacer()
    slow = lane(CHAT, gap=2.0)
    pacer.request_call("a", FIRST, slow, 0.0)
    make_next_call(pacer, 0.5, "a", FIRST)
    pacer.request_call("a", PROGRESS, slow, 0.6)
    assert pacer.next_call(0.6) == 2.5
    pacer.request_call("a", FINAL, slow, 0.7)
    start_next_call(pacer, 0.7, "a", FINAL)


def test_a_job_has_one_call_under_way_and_its_newer_wish_waits_for_the_end() -> None:
    pacer = Pacer()
    pacer.request_call("a", FIRST, lane(CHAT), 0.0)
    grant = start_next_call(pacer, 0.0, "a", FIRST)
    pacer.request_call("a", FINAL, lane(CHAT), 0.1)
    assert pacer.next_call(0.1) is None
    pacer.finish_call(grant, 0.2)
    start_next_call(pacer, 0.2, "a", FINAL)


def test_a_slot_that_counts_from_the_end_is_held_while_the_call_lasts() -> None:
    pacer = Pacer()
    for job in ("a", "b"):
        pacer.request_call(job, FINAL, lane(UPLOADS), 0.0)
    grant = start_next_call(pacer, 0.0, "a", FINAL)
    assert pacer.next_call(5.0) is None  # only the end of that call brings the next one closer
    pacer.finish_call(grant, 7.0)
    assert pacer.next_call(7.0) == 17.0
    start_next_call(pacer, 17.0, "b", FINAL)


def test_progress_is_spread_over_what_lies_above_the_reserve_and_leaves_the_reserve() -> None:
    pacer = Pacer()
    quick = lane(CHAT, gap=0.0)
    pacer.expect_final("a", quick)
    starts: list[float] = []
    now = 0.0
    while now < 10.0:
        pacer.request_call("a", PROGRESS, quick, now)
        if isinstance(grant := pacer.next_call(now), SendGrant):
            pacer.start_call(grant, now)
            pacer.finish_call(grant, now)
            starts.append(now)
        else:
            assert grant is not None
            now = grant
    assert starts == [
        0.0,
        1.25,
        6.25,
    ]  # 2.5 s a slot: times 1 used through 2 to spare, then times 2 through 1
    assert now == 10.0  # and not before the first slot is free again: one is kept for the final state
    pacer.request_call("a", FINAL, quick, 7.0)
    start_next_call(pacer, 7.0, "a", FINAL)


@pytest.mark.parametrize(("shared", "shown"), [(False, 0), (True, 2)])
def test_many_open_jobs_end_progress_in_their_own_chat_but_not_in_all_chats(shared: bool, shown: int) -> None:
    pacer = Pacer()
    where = lane(Budget(key="many", slots=3, period_s=60.0, shared=shared), gap=0.0)
    for number in range(100):
        pacer.expect_final(f"job-{number}", where)
        pacer.request_call(f"job-{number}", PROGRESS, where, 0.0)
    calls = 0
    now: SendGrant | float | None = 0.0
    while isinstance(now, float) and now < 60.0:
        while isinstance(grant := pacer.next_call(now), SendGrant):
            pacer.start_call(grant, now)
            pacer.finish_call(grant, now)
            calls += 1
        now = grant
    assert calls == shown


# ---------------------------------------------------------------- calls that do not end well


def test_a_refused_call_has_used_no_slot_and_pauses_its_chat_alone() -> None:
    pacer = Pacer()
    here = lane(Budget(key="here", slots=1, period_s=60.0), BOT)
    there = lane(Budget(key="there", slots=1, period_s=60.0), BOT)
    pacer.request_call("a", FIRST, here, 0.0)
    grant = start_next_call(pacer, 0.0, "a", FIRST)
    pacer.reject_call(grant, 30.0, 0.2)
    pacer.request_call("b", FIRST, there, 0.3)
    make_next_call(pacer, 0.3, "b", FIRST)
    pacer.request_call("c", FINAL, here, 0.4)
    assert pacer.next_call(0.4) == 30.2
    start_next_call(pacer, 30.2, "c", FINAL)


def test_the_wish_of_a_refused_call_comes_back_in_its_old_place() -> None:
    pacer = Pacer()
    pacer.request_call("a", FINAL, lane(CHAT), 0.0)
    pacer.request_call("b", FINAL, lane(CHAT), 1.0)
    grant = start_next_call(pacer, 2.0, "a", FINAL)
    pacer.reject_call(grant, 5.0, 2.1)
    start_next_call(pacer, 7.1, "a", FINAL)
    start_next_call(pacer, 7.1, "b", FINAL)


def test_a_refusal_takes_no_other_slot_back() -> None:
    pacer = Pacer()
    both = lane(Budget(key="both", slots=2, period_s=1.0))
    pacer.request_call("a", FINAL, both, 0.0)
    grant = start_next_call(pacer, 0.0, "a", FINAL)
    pacer.request_call("b", FINAL, both, 1.5)
    make_next_call(pacer, 1.5, "b", FINAL)
    pacer.reject_call(grant, 0.1, 2.0)
    assert pacer.next_call(2.0) == 2.1
    start_next_call(pacer, 2.1, "a", FINAL)
    pacer.request_call("c", FINAL, both, 2.1)
    assert pacer.next_call(2.1) == 2.5


def test_a_slot_is_free_when_the_platform_says_so() -> None:
    pacer = Pacer()
    pacer.request_call("a", FINAL, lane(UPLOADS, BOT), 0.0)
    pacer.finish_call(start_next_call(pacer, 0.0, "a", FINAL), 1.0, {"uploads": 4.5, "elsewhere": 99.0})
    pacer.request_call("b", FINAL, lane(UPLOADS, BOT), 1.0)
    assert pacer.next_call(1.0) == 4.5
    pacer.finish_call(start_next_call(pacer, 4.5, "b", FINAL), 5.0, {})
    pacer.request_call("c", FINAL, lane(UPLOADS, BOT), 5.0)
    assert pacer.next_call(5.0) == 15.0  # the platform gave no reset time


def test_a_failed_call_used_its_slot_and_comes_back_later() -> None:
    pacer = Pacer()
    pacer.request_call("a", FINAL, lane(UPLOADS), 0.0)
    pacer.fail_call(start_next_call(pacer, 0.0, "a", FINAL), 1.0, 15.0)
    assert pacer.next_call(1.0) == 16.0
    start_next_call(pacer, 16.0, "a", FINAL)


def test_a_failed_final_state_that_waits_holds_nobody_else_up() -> None:
    pacer = Pacer()
    pacer.request_call("a", FINAL, lane(CHAT), 0.0)
    pacer.fail_call(start_next_call(pacer, 0.0, "a", FINAL), 1.0, 5.0)
    pacer.request_call("b", PROGRESS, lane(CHAT), 2.0)
    make_next_call(pacer, 2.5, "b", PROGRESS)
    assert pacer.next_call(2.5) == 6.0


@pytest.mark.parametrize(
    ("failed", "meanwhile", "then", "when"),
    [
        (PROGRESS, FINAL, FINAL, 1.0),  # newer and more urgent: at once
        (FINAL, FINAL, FINAL, 1.0),  # newer
        (FIRST, PROGRESS, FIRST, 9.0),  # a first post is still needed
    ],
)
def test_a_failed_wish_gives_way_to_a_newer_one_that_is_no_less_urgent(
    failed: Urgency, meanwhile: Urgency, then: Urgency, when: float
) -> None:
    pacer = Pacer()
    pacer.request_call("a", failed, lane(CHAT), 0.0)
    grant = start_next_call(pacer, 0.0, "a", failed)
    pacer.request_call("a", meanwhile, lane(CHAT), 0.5)
    pacer.fail_call(grant, 1.0, 8.0)
    assert isinstance(pacer.next_call(1.0), SendGrant) == (when == 1.0)
    make_next_call(pacer, when, "a", then)
    assert pacer.next_call(when) is None


# ---------------------------------------------------------------- forgetting


def test_a_dropped_job_is_forgotten_with_its_slots_once_they_are_free() -> None:
    pacer = Pacer()
    pacer.drop_message("never heard of")
    pacer.expect_final("a", lane(CHAT, BOT))
    pacer.request_call("a", FIRST, lane(CHAT, BOT), 0.0)
    make_next_call(pacer, 0.0, "a", FIRST)
    pacer.request_call("a", PROGRESS, lane(CHAT, BOT), 0.0)
    pacer.drop_message("a")
    assert pacer.next_call(0.1) is None
    assert pacer.next_call(10.0) is None
    assert len(pacer) == 0


@pytest.mark.parametrize("end", ["finish", "fail", "refuse"])
def test_a_job_dropped_while_its_call_is_under_way_does_not_come_back(end: str) -> None:
    pacer = Pacer()
    pacer.request_call("a", FINAL, lane(UPLOADS), 0.0)
    grant = start_next_call(pacer, 0.0, "a", FINAL)
    pacer.drop_message("a")
    if end == "finish":
        pacer.finish_call(grant, 1.0)
    elif end == "fail":
        pacer.fail_call(grant, 1.0, 1.0)
    else:
        pacer.reject_call(grant, 1.0, 1.0)
    assert pacer.next_call(1.0) is None
    assert pacer.next_call(11.0) is None
    assert len(pacer) == 0


def test_a_job_that_is_opened_anew_while_its_old_call_is_under_way_gets_only_its_new_wish() -> None:
    pacer = Pacer()
    pacer.request_call("a", FINAL, lane(CHAT), 0.0)
    grant = start_next_call(pacer, 0.0, "a", FINAL)
    pacer.drop_message("a")
    pacer.request_call("a", FIRST, lane(CHAT), 0.5)
    pacer.fail_call(grant, 1.0, 1.0)
    make_next_call(pacer, 1.0, "a", FIRST)
    assert pacer.next_call(9.0) is None


def test_slots_are_kept_back_where_the_job_writes_now() -> None:
    pacer = Pacer()
    minute = Budget(key="minute", slots=3, period_s=60.0)
    token = lane(Budget(key="token", slots=5, period_s=2.0))
    pacer.expect_final("a", token)
    pacer.expect_final("a", token)
    pacer.request_call("b", FIRST, lane(minute), 0.0)
    make_next_call(pacer, 0.0, "b", FIRST)
    pacer.request_call("a", PROGRESS, lane(minute), 1.0)  # the token is dead: from here on the chat's own budget
    pacer.request_call("b", FIRST, lane(minute), 1.0)
    assert pacer.next_call(1.0) == 60.0  # the two slots left are kept for the final state of a, and of who may join
    pacer.request_call("a", FINAL, lane(minute), 2.0)
    make_next_call(pacer, 2.0, "a", FINAL)
    pacer.drop_message("a")
    start_next_call(pacer, 2.0, "b", FIRST)


# ---------------------------------------------------------------- cost


def test_a_look_asks_a_handful_of_budgets_however_many_chats_wait() -> None:
    asked: list[str] = []
    full = True

    def opens(budgets: Iterable[Budget], urgency: Urgency, now: float, cost: int) -> float:
        asked.extend(budget.key for budget in budgets)
        return now + 1.0 if full and any(budget.shared for budget in budgets) else now

    lines = SendQueues(opens)
    for number in range(2000):
        lines.enqueue(
            f"job-{number}",
            lane(Budget(key=f"chat-{number}", slots=1, period_s=1.0), BOT),
            (0.0, 0.0, number),
            0.0,
        )
    assert lines.next_key(0.0) == 1.0
    asked.clear()
    for number in range(100):
        assert lines.next_key(number / 200) == number / 200 + 1.0
    assert asked == ["bot"] * 100
    full = False
    asked.clear()
    assert lines.next_key(1.0) == "job-0"
    assert asked == ["bot"]


@given(st.lists(st.tuples(st.integers(0, 5), st.one_of(st.none(), st.integers(0, 9))), max_size=200))
def test_a_heap_has_each_item_once_with_its_last_rank(moves: list[tuple[int, int | None]]) -> None:
    heap = PriorityQueue[int]()
    model: dict[int, int] = {}
    for item, rank in moves:
        if rank is None:
            heap.discard(item)
            model.pop(item, None)
        else:
            heap.push(item, (rank,))
            model[item] = rank
        top = heap.peek()
        if top is None:
            assert not model
        else:
            (rank,), item = top
            assert model[item] == rank == min(model.values())


# ---------------------------------------------------------------- anything, in any order

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


PacerStateMachine.TestCase.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
TestPacerStateMachine = PacerStateMachine.TestCase


def test_a_call_that_counts_as_several_waits_for_all_its_slots() -> None:
    pacer = Pacer()
    narrow = Budget(key="chat", slots=5, period_s=60.0)
    for number in range(3):
        pacer.request_call(f"job-{number}", FINAL, lane(narrow), 0.0)
        grant = pacer.next_call(0.0)
        assert isinstance(grant, SendGrant)
        pacer.start_call(grant, float(number))
        pacer.finish_call(grant, float(number))
    pacer.request_call("album", FINAL, Lane(budgets=(narrow,), slots_per_call=4), 3.0)
    assert pacer.next_call(3.0) == 61.0  # two slots are free, and two of the three used ones come back by then
    grant = pacer.next_call(61.0)
    assert isinstance(grant, SendGrant)
    pacer.start_call(grant, 61.0)
    pacer.finish_call(grant, 61.0)
    pacer.request_call("after", FINAL, lane(narrow), 61.0)
    assert pacer.next_call(61.0) == 62.0  # all five are taken: one until 62, four until 121


def test_a_refused_call_gives_all_its_slots_back() -> None:
    pacer = Pacer()
    wide = Budget(key="chat", slots=4, period_s=60.0)
    pacer.request_call("album", FINAL, Lane(budgets=(wide,), slots_per_call=4), 0.0)
    grant = pacer.next_call(0.0)
    assert isinstance(grant, SendGrant)
    pacer.start_call(grant, 0.0)
    pacer.reject_call(grant, 7.0, 1.0)
    assert pacer.next_call(1.0) == 8.0
    assert pacer.next_call(8.0) == grant


def test_a_call_that_counts_as_more_than_there_are_needs_all_of_them() -> None:
    pacer = Pacer()
    pacer.request_call(
        "album", FINAL, Lane(budgets=(Budget(key="chat", slots=2, period_s=60.0),), slots_per_call=9), 0.0
    )
    assert isinstance(pacer.next_call(0.0), SendGrant)
