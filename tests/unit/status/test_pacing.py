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


def go(pacer: Pacer, now: float, job: str, urgency: Urgency) -> SendGrant:
    """The next turn, which has to be this one, is started."""
    turn = pacer.next_call(now)
    assert isinstance(turn, SendGrant)
    assert (turn.key, turn.urgency) == (job, urgency)
    pacer.start_call(turn, now)
    return turn


def done(pacer: Pacer, now: float, job: str, urgency: Urgency) -> None:
    pacer.finish_call(go(pacer, now, job, urgency), now)


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
        go(pacer, 9.0, job, urgency)
    assert pacer.next_call(9.0) is None


def test_chats_of_different_platforms_take_turns_by_urgency_too() -> None:
    pacer = Pacer()
    pacer.request_call("a", FIRST, lane(BOT), 0.0)
    pacer.request_call("b", FINAL, lane(Budget(key="other", slots=2, period_s=1.0, shared=True)), 1.0)
    pacer.request_call("c", FIRST, lane(), 2.0)
    go(pacer, 3.0, "b", FINAL)
    go(pacer, 3.0, "a", FIRST)
    go(pacer, 3.0, "c", FIRST)


def test_lanes_that_share_one_of_their_budgets_wait_for_each_other_in_order() -> None:
    pacer = Pacer()
    channel = Budget(key="channel", slots=1, period_s=5.0)
    both = lane(Budget(key="token", slots=5, period_s=2.0), channel)
    for now, job, where in ((0.0, "a", both), (1.0, "b", lane(channel)), (2.0, "c", both)):
        pacer.request_call(job, FINAL, where, now)
    for now, job in ((2.0, "a"), (7.0, "b"), (12.0, "c")):
        done(pacer, now, job, FINAL)
        assert pacer.next_call(now) == (now + 5.0 if job != "c" else None)


def test_of_progress_the_stalest_message_goes_first() -> None:
    pacer = Pacer()
    wide = lane(Budget(key="wide", slots=100, period_s=1.0), gap=0.0)
    done_at = {"a": 2.0, "b": 1.0, "c": 3.0}
    for job, when in sorted(done_at.items(), key=lambda item: item[1]):
        pacer.request_call(job, FIRST, wide, when)
        done(pacer, when, job, FIRST)
    for job in done_at:
        pacer.request_call(job, PROGRESS, wide, 4.0)
    for now, job in ((9.0, "b"), (9.1, "a"), (9.2, "c")):
        go(pacer, now, job, PROGRESS)


def test_the_latest_wish_stands_unless_it_is_less_urgent() -> None:
    pacer = Pacer()
    pacer.request_call("a", PROGRESS, lane(CHAT), 0.0)
    pacer.request_call("a", FINAL, lane(CHAT), 1.0)
    pacer.request_call("a", PROGRESS, lane(CHAT), 2.0)
    done(pacer, 3.0, "a", FINAL)
    assert pacer.next_call(3.0) is None


def test_the_same_wish_again_keeps_its_place_even_in_another_lane() -> None:
    pacer = Pacer()
    dead, alive = lane(Budget(key="token", slots=5, period_s=2.0)), lane(CHAT)
    pacer.request_call("a", FIRST, dead, 0.0)
    pacer.request_call("b", FIRST, alive, 1.0)
    pacer.request_call("a", FIRST, alive, 2.0)
    turn = pacer.next_call(3.0)
    assert turn == SendGrant(key="a", urgency=FIRST, lane=alive)
    go(pacer, 3.0, "a", FIRST)
    go(pacer, 3.0, "b", FIRST)


def test_progress_keeps_the_gap_and_a_final_state_does_not() -> None:
    pacer = Pacer()
    slow = lane(CHAT, gap=2.0)
    pacer.request_call("a", FIRST, slow, 0.0)
    done(pacer, 0.5, "a", FIRST)
    pacer.request_call("a", PROGRESS, slow, 0.6)
    assert pacer.next_call(0.6) == 2.5
    pacer.request_call("a", FINAL, slow, 0.7)
    go(pacer, 0.7, "a", FINAL)


def test_a_job_has_one_call_under_way_and_its_newer_wish_waits_for_the_end() -> None:
    pacer = Pacer()
    pacer.request_call("a", FIRST, lane(CHAT), 0.0)
    turn = go(pacer, 0.0, "a", FIRST)
    pacer.request_call("a", FINAL, lane(CHAT), 0.1)
    assert pacer.next_call(0.1) is None
    pacer.finish_call(turn, 0.2)
    go(pacer, 0.2, "a", FINAL)


def test_a_slot_that_counts_from_the_end_is_held_while_the_call_lasts() -> None:
    pacer = Pacer()
    for job in ("a", "b"):
        pacer.request_call(job, FINAL, lane(UPLOADS), 0.0)
    turn = go(pacer, 0.0, "a", FINAL)
    assert pacer.next_call(5.0) is None  # only the end of that call brings the next one closer
    pacer.finish_call(turn, 7.0)
    assert pacer.next_call(7.0) == 17.0
    go(pacer, 17.0, "b", FINAL)


def test_progress_is_spread_over_what_lies_above_the_reserve_and_leaves_the_reserve() -> None:
    pacer = Pacer()
    quick = lane(CHAT, gap=0.0)
    pacer.expect_final("a", quick)
    starts: list[float] = []
    now = 0.0
    while now < 10.0:
        pacer.request_call("a", PROGRESS, quick, now)
        if isinstance(turn := pacer.next_call(now), SendGrant):
            pacer.start_call(turn, now)
            pacer.finish_call(turn, now)
            starts.append(now)
        else:
            assert turn is not None
            now = turn
    assert starts == [
        0.0,
        1.25,
        6.25,
    ]  # 2.5 s a slot: times 1 used through 2 to spare, then times 2 through 1
    assert now == 10.0  # and not before the first slot is free again: one is kept for the final state
    pacer.request_call("a", FINAL, quick, 7.0)
    go(pacer, 7.0, "a", FINAL)


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
        while isinstance(turn := pacer.next_call(now), SendGrant):
            pacer.start_call(turn, now)
            pacer.finish_call(turn, now)
            calls += 1
        now = turn
    assert calls == shown


# ---------------------------------------------------------------- calls that do not end well


def test_a_refused_call_has_used_no_slot_and_pauses_its_chat_alone() -> None:
    pacer = Pacer()
    here = lane(Budget(key="here", slots=1, period_s=60.0), BOT)
    there = lane(Budget(key="there", slots=1, period_s=60.0), BOT)
    pacer.request_call("a", FIRST, here, 0.0)
    turn = go(pacer, 0.0, "a", FIRST)
    pacer.reject_call(turn, 30.0, 0.2)
    pacer.request_call("b", FIRST, there, 0.3)
    done(pacer, 0.3, "b", FIRST)
    pacer.request_call("c", FINAL, here, 0.4)
    assert pacer.next_call(0.4) == 30.2
    go(pacer, 30.2, "c", FINAL)


def test_the_wish_of_a_refused_call_comes_back_in_its_old_place() -> None:
    pacer = Pacer()
    pacer.request_call("a", FINAL, lane(CHAT), 0.0)
    pacer.request_call("b", FINAL, lane(CHAT), 1.0)
    turn = go(pacer, 2.0, "a", FINAL)
    pacer.reject_call(turn, 5.0, 2.1)
    go(pacer, 7.1, "a", FINAL)
    go(pacer, 7.1, "b", FINAL)


def test_a_refusal_takes_no_other_slot_back() -> None:
    pacer = Pacer()
    both = lane(Budget(key="both", slots=2, period_s=1.0))
    pacer.request_call("a", FINAL, both, 0.0)
    turn = go(pacer, 0.0, "a", FINAL)
    pacer.request_call("b", FINAL, both, 1.5)
    done(pacer, 1.5, "b", FINAL)
    pacer.reject_call(turn, 0.1, 2.0)
    assert pacer.next_call(2.0) == 2.1
    go(pacer, 2.1, "a", FINAL)
    pacer.request_call("c", FINAL, both, 2.1)
    assert pacer.next_call(2.1) == 2.5


def test_a_slot_is_free_when_the_platform_says_so() -> None:
    pacer = Pacer()
    pacer.request_call("a", FINAL, lane(UPLOADS, BOT), 0.0)
    pacer.finish_call(go(pacer, 0.0, "a", FINAL), 1.0, {"uploads": 4.5, "elsewhere": 99.0})
    pacer.request_call("b", FINAL, lane(UPLOADS, BOT), 1.0)
    assert pacer.next_call(1.0) == 4.5
    pacer.finish_call(go(pacer, 4.5, "b", FINAL), 5.0, {})
    pacer.request_call("c", FINAL, lane(UPLOADS, BOT), 5.0)
    assert pacer.next_call(5.0) == 15.0  # nothing was told this time


def test_a_failed_call_used_its_slot_and_comes_back_later() -> None:
    pacer = Pacer()
    pacer.request_call("a", FINAL, lane(UPLOADS), 0.0)
    pacer.fail_call(go(pacer, 0.0, "a", FINAL), 1.0, 15.0)
    assert pacer.next_call(1.0) == 16.0
    go(pacer, 16.0, "a", FINAL)


def test_a_failed_final_state_that_waits_holds_nobody_else_up() -> None:
    pacer = Pacer()
    pacer.request_call("a", FINAL, lane(CHAT), 0.0)
    pacer.fail_call(go(pacer, 0.0, "a", FINAL), 1.0, 5.0)
    pacer.request_call("b", PROGRESS, lane(CHAT), 2.0)
    done(pacer, 2.5, "b", PROGRESS)
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
    turn = go(pacer, 0.0, "a", failed)
    pacer.request_call("a", meanwhile, lane(CHAT), 0.5)
    pacer.fail_call(turn, 1.0, 8.0)
    assert isinstance(pacer.next_call(1.0), SendGrant) == (when == 1.0)
    done(pacer, when, "a", then)
    assert pacer.next_call(when) is None


# ---------------------------------------------------------------- forgetting


def test_a_dropped_job_is_forgotten_with_its_slots_once_they_are_free() -> None:
    pacer = Pacer()
    pacer.drop_message("never heard of")
    pacer.expect_final("a", lane(CHAT, BOT))
    pacer.request_call("a", FIRST, lane(CHAT, BOT), 0.0)
    done(pacer, 0.0, "a", FIRST)
    pacer.request_call("a", PROGRESS, lane(CHAT, BOT), 0.0)
    pacer.drop_message("a")
    assert pacer.next_call(0.1) is None
    assert pacer.next_call(10.0) is None
    assert len(pacer) == 0


@pytest.mark.parametrize("end", ["finish", "fail", "refuse"])
def test_a_job_dropped_while_its_call_is_under_way_does_not_come_back(end: str) -> None:
    pacer = Pacer()
    pacer.request_call("a", FINAL, lane(UPLOADS), 0.0)
    turn = go(pacer, 0.0, "a", FINAL)
    pacer.drop_message("a")
    if end == "finish":
        pacer.finish_call(turn, 1.0)
    elif end == "fail":
        pacer.fail_call(turn, 1.0, 1.0)
    else:
        pacer.reject_call(turn, 1.0, 1.0)
    assert pacer.next_call(1.0) is None
    assert pacer.next_call(11.0) is None
    assert len(pacer) == 0


def test_a_job_that_is_opened_anew_while_its_old_call_is_under_way_gets_only_its_new_wish() -> None:
    pacer = Pacer()
    pacer.request_call("a", FINAL, lane(CHAT), 0.0)
    turn = go(pacer, 0.0, "a", FINAL)
    pacer.drop_message("a")
    pacer.request_call("a", FIRST, lane(CHAT), 0.5)
    pacer.fail_call(turn, 1.0, 1.0)
    done(pacer, 1.0, "a", FIRST)
    assert pacer.next_call(9.0) is None


def test_slots_are_kept_back_where_the_job_writes_now() -> None:
    pacer = Pacer()
    minute = Budget(key="minute", slots=3, period_s=60.0)
    token = lane(Budget(key="token", slots=5, period_s=2.0))
    pacer.expect_final("a", token)
    pacer.expect_final("a", token)
    pacer.request_call("b", FIRST, lane(minute), 0.0)
    done(pacer, 0.0, "b", FIRST)
    pacer.request_call("a", PROGRESS, lane(minute), 1.0)  # the token is dead: from here on the chat's own budget
    pacer.request_call("b", FIRST, lane(minute), 1.0)
    assert pacer.next_call(1.0) == 60.0  # the two slots left are kept for the final state of a, and of who may join
    pacer.request_call("a", FINAL, lane(minute), 2.0)
    done(pacer, 2.0, "a", FINAL)
    pacer.drop_message("a")
    go(pacer, 2.0, "b", FIRST)


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
class Used:
    """What the platform counts of one call: from when until when it takes a slot of each budget."""

    turn: SendGrant
    start: float
    end: float | None = None

    def takes(self, budget: Budget, now: float) -> bool:
        return self.end is None or now < self.end + budget.period_s


class Platforms(RuleBasedStateMachine):
    """Jobs ask for calls and calls end, in any order; a simple model of the platforms sees that all rules
    hold."""

    def __init__(self) -> None:
        super().__init__()
        self.pacer = Pacer()
        self.now = 0.0
        self.wishes: dict[str, tuple[Urgency, Lane, float]] = {}  # the last is a time: not before
        self.expected: set[str] = set()
        self.known: set[str] = set()
        self.flights: dict[str, Used] = {}
        self.orphans: set[str] = set()  # dropped while under way
        self.used: list[Used] = []
        self.paused: dict[str, float] = {}
        self.untouched = False  # nothing but time has passed since `next` said how long to wait
        self.wake = 0.0

    def free(self, budget: Budget) -> bool:
        taken = sum(budget in used.turn.lane.budgets and used.takes(budget, self.now) for used in self.used)
        return taken < budget.slots and self.paused.get(budget.key, 0.0) <= self.now

    def finals(self) -> set[str]:
        """Jobs whose final state could be shown now."""
        return {
            job
            for job, (urgency, where, not_before) in self.wishes.items()
            if urgency is FINAL and job not in self.flights and not_before <= self.now
            if all(self.free(budget) for budget in where.budgets)
        }

    @rule(job=JOBS, urgency=URGENCIES, where=st.sampled_from(LANES))
    def want(self, job: str, urgency: Urgency, where: Lane) -> None:
        self.pacer.request_call(job, urgency, where, self.now)
        self.known.add(job)
        if job not in self.wishes or self.wishes[job][0] >= urgency:
            self.wishes[job] = (urgency, where, 0.0)
        self.untouched = False

    @rule(job=JOBS, where=st.sampled_from(LANES))
    def expect(self, job: str, where: Lane) -> None:
        self.pacer.expect_final(job, where)
        self.known.add(job)
        self.untouched = False

    @rule(job=JOBS)
    def drop(self, job: str) -> None:
        self.pacer.drop_message(job)
        self.known.discard(job)
        self.wishes.pop(job, None)
        if job in self.flights:
            self.orphans.add(job)
        self.untouched = False

    @rule(seconds=st.sampled_from([0.1, 0.5, 1.0, 2.5, 7.0, 31.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def take_turns(self) -> None:
        """Starts whatever may start."""
        while True:
            turn = self.pacer.next_call(self.now)
            assert turn == self.pacer.next_call(self.now)
            if not isinstance(turn, SendGrant):
                break
            self.begin(turn)
        assert not self.finals()
        assert turn is None or turn > self.now
        self.wake, self.untouched = inf if turn is None else turn, True

    def begin(self, turn: SendGrant) -> None:
        assert not self.untouched or self.now >= self.wake
        self.untouched = False
        assert turn.key not in self.flights
        urgency, where, not_before = self.wishes.pop(turn.key)
        assert (turn.urgency, turn.lane) == (urgency, where)
        assert not_before <= self.now
        assert all(self.free(budget) for budget in where.budgets)
        assert urgency is FINAL or not self.finals()
        self.pacer.start_call(turn, self.now)
        self.flights[turn.key] = Used(turn=turn, start=self.now)
        self.used.append(self.flights[turn.key])

    @precondition(lambda self: self.flights)
    @rule(
        data=st.data(),
        how=st.sampled_from(["finish", "fail", "refuse"]),
        seconds=st.sampled_from([0.5, 3.0, 40.0]),
    )
    def call_ends(self, data: st.DataObject, how: str, seconds: float) -> None:
        job = data.draw(st.sampled_from(sorted(self.flights)))
        used = self.flights.pop(job)
        used.end = self.now
        self.untouched = False
        if how == "finish":
            self.pacer.finish_call(used.turn, self.now)
        elif how == "fail":
            self.pacer.fail_call(used.turn, self.now, seconds)
        else:
            self.pacer.reject_call(used.turn, seconds, self.now)
            self.used.remove(used)
            for budget in used.turn.lane.budgets:
                if not budget.shared:
                    self.paused[budget.key] = max(self.paused.get(budget.key, 0.0), self.now + seconds)
        if job in self.orphans:
            self.orphans.discard(job)
        elif how != "finish" and (job not in self.wishes or self.wishes[job][0] > used.turn.urgency):
            self.wishes[job] = (used.turn.urgency, used.turn.lane, self.now + seconds)

    @invariant()
    def no_more_is_kept_than_there_is(self) -> None:
        assert len(self.pacer) <= 40 + 4 * len(LANES) * (len(self.known) + len(self.used))

    def teardown(self) -> None:
        """Whatever happened: every job that wants its final state gets it, and then nothing is left."""
        for job in sorted(self.known):
            self.want(job, FINAL, LANES[0])
        while self.known:
            for used in self.flights.values():
                used.end = self.now
                self.pacer.finish_call(used.turn, self.now)
                if used.turn.urgency is FINAL and used.turn.key not in self.wishes and used.turn.key in self.known:
                    self.drop_finished(used.turn.key)
            self.flights.clear()
            self.orphans.clear()
            self.take_turns()
            if not self.flights and self.known:
                assert self.wake < inf
                self.now = self.wake
        for used in self.flights.values():
            self.pacer.finish_call(used.turn, self.now)
        self.pacer.next_call(self.now + 100.0)
        assert len(self.pacer) == 0

    def drop_finished(self, job: str) -> None:
        self.pacer.drop_message(job)
        self.known.discard(job)


Platforms.TestCase.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
TestPlatforms = Platforms.TestCase


def test_a_call_that_counts_as_several_waits_for_all_its_slots() -> None:
    pacer = Pacer()
    narrow = Budget(key="chat", slots=5, period_s=60.0)
    for number in range(3):
        pacer.request_call(f"job-{number}", FINAL, lane(narrow), 0.0)
        turn = pacer.next_call(0.0)
        assert isinstance(turn, SendGrant)
        pacer.start_call(turn, float(number))
        pacer.finish_call(turn, float(number))
    pacer.request_call("album", FINAL, Lane(budgets=(narrow,), slots_per_call=4), 3.0)
    assert pacer.next_call(3.0) == 61.0  # two slots are free, and two of the three used ones come back by then
    turn = pacer.next_call(61.0)
    assert isinstance(turn, SendGrant)
    pacer.start_call(turn, 61.0)
    pacer.finish_call(turn, 61.0)
    pacer.request_call("after", FINAL, lane(narrow), 61.0)
    assert pacer.next_call(61.0) == 62.0  # all five are taken: one until 62, four until 121


def test_a_refused_call_gives_all_its_slots_back() -> None:
    pacer = Pacer()
    wide = Budget(key="chat", slots=4, period_s=60.0)
    pacer.request_call("album", FINAL, Lane(budgets=(wide,), slots_per_call=4), 0.0)
    turn = pacer.next_call(0.0)
    assert isinstance(turn, SendGrant)
    pacer.start_call(turn, 0.0)
    pacer.reject_call(turn, 7.0, 1.0)
    assert pacer.next_call(1.0) == 8.0
    assert pacer.next_call(8.0) == turn


def test_a_call_that_counts_as_more_than_there_are_needs_all_of_them() -> None:
    pacer = Pacer()
    pacer.request_call(
        "album", FINAL, Lane(budgets=(Budget(key="chat", slots=2, period_s=60.0),), slots_per_call=9), 0.0
    )
    assert isinstance(pacer.next_call(0.0), SendGrant)
