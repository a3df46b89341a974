"""Calls that the platform rejects or that fail: pauses, slots given back, and retries."""

import pytest

from bot.chat import Budget
from bot.status.pacing import Pacer, SendGrant, Urgency
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


def test_a_refusal_that_is_everybodys_pauses_all_chats_and_the_most_urgent_goes_first_then() -> None:
    pacer = Pacer()
    here = lane(Budget(key="here", slots=5, period_s=60.0), BOT)
    there = lane(Budget(key="there", slots=5, period_s=60.0), BOT)
    pacer.request_call("a", FIRST, here, 0.0)
    grant = start_next_call(pacer, 0.0, "a", FIRST)
    pacer.reject_call(grant, 30.0, 0.2, everywhere=True)
    pacer.request_call("b", FIRST, there, 0.3)
    pacer.request_call("c", FINAL, there, 0.4)
    assert pacer.next_call(0.4) == 30.2
    start_next_call(pacer, 30.2, "c", FINAL)
    start_next_call(pacer, 30.2, "a", FIRST)


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
