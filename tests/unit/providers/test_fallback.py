"""Order of providers by failure class alone; no second request where something may have been accepted."""

import asyncio
from contextlib import aclosing

import pytest

from bot.errors import Busy, CutShort, Moderated, NoAnswer, PaintFailed, Rejected, Unreachable, UpstreamDown
from bot.painting import Accepted, Progress, Stage, StageChanged, Usage
from bot.providers.breaker import FAILURES_TO_OPEN, FIRST_PAUSE_S
from bot.providers.fallback import AttemptRejected, AttemptStarted
from tests.support.clocks import FakeClock, settle
from tests.unit.providers.scripted import PAINTED, REQUEST, RETRYING, Act, Run, Scripted, fallback, run_to_end

# ---------------------------------------------------------------- who next


async def test_one_that_paints_is_the_only_one_asked() -> None:
    first, second = Scripted("first", [Accepted("t1"), PAINTED], price=3), Scripted("second", [PAINTED])
    run = await run_to_end(fallback(first, second))
    assert run.events == [AttemptStarted("first", 3), Accepted("t1"), PAINTED]
    assert second.paint_calls == 0


@pytest.mark.parametrize("failure", [Unreachable(), UpstreamDown(), NoAnswer()])
async def test_where_certainly_nothing_was_accepted_the_next_one_is_asked(failure: PaintFailed) -> None:
    first, second = Scripted("first", [StageChanged(Stage.SENDING), failure]), Scripted("second", [PAINTED], price=2)
    run = await run_to_end(fallback(first, second))
    assert run.events == [
        AttemptStarted("first", 1),
        StageChanged(Stage.SENDING),
        AttemptRejected(type(failure).__name__),
        RETRYING,
        AttemptStarted("second", 2),
        PAINTED,
    ]
    assert first.paint_calls == second.paint_calls == 1


@pytest.mark.parametrize("failure", [Moderated(), Rejected(quote="no"), CutShort()])
async def test_after_anything_else_nobody_is_asked_again(failure: PaintFailed) -> None:
    first, second = Scripted("first", [Accepted(), failure]), Scripted("second", [PAINTED])
    run = await run_to_end(fallback(first, second))
    assert run.events == [AttemptStarted("first", 1), Accepted()]
    assert run.failure is failure
    assert second.paint_calls == 0


@pytest.mark.parametrize("failure", [UpstreamDown(), Busy(retry_after=0)])
async def test_once_a_picture_has_come_nobody_is_asked_again(failure: PaintFailed) -> None:
    first, second = Scripted("first", [PAINTED, failure]), Scripted("second", [PAINTED])
    run = await run_to_end(fallback(first, second))
    assert run.events == [AttemptStarted("first", 1), PAINTED]
    assert run.failure is failure
    assert (first.paint_calls, second.paint_calls) == (1, 0)


async def test_the_last_failure_is_told_when_nobody_is_left() -> None:
    last = NoAnswer()
    run = await run_to_end(fallback(Scripted("first", [Unreachable()]), Scripted("second", [last])))
    assert run.failure is last
    assert run.events[-1] == AttemptRejected("NoAnswer")


# ---------------------------------------------------------------- order and retries


async def test_nothing_is_sent_before_it_is_known_who_is_asked() -> None:
    first = Scripted("first", [PAINTED])
    async with aclosing(fallback(first).paint(REQUEST)) as events:
        assert await anext(events) == AttemptStarted("first", 1)
        assert first.paint_calls == 0
        assert await anext(events) == PAINTED


async def test_everything_that_is_told_is_passed_on() -> None:
    events: Act = [StageChanged(Stage.SENDING), Accepted("t"), Progress(5), PAINTED, Usage({"tokens": 3})]
    assert (await run_to_end(fallback(Scripted("first", events)))).events == [AttemptStarted("first", 1), *events]


async def test_whoever_closes_the_walk_closes_the_providers_connection() -> None:
    first = Scripted("first", [Accepted(), Progress(5), PAINTED])
    made = fallback(first, slots=1)
    async with aclosing(made.paint(REQUEST)) as events:
        async for event in events:
            if isinstance(event, Progress):
                break
    assert first.closed == 1
    assert (await run_to_end(made)).events[-1] == PAINTED  # its place is free again


async def test_a_provider_paints_so_many_at_once() -> None:
    gate = asyncio.Event()
    first = Scripted("first", [Accepted(), gate, PAINTED])
    made = fallback(first, slots=2)
    walks = [Run(made) for _ in range(3)]
    running = [asyncio.create_task(run.run()) for run in walks]
    await settle()
    assert [run.events[-1] for run in walks] == [Accepted(), Accepted(), StageChanged(Stage.WAITING)]
    gate.set()
    await asyncio.gather(*running)
    assert all(run.events[-1] == PAINTED for run in walks)


async def test_nobody_is_asked_once_the_time_is_up() -> None:
    clock, gate = FakeClock(), asyncio.Event()
    first, second = Scripted("first", [gate, Unreachable()]), Scripted("second", [PAINTED])
    run = Run(fallback(first, second, clock=clock, budget=10.0))
    running = asyncio.create_task(run.run())
    await settle()
    clock.stop_the_process(10)  # a machine that slept notices no deadline on time
    gate.set()
    await running
    assert isinstance(run.failure, Unreachable)
    assert second.paint_calls == 0


async def test_a_place_is_free_while_a_busy_provider_is_waited_for() -> None:
    clock = FakeClock()
    first = Scripted("first", [Busy(retry_after=30)], [PAINTED])
    made = fallback(first, clock=clock, slots=1)
    waiting = Run(made)
    running = asyncio.create_task(waiting.run())
    await settle()
    assert (await run_to_end(made)).events[-1] == PAINTED
    await clock.advance(30)
    await running
    assert waiting.events[-1] == PAINTED


# ---------------------------------------------------------------- breakers

DOWN: list[Act] = [[UpstreamDown()] for _ in range(FAILURES_TO_OPEN)]


async def test_one_that_failed_again_and_again_comes_last_until_one_request_finds_it_alive() -> None:
    clock = FakeClock()
    first, second = Scripted("first", *DOWN, [PAINTED]), Scripted("second", [PAINTED])
    made = fallback(first, second, clock=clock)
    for _ in range(FAILURES_TO_OPEN):
        assert (await run_to_end(made)).events[0] == AttemptStarted("first", 1)
    assert (await run_to_end(made)).events == [AttemptStarted("second", 1), PAINTED]
    await clock.advance(FIRST_PAUSE_S)
    assert (await run_to_end(made)).events == [AttemptStarted("first", 1), PAINTED]
    assert (await run_to_end(made)).events == [AttemptStarted("first", 1), PAINTED]
    assert second.paint_calls == FAILURES_TO_OPEN + 1


async def test_while_one_probes_the_others_go_elsewhere() -> None:
    clock, gate = FakeClock(), asyncio.Event()
    first, second = Scripted("first", *DOWN, [gate, PAINTED]), Scripted("second", [PAINTED])
    made = fallback(first, second, clock=clock)
    for _ in range(FAILURES_TO_OPEN):
        await run_to_end(made)
    await clock.advance(FIRST_PAUSE_S)
    probe = Run(made)
    probing = asyncio.create_task(probe.run())
    await settle()
    assert (await run_to_end(made)).events == [AttemptStarted("second", 1), PAINTED]
    probing.cancel()
    await asyncio.gather(probing, return_exceptions=True)
    gate.set()
    assert (await run_to_end(made)).events == [
        AttemptStarted("first", 1),
        PAINTED,
    ]  # the probe was given up: this is the next


async def test_an_open_circuit_is_better_than_nobody() -> None:
    first = Scripted("first", *DOWN, [PAINTED])
    made = fallback(first)
    for _ in range(FAILURES_TO_OPEN):
        await run_to_end(made)
    assert (await run_to_end(made)).events == [AttemptStarted("first", 1), PAINTED]
