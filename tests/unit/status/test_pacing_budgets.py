"""The slots of a budget are never overdrawn: when they are held, reserved for finals, and counted several at once."""

import pytest

from bot.chat import Budget, Lane
from bot.status.pacing import Pacer, SendGrant
from tests.unit.status.pacer_calls import (
    BOT,
    CHAT,
    FINAL,
    FIRST,
    FURTHER,
    PROGRESS,
    UPLOADS,
    lane,
    make_next_call,
    start_next_call,
)


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


# ---------------------------------------------------------------- forgetting


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


# ---------------------------------------------------------------- anything, in any order


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


def test_what_a_call_takes_beyond_the_slots_is_held_for_further_periods() -> None:
    pacer = Pacer()
    bursts = Budget(key="chat", slots=5, period_s=5.0)
    pacer.request_call("album", FINAL, Lane(budgets=(bursts,), slots_per_call=12), 0.0)
    make_next_call(pacer, 0.0, "album", FINAL)
    pacer.request_call("after", FINAL, lane(bursts), 0.0)
    assert pacer.next_call(0.0) == 10.0  # five are free at 5 s, and taken by the next five of the album until 10 s
    make_next_call(pacer, 10.0, "after", FINAL)


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


# ---------------------------------------------------------------- who asks for much


def test_a_new_message_is_a_further_one_where_another_waits_or_a_call_was_made_lately() -> None:
    pacer = Pacer()
    assert pacer.post_urgency(lane(CHAT, BOT), 0.0) is FIRST
    pacer.request_call("a", FIRST, lane(CHAT, BOT), 0.0)
    assert pacer.post_urgency(lane(CHAT, BOT), 0.0) is FURTHER
    assert pacer.post_urgency(lane(UPLOADS, BOT), 0.0) is FIRST  # another chat
    make_next_call(pacer, 0.0, "a", FIRST)
    assert pacer.post_urgency(lane(CHAT, BOT), 9.9) is FURTHER
    assert pacer.post_urgency(lane(CHAT, BOT), 10.0) is FIRST
    assert pacer.post_urgency(lane(BOT), 0.0) is FIRST  # nobody's own


def test_a_message_is_posted_at_once_where_its_chat_is_at_rest_and_every_budget_has_a_slot() -> None:
    pacer = Pacer()
    assert pacer.posts_at_once(lane(CHAT, BOT), 0.0)
    pacer.request_call("a", FIRST, lane(CHAT, BOT), 0.0)
    start_next_call(pacer, 0.0, "a", FIRST)
    assert not pacer.posts_at_once(lane(CHAT, BOT), 0.0)  # the chat is busy
    assert pacer.posts_at_once(lane(UPLOADS, BOT), 0.0)
    pacer.request_call("b", FIRST, lane(UPLOADS, BOT), 0.0)
    start_next_call(pacer, 0.0, "b", FIRST)
    other = Budget(key="other", slots=4, period_s=10.0)
    assert not pacer.posts_at_once(lane(other, BOT), 0.0)  # the bot as a whole is
    assert pacer.posts_at_once(lane(other), 0.0)


def test_further_posts_leave_a_third_of_what_all_chats_share() -> None:
    pacer = Pacer()
    everybody = Budget(key="everybody", slots=6, period_s=1.0, shared=True)
    chats = [Budget(key=f"chat {number}", slots=4, period_s=10.0) for number in range(4)]
    for number in range(8):
        pacer.request_call(f"flood {number}", FURTHER, lane(chats[number % 3], everybody), 0.0)
    sent = 0
    while isinstance(grant := pacer.next_call(0.0), SendGrant):
        pacer.start_call(grant, 0.0)
        pacer.finish_call(grant, 0.0)
        sent += 1
    assert sent == 4
    pacer.request_call("other", FIRST, lane(chats[3], everybody), 0.5)
    make_next_call(pacer, 0.5, "other", FIRST)  # at once, before those that wait longer
    assert pacer.next_call(0.5) == 1.0


def test_pictures_that_are_ready_at_once_leave_a_tenth_of_what_all_chats_share_to_first_posts() -> None:
    pacer = Pacer()
    everybody = Budget(key="everybody", slots=30, period_s=1.0, shared=True)
    chats = [lane(Budget(key=f"chat {number}", slots=4, period_s=10.0), everybody) for number in range(70)]
    for number in range(60):
        pacer.request_call(f"picture {number}", FINAL, chats[number], 0.0)
    assert _send_all(pacer, 0.0) == [f"picture {number}" for number in range(30)]  # nobody asked
    for number in range(4):  # asked for while thirty pictures still wait
        pacer.request_call(f"other {number}", FIRST, chats[60 + number], 0.5)
    assert pacer.next_call(0.5) == 1.0
    pictures = [f"picture {number}" for number in range(30, 57)]
    assert _send_all(pacer, 1.0) == [*pictures, "other 0", "other 1", "other 2"]
    assert _send_all(pacer, 2.0) == ["picture 57", "picture 58", "picture 59", "other 3"]
    for number in range(60):
        pacer.request_call(f"picture {number}", FINAL, chats[number], 3.0)
    assert len(_send_all(pacer, 3.0)) == 27  # a first post was asked for three seconds ago
    pacer.request_call("late", FIRST, chats[65], 3.2)
    assert _send_all(pacer, 3.2) == ["late"]
    assert len(_send_all(pacer, 4.0)) == 26
    assert len(_send_all(pacer, 6.3)) == 7
    for number in range(60):
        pacer.request_call(f"picture {number}", FINAL, chats[number], 20.0)
    assert len(_send_all(pacer, 20.0)) == 30


def _send_all(pacer: Pacer, now: float) -> list[str]:
    """Starts and ends every call that may start now; the keys of their messages, in order."""
    sent: list[str] = []
    while isinstance(grant := pacer.next_call(now), SendGrant):
        pacer.start_call(grant, now)
        pacer.finish_call(grant, now)
        sent.append(grant.key)
    return sent
