"""A pacer whose budgets other processes draw on as well: what it asks and tells, and what it makes of the answers."""

from math import inf

from bot.chat import Budget
from bot.status.budget_use import NOTHING_USED, BudgetUse, WaitingCall
from bot.status.pacing import LOOK_AGAIN_S, MAX_ASKED_CALLS, Pacer, SendGrant
from bot.status.shared_windows import SlotAnswer, SlotRequest
from tests.unit.status.pacer_calls import BOT, CHAT, FINAL, FIRST, PROGRESS, lane, make_next_call, start_next_call


def shared_pacer() -> Pacer:
    pacer = Pacer()
    pacer.share_budgets()
    return pacer


def ask(pacer: Pacer, now: float) -> SlotRequest:
    request = pacer.ask_for_slots(now)
    assert request is not None
    return request


def answer(request: SlotRequest, *granted: bool, others: dict[str, BudgetUse] | None = None) -> SlotAnswer:
    """An answer of rows in which the calls wait that were not granted."""
    denied = [call for call, is_granted in zip(request.calls, granted, strict=True) if not is_granted]
    waiting = tuple(WaitingCall(call.urgency, call.since, 1) for call in denied)
    return SlotAnswer(
        granted=granted,
        own={key: BudgetUse(waiting=waiting) for key in request.budgets},
        others=dict.fromkeys(request.budgets, NOTHING_USED) | (others or {}),
        ahead=0.0,
    )


def test_calls_are_asked_for_together_the_most_urgent_first_and_those_that_are_granted_are_made() -> None:
    pacer = shared_pacer()
    assert pacer.ask_for_slots(0.0) is None
    for job, urgency in (("a", FIRST), ("b", FINAL), ("c", FIRST)):
        pacer.request_call(job, urgency, lane(CHAT), 0.0)
    request = ask(pacer, 1.0)
    assert [(call.urgency, call.since) for call in request.calls] == [(FINAL, 0.0), (FIRST, 0.0), (FIRST, 0.0)]
    assert request.uses == {"chat": BudgetUse()}  # without what is asked for
    others = {"chat": BudgetUse(release_times=(8.0, 9.0))}
    granted = pacer.apply_answer(request, answer(request, True, True, False, others=others), 1.1)
    assert [grant.key for grant in granted] == ["b", "a"]
    assert pacer.next_call(1.1) == 8.0  # "c" waits in its old place, and it is known how long
    assert pacer.ask_for_slots(1.1) is None  # the row knows that it waits
    for grant in granted:
        pacer.finish_call(grant, 2.0)
        pacer.drop_message(grant.key)
    told = ask(pacer, 2.0).uses["chat"]
    assert (told.release_times, told.slots_in_flight) == ((12.0, 12.0), 0)


def test_a_call_that_was_not_granted_leaves_no_trace_in_the_gap_between_edits() -> None:
    pacer = shared_pacer()
    where = lane(CHAT, gap=5.0)
    pacer.request_call("a", FIRST, where, 0.0)
    request = ask(pacer, 0.0)
    [grant] = pacer.apply_answer(request, answer(request, True), 0.0)
    pacer.finish_call(grant, 0.0)
    pacer.request_call("a", PROGRESS, where, 1.0)
    assert pacer.next_call(1.0) == 5.0
    request = ask(pacer, 5.0)
    assert [(call.urgency, call.since) for call in request.calls] == [(PROGRESS, 0.0)]
    assert pacer.apply_answer(request, answer(request, False), 5.0) == []
    assert pacer.ask_for_slots(5.0) is not None  # not in five seconds


def test_what_others_may_have_ended_meanwhile_is_asked_again_soon() -> None:
    pacer = shared_pacer()
    pacer.request_call("a", FINAL, lane(CHAT), 0.0)
    request = ask(pacer, 0.0)
    others = {"chat": BudgetUse(slots_in_flight=4, expected_finals=2)}
    assert pacer.apply_answer(request, answer(request, False, others=others), 0.0) == []
    assert pacer.next_call(0.1) == LOOK_AGAIN_S
    assert [call.urgency for call in ask(pacer, LOOK_AGAIN_S).calls] == [FINAL]


def test_nobody_answers_and_everything_is_told_again() -> None:
    pacer = shared_pacer()
    pacer.expect_final("a", lane(CHAT))
    pacer.request_call("a", FIRST, lane(CHAT), 0.0)
    request = ask(pacer, 0.0)
    pacer.withdraw_request(request)
    again = ask(pacer, 0.5)
    assert again.uses == request.uses == {"chat": BudgetUse(expected_finals=1)}
    assert [call.since for call in again.calls] == [0.0]


def test_what_is_over_already_is_told_all_the_same() -> None:
    pacer = shared_pacer()
    pacer.expect_final("a", lane(CHAT))
    request = ask(pacer, 0.0)
    assert pacer.apply_answer(request, answer(request), 0.0) == []
    pacer.drop_message("a")
    request = ask(pacer, 1.0)  # that there is nothing to expect any more
    pacer.withdraw_request(request)
    request = ask(pacer, 1.5)
    assert request.uses == {"chat": NOTHING_USED}
    pacer.apply_answer(request, answer(request, others={"chat": BudgetUse(release_times=(5.0,) * 4)}), 1.5)
    pacer.request_call("b", FINAL, lane(CHAT), 2.0)
    assert pacer.next_call(2.0) == 5.0


def test_a_message_that_is_dropped_while_its_call_is_asked_for_waits_for_nothing() -> None:
    pacer = shared_pacer()
    pacer.request_call("a", FIRST, lane(CHAT), 0.0)
    request = ask(pacer, 0.0)
    pacer.drop_message("a")
    assert pacer.apply_answer(request, answer(request, False), 0.0) == []
    assert ask(pacer, 0.0).uses["chat"].waiting == ()
    pacer.next_call(100.0)
    assert len(pacer) == 0


def test_a_final_state_that_waits_is_told_before_its_slot_is_free() -> None:
    pacer = shared_pacer()
    for number in range(5):
        own = Budget(key=f"chat-{number}", slots=1, period_s=1.0)
        pacer.request_call(f"job-{number}", FINAL, lane(own, BOT), float(number))
    request = ask(pacer, 10.0)
    assert [call.since for call in request.calls] == [0.0, 1.0]  # as many as the bot may make
    assert request.uses["bot"].waiting == tuple(WaitingCall(FINAL, since, 1) for since in (2.0, 3.0, 4.0))
    assert all(not use.waiting for key, use in request.uses.items() if key != "bot")  # which hold none of them back


def test_while_a_process_joins_it_tells_and_asks_nothing() -> None:
    pacer = Pacer()
    pacer.request_call("a", FIRST, lane(CHAT), 0.0)
    make_next_call(pacer, 0.0, "a", FIRST)
    pacer.request_call("a", FINAL, lane(CHAT), 0.0)
    pacer.share_budgets()
    request = pacer.ask_for_slots(1.0, calls=False)
    assert request is not None
    assert (request.calls, request.uses["chat"].release_times) == ((), (10.0,))


def test_a_process_that_is_alone_again_takes_over_what_the_others_have_used() -> None:
    pacer = shared_pacer()
    pacer.request_call("a", FINAL, lane(CHAT), 0.0)
    request = ask(pacer, 0.0)
    [grant] = pacer.apply_answer(request, answer(request, True), 0.0)
    inherited = {
        "chat": BudgetUse(release_times=(7.0, 8.0), slots_in_flight=1, expected_finals=9),
        "bot": BudgetUse(paused_until=9.0),
    }
    pacer.unshare_budgets(inherited, 1.0)
    pacer.finish_call(grant, 2.0)
    for job in ("b", "c"):
        pacer.request_call(job, FINAL, lane(CHAT), 2.0)
    assert pacer.next_call(2.0) == 7.0  # four slots are used
    start_next_call(pacer, 7.0, "b", FINAL)
    pacer.request_call("d", FINAL, lane(Budget(key="d", slots=1, period_s=1.0), BOT), 7.0)
    assert pacer.next_call(7.5) == 8.0  # "c"; the bot's pause is known as well
    start_next_call(pacer, 8.0, "c", FINAL)
    assert pacer.next_call(8.5) == 9.0
    start_next_call(pacer, 9.0, "d", FINAL)


def test_what_was_taken_over_and_is_never_asked_for_is_forgotten() -> None:
    pacer = shared_pacer()
    pacer.unshare_budgets({"gone": BudgetUse(release_times=(50.0,))}, 0.0)
    assert len(pacer) == 1
    pacer.next_call(4000.0)
    assert len(pacer) == 0


def test_windows_of_others_are_forgotten_once_they_are_idle() -> None:
    pacer = shared_pacer()
    pacer.request_call("a", FINAL, lane(CHAT), 0.0)
    request = ask(pacer, 0.0)
    others = {"chat": BudgetUse(release_times=(30.0,), paused_until=20.0)}
    pacer.apply_answer(request, answer(request, False, others=others), 0.0)
    pacer.drop_message("a")
    request = ask(pacer, 0.1)
    pacer.apply_answer(request, SlotAnswer(granted=(), own={"chat": NOTHING_USED}, others=others, ahead=0.0), 0.1)
    assert pacer.next_call(29.0) is None
    assert len(pacer) > 0
    pacer.next_call(31.0)
    assert len(pacer) == 0


def test_a_request_names_no_more_calls_than_may_be_made_in_a_second() -> None:
    pacer = shared_pacer()
    wide = Budget(key="wide", slots=1000, period_s=1.0)
    for number in range(MAX_ASKED_CALLS + 1):
        pacer.request_call(f"job-{number}", FINAL, lane(wide), 0.0)
    request = ask(pacer, 0.0)
    assert len(request.calls) == MAX_ASKED_CALLS
    granted = pacer.apply_answer(request, answer(request, *[True] * MAX_ASKED_CALLS), 0.0)
    assert len(granted) == MAX_ASKED_CALLS
    assert len(ask(pacer, 0.0).calls) == 1
    assert isinstance(granted[0], SendGrant)
    assert granted[0].since < inf
