"""Waiting for busy providers, within the one time budget of the job, and for free slots, beside it."""

import asyncio

import pytest
from structlog.testing import capture_logs

from bot.errors import (
    AccountBlocked,
    BadCredentials,
    Busy,
    NoTurn,
    OutOfFunds,
    PaintFailed,
    TextTooLarge,
    TookTooLong,
    TooLarge,
)
from bot.painting import Accepted, PaintRequest, Stage, StageChanged
from bot.providers.fallback import AttemptRejected, AttemptStarted, Shrink
from tests.support.clocks import FakeClock, settle
from tests.unit.providers.scripted import PAINTED, PIXEL, RETRYING, Run, Scripted, fallback, run_to_end

WAITING = StageChanged(Stage.WAITING)

# ---------------------------------------------------------------- busy


async def test_a_busy_one_is_waited_for_as_long_as_it_says() -> None:
    clock = FakeClock()
    first, second = Scripted("first", [Busy(retry_after=30)], [PAINTED]), Scripted("second", [PAINTED])
    run = Run(fallback(first, second, clock=clock))
    running = asyncio.create_task(run.run())
    await clock.advance(29.9)
    assert run.events == [AttemptStarted("first", 1), AttemptRejected("Busy"), RETRYING]
    await clock.advance(0.1)
    await running
    assert run.events[3:] == [AttemptStarted("first", 1), PAINTED]
    assert second.paint_calls == 0


@pytest.mark.parametrize(("retry_after", "budget"), [(100.0, 100.0), (1e9, 100.0)])
async def test_one_that_is_busy_for_longer_than_there_is_time_is_left(retry_after: float, budget: float) -> None:
    first, second = Scripted("first", [Busy(retry_after=retry_after)]), Scripted("second", [PAINTED])
    run = await run_to_end(fallback(first, second, budget=budget))
    assert run.events[-2:] == [AttemptStarted("second", 1), PAINTED]
    assert first.paint_calls == 1


@pytest.mark.parametrize(("jitter", "pauses"), [(0.0, (1.0, 2.0, 4.0)), (0.5, (1.25, 2.5, 5.0))])
async def test_one_that_names_no_time_is_asked_again_ever_later(jitter: float, pauses: tuple[float, ...]) -> None:
    clock = FakeClock()
    first, second = Scripted("first", [Busy()]), Scripted("second", [PAINTED])
    run = Run(fallback(first, second, clock=clock, jitter=jitter))
    running = asyncio.create_task(run.run())
    for count, pause in enumerate(pauses, start=1):
        await settle()
        assert (first.paint_calls, clock.next_in) == (count, pause)
        await clock.advance(pause)
    await running
    assert (first.paint_calls, second.paint_calls) == (4, 1)
    assert run.events.count(AttemptRejected("Busy")) == 4


async def test_the_time_that_was_waited_counts() -> None:
    clock = FakeClock()
    first = Scripted("first", [Busy(retry_after=60)])
    run = Run(fallback(first, clock=clock, budget=100))
    running = asyncio.create_task(run.run())
    await clock.advance(60)
    await running
    assert first.paint_calls == 2
    assert isinstance(run.failure, Busy)


# ---------------------------------------------------------------- one budget of time


async def test_what_is_not_painted_in_the_time_of_the_job_is_given_up() -> None:
    clock = FakeClock()
    first = Scripted("first", [Accepted(), asyncio.Event()])
    run = Run(fallback(first, Scripted("second", [PAINTED]), clock=clock, budget=100))
    running = asyncio.create_task(run.run())
    await clock.advance(99.9)
    assert run.failure is None
    await clock.advance(0.1)
    await running
    assert isinstance(run.failure, TookTooLong)
    assert run.failure.facts == {"seconds": 100}
    assert (first.closed, run.events) == (1, [AttemptStarted("first", 1), Accepted()])


async def test_who_waits_for_a_place_gets_it_in_time_and_who_leaves_the_line_takes_none() -> None:
    clock, gate = FakeClock(), asyncio.Event()
    made = fallback(Scripted("first", [Accepted(), gate, PAINTED]), clock=clock, slots=1, budget=100)
    walks = [Run(made) for _ in range(3)]
    holding, leaving, waiting = [asyncio.create_task(run.run()) for run in walks]
    await settle()
    leaving.cancel()
    await clock.advance(99)
    gate.set()
    await asyncio.gather(holding, waiting)
    assert [run.events[-1] for run in walks] == [PAINTED, StageChanged(Stage.WAITING), PAINTED]


@pytest.mark.parametrize("turns", range(24))
async def test_who_is_cancelled_just_when_a_place_comes_free_leaves_it_to_others(turns: int) -> None:
    gate = asyncio.Event()
    made = fallback(Scripted("first", [gate, PAINTED], [PAINTED]), slots=1)
    holding, waiting = asyncio.create_task(Run(made).run()), asyncio.create_task(Run(made).run())
    await settle()
    gate.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(holding, waiting, return_exceptions=True)
    assert (await run_to_end(made)).events[-1] == PAINTED


async def test_the_wait_for_a_place_is_no_time_of_the_upstreams() -> None:
    clock = FakeClock()
    first = Scripted("first", [Accepted(), asyncio.Event()])
    made = fallback(first, clock=clock, slots=1, budget=100, wait=1000)
    walks = [Run(made) for _ in range(3)]
    running = [asyncio.create_task(run.run()) for run in walks]
    for count in range(1, 4):
        await clock.advance(99.9)
        assert [run.failure is None for run in walks].count(False) == count - 1
        await clock.advance(0.1)
        assert [type(run.failure) for run in walks[:count]] == [TookTooLong] * count
    await asyncio.gather(*running)
    assert first.paint_calls == 3


async def test_who_has_no_turn_in_time_is_told_so() -> None:
    clock = FakeClock()
    first, second = (Scripted(name, [Accepted(), asyncio.Event()]) for name in ("first", "second"))
    alone = fallback(first, clock=clock, slots=1, budget=1000, wait=90)
    both = fallback(first, second, clock=clock, slots=1, budget=1000, wait=90)
    walks = [Run(made) for made in (alone, alone, both, both, both)]
    running = [asyncio.create_task(run.run()) for run in walks]
    await clock.advance(89.9)
    assert [run.events[-1] for run in walks] == [Accepted(), WAITING, Accepted(), Accepted(), WAITING]
    with capture_logs() as logs:
        await clock.advance(0.1)
        await asyncio.gather(running[1], running[4])
    for each in (walks[1], walks[4]):
        assert isinstance(each.failure, NoTurn)
        assert each.failure.facts == {"minutes": 2}
    assert [(each["provider"], each["failure"], each["log_level"]) for each in logs] == [
        (name, "NoTurn", "warning") for name in ("first", "first", "second")
    ]
    await clock.advance(1000)
    await asyncio.gather(*running)


async def test_all_waits_of_one_job_count_together() -> None:
    clock, gate = FakeClock(), asyncio.Event()
    first = Scripted("first", [gate, PAINTED], [Busy(retry_after=1)], [Accepted(), asyncio.Event()])
    made = fallback(first, clock=clock, slots=1, budget=1000, wait=100)
    _, refused, last = runs = [Run(made) for _ in range(3)]
    running = [asyncio.create_task(run.run()) for run in runs]
    await clock.advance(60)
    gate.set()
    await settle()
    assert (refused.events[-1], last.events[-1]) == (RETRYING, Accepted())
    await clock.advance(1)
    assert refused.events[-1] == WAITING
    await clock.advance(39.9)
    assert refused.failure is None
    await clock.advance(0.1)
    await running[1]
    assert isinstance(refused.failure, NoTurn)
    await clock.advance(1000)
    await asyncio.gather(*running)


# ---------------------------------------------------------------- too large


LARGE = PaintRequest(prompt="a cat", references=(PIXEL, PIXEL))
SMALL = PaintRequest(prompt="a cat", references=(PIXEL,))


async def shrink(request: PaintRequest) -> PaintRequest | None:
    return SMALL


async def refuse_to_shrink(request: PaintRequest) -> PaintRequest | None:
    return None


async def test_a_request_that_is_too_large_is_sent_once_more_with_smaller_pictures() -> None:
    first, second = Scripted("first", [TooLarge()], [PAINTED]), Scripted("second", [PAINTED])
    made = Run(fallback(first, second), LARGE, shrink=shrink)
    await made.run()
    assert made.events == [
        AttemptStarted("first", 1),
        AttemptRejected("TooLarge"),
        RETRYING,
        AttemptStarted("first", 1),
        PAINTED,
    ]
    assert first.requests[1] is SMALL
    assert second.paint_calls == 0


@pytest.mark.parametrize(("how", "calls"), [(shrink, 2), (refuse_to_shrink, 1), (None, 1)])
async def test_one_that_stays_too_large_is_sent_to_nobody_else(how: Shrink | None, calls: int) -> None:
    first, second = Scripted("first", [TooLarge()]), Scripted("second", [PAINTED])
    made = Run(fallback(first, second), SMALL, shrink=how)
    await made.run()
    assert isinstance(made.failure, TooLarge)
    assert (first.paint_calls, second.paint_calls) == (calls, 0)


async def test_words_that_are_too_large_for_one_provider_are_sent_to_the_next() -> None:
    first, second = Scripted("first", [TooLarge()]), Scripted("second", [PAINTED])
    made = Run(fallback(first, second), shrink=refuse_to_shrink)
    await made.run()
    assert made.events[1:] == [AttemptRejected("TextTooLarge"), RETRYING, AttemptStarted("second", 1), PAINTED]
    alone = await run_to_end(fallback(Scripted("first", [TooLarge()])))
    assert type(alone.failure) is TextTooLarge


# ---------------------------------------------------------------- the operator


@pytest.mark.parametrize(
    ("failure", "level"),
    [(OutOfFunds(), "error"), (BadCredentials(), "error"), (AccountBlocked(), "error"), (Busy(), "warning")],
)
async def test_what_the_operator_must_mend_is_an_error_with_the_providers_name(
    failure: PaintFailed, level: str
) -> None:
    first, second = Scripted("first", [failure]), Scripted("second", [PAINTED])
    with capture_logs() as logs:
        run = Run(fallback(first, second, budget=0.5))
        await run.run()
    assert run.events[-1] == PAINTED
    [told] = [each for each in logs if each["event"] == "upstream failed"]
    assert (told["log_level"], told["provider"], told["failure"]) == (level, "first", type(failure).__name__)
