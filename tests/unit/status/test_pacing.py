"""Which call of the pacer is next: order by urgency and age, newer requests, edit gaps, dropped messages."""

import pytest

from bot.chat import Budget
from bot.status.pacing import Pacer, SendGrant
from tests.unit.status.pacer_calls import (
    BOT,
    CHAT,
    FINAL,
    FIRST,
    PROGRESS,
    UPLOADS,
    lane,
    make_next_call,
    start_next_call,
)


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


def test_progress_of_a_message_that_another_process_has_posted_waits_since_it_was_asked_for() -> None:
    pacer = Pacer()
    pacer.request_call("a", PROGRESS, lane(CHAT), 7.0)
    assert start_next_call(pacer, 7.5, "a", PROGRESS).since == 7.0


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
