"""Processes that share budgets: no budget is overdrawn whoever is killed or stopped, final states go first, and nobody
waits for ever."""

from dataclasses import replace
from functools import partial
from statistics import mean
from typing import Any

import pytest

from bot.chat import Budget, Lane
from bot.ports import LockedBudgets
from bot.status.budget_use import NOTHING_USED, BudgetUse, Urgency, WaitingCall
from bot.status.budgets import RateWindows
from bot.status.pacing import SendGrant
from bot.status.shared_windows import SlotRequest, exchange, read_uses
from tests.unit.status.process_simulation import Process, Simulation

FINAL, FIRST, FURTHER, PROGRESS = Urgency
CHAT = Budget(key="chat", slots=2, period_s=10.0)
BOT = Budget(key="telegram", slots=30, period_s=1.0, shared=True)
EMPTY: dict[str, Any] = {"chat": {}}
NOW = 1_800_000_000.0  # of the database


def group(number: int, *, slots_per_call: int = 1) -> Lane:
    return Lane(
        budgets=(
            Budget(key=f"telegram:-{number}", slots=5, period_s=5.0),
            Budget(key=f"telegram:-{number}:minute", slots=20, period_s=60.0),
            BOT,
        ),
        edit_gap_s=3.0,
        slots_per_call=slots_per_call,
    )


def add_job(simulation: Simulation, process: Process, key: str, lane: Lane, begins: float, takes: float) -> None:
    simulation.at(begins, lambda: simulation.begin(process, key, lane))
    for number in range(1, 8):
        simulation.at(begins + takes * number / 8, lambda: simulation.request(process, key, PROGRESS, lane))
    simulation.at(begins + takes, lambda: simulation.request(process, key, FINAL, lane))


def test_twenty_jobs_of_one_group_over_three_processes_wait_no_longer_than_in_one() -> None:
    simulation = Simulation()
    processes = [simulation.add_process() for _ in range(3)]
    for number in range(20):
        add_job(simulation, processes[number % 3], f"job-{number}", group(1), 0.0, 20.0)
    simulation.run(200.0)
    finals = [call.end - 20.0 for call in simulation.calls if call.grant.urgency is FINAL]
    assert len(finals) == 20
    assert mean(finals) <= 19.0  # as in test_pacing_crowds
    assert sum(call.grant.urgency is PROGRESS for call in simulation.calls) == 0
    assert simulation.exchanges <= 300  # some four a second, while they wait for each other
    assert all(len(process.pacer) == 0 or process.pacer.next_call(1e9) is None for process in processes)


@pytest.mark.forms(3)
@pytest.mark.parametrize("seed", range(8))
def test_processes_that_die_and_stop_anywhere_overdraw_nothing_and_starve_nobody(seed: int) -> None:
    simulation = Simulation(seed)
    chance = simulation.chance
    processes = [simulation.add_process() for _ in range(chance.randint(2, 4))]
    for number in range(50):
        lane = group(chance.randint(1, 3), slots_per_call=chance.choice([1, 1, 1, 4]))
        begins, takes = chance.uniform(0, 60), chance.uniform(2, 40)
        add_job(simulation, chance.choice(processes), f"job-{number}", lane, begins, takes)
    for process in processes[1:]:
        if chance.random() < 0.5:
            simulation.at(chance.uniform(0, 60), partial(simulation.kill, process))
        else:
            simulation.at(chance.uniform(0, 60), partial(simulation.stop, process, chance.uniform(0.1, 12)))
    simulation.at(30.0, lambda: simulation.set_database_clock(back_s=chance.choice([0.0, 5.0, 100.0])))
    simulation.run(600.0)
    assert not any(process.finals for process in processes if process.alive)


def test_the_budget_of_all_chats_goes_to_final_states_of_any_process_first_and_first_posts_keep_their_tenth() -> None:
    simulation = Simulation(call_s=(0.01, 0.05))
    one, other = simulation.add_process(), simulation.add_process()
    for number in range(90):
        private = Lane(budgets=(Budget(key=f"chat-{number}", slots=5, period_s=5.0), BOT))
        simulation.at(1.0, partial(simulation.request, one, f"final-{number}", FINAL, private))
    for number in range(90, 120):
        private = Lane(budgets=(Budget(key=f"chat-{number}", slots=5, period_s=5.0), BOT))
        simulation.at(1.1, partial(simulation.request, other, f"progress-{number}", PROGRESS, private))
    lane = Lane(budgets=(Budget(key="asks", slots=5, period_s=5.0), BOT))
    simulation.at(1.5, partial(simulation.request, other, "first", FIRST, lane))
    simulation.run(60.0)
    assert len(simulation.calls) == 121
    order = [call.grant.urgency for call in sorted(simulation.calls, key=lambda call: call.start)]
    assert order.index(PROGRESS) > 85
    [first] = [call for call in simulation.calls if call.grant.urgency is FIRST]
    assert first.start < 3.0  # though ninety pictures wait


# ------------------------------------------------------------ one exchange


def locked(
    rows: dict[str, Any] | None = None, *, now: float = NOW, members: tuple[str, ...] = ("a", "b")
) -> LockedBudgets:
    return LockedBudgets(rows=EMPTY | (rows or {}), now=now, members=members)


def request(*calls: SendGrant, use: BudgetUse = NOTHING_USED, now: float = 100.0) -> SlotRequest:
    return SlotRequest(now=now, budgets={"chat": CHAT}, uses={"chat": use}, calls=calls)


def call(urgency: Urgency, since: float = 100.0, slots: int = 1) -> SendGrant:
    return SendGrant(key="job", urgency=urgency, lane=Lane(budgets=(CHAT,), slots_per_call=slots), since=since)


def test_slots_go_by_what_all_processes_have_used() -> None:
    changed, answer = exchange(request(call(FIRST), call(FIRST), call(FIRST)), locked(), "a")
    assert answer.granted == (True, True, False)
    row = changed["chat"].row
    assert row["a"] == {"at": NOW, "flying": 2, "last": NOW, "waiting": [[FIRST, NOW, 1]]}
    assert changed["chat"].free_at == NOW + 3600.0
    changed, answer = exchange(request(call(FINAL)), locked({"chat": row}), "b")
    assert answer.granted == (False,)
    assert answer.others["chat"].slots_in_flight == 2
    assert changed["chat"].row["a"] is row["a"]
    assert answer.own["chat"].waiting == (WaitingCall(FINAL, 100.0, 1),)


def test_a_told_window_and_a_pause_of_one_process_hold_for_the_others() -> None:
    use = BudgetUse(release_times=(102.5,), paused_until=101.0, first_posts_until=103.0, expected_finals=1)
    changed, _ = exchange(request(use=use), locked(), "a")
    _, answer = exchange(request(call(FINAL), now=7.0), locked(changed_rows(changed), now=NOW + 0.5), "b")
    assert answer.granted == (False,)
    others = answer.others["chat"]
    assert others.release_times == (9.0,)
    assert (others.paused_until, others.first_posts_until, others.expected_finals) == (7.5, 9.5, 1)
    _, answer = exchange(request(call(FINAL), now=8.0), locked(changed_rows(changed), now=NOW + 1.5), "b")
    assert answer.granted == (True,)


def changed_rows(changed: Any) -> dict[str, Any]:
    return {key: each.row for key, each in changed.items()}


def test_slots_of_a_process_that_is_gone_are_free_a_period_later_and_what_it_wanted_is_not_waited_for() -> None:
    use = BudgetUse(slots_in_flight=2, expected_finals=3, waiting=(WaitingCall(FINAL, 1.0, 1),))
    changed, _ = exchange(request(use=use), locked(), "a")
    rows = changed_rows(changed)
    _, answer = exchange(request(call(FIRST)), locked(rows, now=NOW + 0.9, members=("b",)), "b")
    assert answer.others["chat"].slots_in_flight == 2  # it may have joined this moment
    changed, answer = exchange(request(call(FIRST)), locked(rows, now=NOW + 3.0, members=("b",)), "b")
    assert answer.granted == (False,)
    assert changed["chat"].row["a"] == {"at": NOW + 3.0, "free": [NOW + 13.0, NOW + 13.0]}
    rows = {"chat": {"a": changed["chat"].row["a"]}}
    changed, answer = exchange(request(), locked(rows, now=NOW + 13.0, members=("b",)), "b")
    assert changed["chat"].row == {}
    assert changed["chat"].free_at == NOW + 13.0


def test_a_clock_that_was_set_back_frees_no_slot_early_and_none_late() -> None:
    changed, _ = exchange(request(use=BudgetUse(release_times=(104.0, 105.0))), locked(), "a")
    set_back = NOW - 1000.0
    changed, answer = exchange(request(call(FINAL)), locked(changed_rows(changed), now=set_back), "b")
    assert answer.granted == (False,)
    assert answer.others["chat"].release_times == (104.0, 105.0)
    _, answer = exchange(request(call(FINAL)), locked(changed_rows(changed), now=set_back + 4.5), "b")
    assert answer.granted == (True,)


@pytest.mark.parametrize(
    ("urgency", "since", "waiting", "granted"),
    [
        (FINAL, 100.0, (FINAL, 99.0, 1), True),  # one slot for each
        (FINAL, 100.0, (FINAL, 99.0, 2), False),
        (FINAL, 100.0, (FINAL, 101.0, 2), True),
        (FINAL, 100.0, (FINAL, 99.9995, 2), True),  # as good as at the same time: who comes first
        (FINAL, 100.0, (FIRST, 50.0, 2), True),
        (FIRST, 100.0, (FINAL, 150.0, 2), False),
        (FIRST, 100.0, (FINAL, 150.0, 1), True),
        (FIRST, 100.0, (FIRST, 50.0, 2), False),
        (FURTHER, 100.0, (FIRST, 150.0, 2), False),
        (FURTHER, 100.0, (FIRST, 150.0, 1), True),
        (PROGRESS, 100.0, (PROGRESS, 99.0, 1), False),  # the stalest message first
        (PROGRESS, 100.0, (PROGRESS, 101.0, 1), True),
    ],
)
def test_calls_of_other_processes_that_wait_go_first(
    urgency: Urgency, since: float, waiting: tuple[Urgency, float, int], granted: bool
) -> None:
    told = exchange(request(use=BudgetUse(waiting=(WaitingCall(*waiting),))), locked(), "a")[0]
    _, answer = exchange(request(call(urgency, since)), locked(changed_rows(told)), "b")
    assert answer.granted == (granted,)


def test_calls_are_put_in_order_by_one_time_however_long_a_transaction_takes() -> None:
    """The order of two calls is the same in every row, or each might let the other go first."""
    use = BudgetUse(waiting=(WaitingCall(FINAL, 99.0, 2),))
    steady = replace(request(use=use), since_ahead=NOW - 100.0)
    row = changed_rows(exchange(steady, locked(now=NOW + 5.0), "a")[0])
    asked = replace(request(call(FINAL, 99.5)), since_ahead=NOW - 100.0)
    assert exchange(asked, locked(row, now=NOW + 9.0), "b")[1].granted == (False,)
    asked = replace(request(call(FINAL, 98.5)), since_ahead=NOW - 100.0)
    assert exchange(asked, locked(row, now=NOW + 9.0), "b")[1].granted == (True,)


def test_what_processes_that_are_gone_have_used_can_be_read() -> None:
    changed, _ = exchange(request(use=BudgetUse(release_times=(104.0,))), locked(), "a")
    changed, _ = exchange(request(call(FIRST)), locked(changed_rows(changed)), "b")
    use = read_uses(changed["chat"].row, NOW + 1.0)
    assert (use.release_times, use.slots_in_flight) == ((NOW + 4.0,), 1)


def test_a_budget_that_nobody_uses_needs_no_window():
    windows = RateWindows()
    budget = Budget(key="chat", slots=5, period_s=5.0)
    windows.set_shared(budget, NOTHING_USED, NOTHING_USED, 10.0)
    assert len(windows) == 0
    windows.set_shared(budget, NOTHING_USED, BudgetUse(slots_in_flight=1), 10.0)
    assert len(windows) > 0
