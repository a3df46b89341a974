"""Whose slot a request takes where the preferred provider has none free: another's, and else the first that comes."""

import asyncio

import pytest

from bot.errors import BadCredentials, Busy, Unreachable
from bot.painting import Accepted, Capabilities, Model, Options, PaintRequest, Stage, StageChanged
from bot.prices import PriceRange
from bot.providers.breaker import FAILURES_TO_OPEN, FIRST_PAUSE_S
from bot.providers.candidates import LEARNING_S
from bot.providers.catalog import Order
from bot.providers.concurrency import START, TAKEN_AFTER_S
from bot.providers.fallback import AttemptStarted, FallbackProvider
from tests.support.clocks import FakeClock, settle
from tests.unit.providers.scripted import PAINTED, RETRYING, Act, Run, Scripted, fallback, run_to_end

WAITING = StageChanged(Stage.WAITING)
FINE = Options(quality="high")


def held(gate: asyncio.Event) -> Act:
    """A painting that takes until the gate is opened."""
    return [Accepted(), gate, PAINTED]


def asked(run: Run) -> list[str]:
    return [each.provider for each in run.events if isinstance(each, AttemptStarted)]


async def begin(made: FallbackProvider, count: int, options: Options | None = None) -> list[Run]:
    """So many runs, each begun behind the one before."""
    runs = [Run(made, PaintRequest(prompt="a cat", options=options or Options())) for _ in range(count)]
    for run in runs:
        run.task = asyncio.create_task(run.run())
        await settle()
    return runs


async def finish(*runs: Run) -> None:
    await asyncio.gather(*(run.task for run in runs if run.task))


@pytest.mark.parametrize(
    ("order", "expected"), [("listed", ["first", "second", "third"]), ("cheapest", ["third", "second", "first"])]
)
async def test_one_without_a_free_slot_leaves_the_request_to_the_next_that_has_one(
    order: Order, expected: list[str]
) -> None:
    gate = asyncio.Event()
    scripted = [Scripted(name, held(gate), price=price) for name, price in (("first", 5), ("second", 3), ("third", 1))]
    made = fallback(*scripted, slots=1, order=order)
    runs = await begin(made, 3)
    assert [asked(run) for run in runs] == [[name] for name in expected]
    assert all(WAITING not in run.events for run in runs)
    gate.set()
    await finish(*runs)
    assert asked(await run_to_end(made)) == expected[:1]


async def test_it_goes_only_to_one_that_can_do_what_was_asked() -> None:
    gate = asyncio.Event()
    fine = Capabilities(qualities=("high",), models=(Model(name="Fine", price=PriceRange(least=1, most=1)),))
    first, second, third = (
        Scripted("first", held(gate), capabilities=fine),
        Scripted("second", [PAINTED]),
        Scripted("third", held(gate), capabilities=fine),
    )
    made = fallback(first, second, third, slots=1)
    by_quality = await begin(made, 3, FINE)
    by_model = await begin(made, 1, Options(model="Fine"))
    assert [asked(run) for run in (*by_quality, *by_model)] == [["first"], ["third"], [], []]
    gate.set()
    await finish(*by_quality, *by_model)
    assert second.paint_calls == 0


@pytest.mark.parametrize("freed", ["first", "second"])
async def test_the_first_slot_that_comes_free_anywhere_is_taken_in_the_order_of_arrival(freed: str) -> None:
    clock = FakeClock()
    gates = {"first": asyncio.Event(), "second": asyncio.Event()}
    made = fallback(
        *(Scripted(name, held(gate), held(asyncio.Event())) for name, gate in gates.items()), slots=1, clock=clock
    )
    holding = await begin(made, 2)
    early, late = await begin(made, 2)
    assert [run.events for run in (early, late)] == [[WAITING], [WAITING]]
    await clock.advance(10)
    gates[freed].set()
    await settle()
    assert (asked(early), asked(late)) == ([freed], [])
    other = "second" if freed == "first" else "first"
    gates[other].set()
    await settle()
    assert asked(late) == [other]
    for run in (*holding, early, late):
        assert run.task
        run.task.cancel()


async def test_who_leaves_the_lines_takes_no_slot_in_any() -> None:
    gate = asyncio.Event()
    made = fallback(*(Scripted(name, held(gate), [PAINTED]) for name in ("first", "second")), slots=1)
    *holding, leaving, staying = await begin(made, 4)
    assert leaving.task
    gate.set()
    leaving.task.cancel()
    await finish(*holding, staying)
    again = await begin(made, 2)
    assert [asked(run) for run in again] == [["first"], ["first"]]


async def test_one_whose_circuit_is_open_is_no_way_out() -> None:
    clock, gate = FakeClock(), asyncio.Event()
    first = Scripted("first", held(gate), [PAINTED])
    second = Scripted("second", [Unreachable()], capabilities=Capabilities(qualities=("high",)))
    made = fallback(first, second, slots=1, clock=clock, budget=1000)
    for _ in range(FAILURES_TO_OPEN):
        await Run(made, PaintRequest(prompt="a cat", options=FINE)).run()
    holding, waiting = await begin(made, 2)
    assert waiting.events == [WAITING]
    await clock.advance(FIRST_PAUSE_S - 0.1)
    gate.set()
    await finish(holding, waiting)
    assert (asked(waiting), second.paint_calls) == (["first"], FAILURES_TO_OPEN)


async def test_one_whose_circuit_may_be_probed_again_is_looked_at_while_others_are_full() -> None:
    clock, gate = FakeClock(), asyncio.Event()
    first = Scripted("first", held(gate))
    failures: list[Act] = [[Unreachable()] for _ in range(FAILURES_TO_OPEN)]
    second = Scripted("second", *failures, [PAINTED], capabilities=Capabilities(qualities=("high",)))
    made = fallback(first, second, slots=1, clock=clock, budget=1000)
    for _ in range(FAILURES_TO_OPEN):
        await Run(made, PaintRequest(prompt="a cat", options=FINE)).run()
    holding, *waiting = await begin(made, 3)
    await clock.advance(FIRST_PAUSE_S)
    await clock.advance(FIRST_PAUSE_S)
    assert [asked(run) for run in waiting] == [["second"], ["second"]]
    gate.set()
    await finish(holding, *waiting)


async def test_one_whose_circuit_opens_while_it_is_waited_for_is_not_asked() -> None:
    gate, broken = asyncio.Event(), asyncio.Event()
    first, second = Scripted("first", held(gate), [PAINTED]), Scripted("second", [broken, BadCredentials()])
    made = fallback(first, second, slots=1)
    holding, failing, waiting = await begin(made, 3)
    broken.set()
    await settle()
    assert (asked(failing), asked(waiting)) == (["second"], [])
    gate.set()
    await finish(holding, failing, waiting)
    assert (asked(waiting), second.paint_calls) == (["first"], 1)


async def test_all_of_them_down_are_asked_all_the_same() -> None:
    clock = FakeClock()
    failures: list[Act] = [[Unreachable()] for _ in range(FAILURES_TO_OPEN)]
    first, second = (Scripted(name, *failures, [PAINTED]) for name in ("first", "second"))
    made = fallback(first, second, slots=1, clock=clock)
    for _ in range(FAILURES_TO_OPEN):
        await run_to_end(made)
    assert (await run_to_end(made)).events == [AttemptStarted("first", 1), PAINTED]


async def test_who_was_refused_for_too_much_work_goes_where_a_slot_is_free() -> None:
    clock, gate = FakeClock(), asyncio.Event()
    first = Scripted("first", held(gate), [Busy(retry_after=5)], held(gate))
    second = Scripted("second", [PAINTED])
    made = fallback(first, second, slots=2, clock=clock)
    holding, refused = await begin(made, 2)
    await clock.advance(5)
    await finish(refused)
    assert asked(refused) == ["first", "second"]
    assert refused.events[-3:] == [RETRYING, AttemptStarted("second", 1), PAINTED]
    gate.set()
    await finish(holding)


# ---------------------------------------------------------------- one that is still learning


@pytest.mark.parametrize("answer", [[Accepted()], []])
async def test_one_that_soon_may_take_more_is_waited_for(answer: Act) -> None:
    clock, gate = FakeClock(), asyncio.Event()
    first, second = Scripted("first", [*answer, gate, PAINTED]), Scripted("second", [PAINTED])
    made = fallback(first, second, slots=None, clock=clock)
    runs = [Run(made) for _ in range(2 * START)]
    for run in runs:
        run.task = asyncio.create_task(run.run())
    await clock.advance(TAKEN_AFTER_S)
    assert [asked(run) for run in runs] == [["first"]] * len(runs)
    gate.set()
    await finish(*runs)


async def test_one_that_takes_no_more_is_not_waited_for_long() -> None:
    clock, gate = FakeClock(), asyncio.Event()
    first, second = Scripted("first", [gate, PAINTED]), Scripted("second", [PAINTED])
    made = fallback(first, second, slots=None, clock=clock)
    many = await begin(made, 20 * START)
    await clock.advance(LEARNING_S - 0.1)
    assert second.paint_calls == 0
    assert any(run.events == [WAITING] for run in many)
    await clock.advance(0.1)
    assert second.paint_calls > 0
    gate.set()
    await finish(*many)


async def test_one_that_has_refused_requests_is_not_waited_for() -> None:
    clock, gate = FakeClock(), asyncio.Event()
    first, second = Scripted("first", [Busy(retry_after=1e9)], held(gate)), Scripted("second", held(gate))
    made = fallback(first, second, slots=None, clock=clock)
    runs = await begin(made, 1 + START // 2 + 1)
    assert [asked(run) for run in runs] == [["first", "second"], *[["first"]] * (START // 2), ["second"]]
    gate.set()
    await finish(*runs)
