"""One moment for many waits: what comes before it is given, what does not is cancelled, whoever else cancels wins."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from bot.clock import CLOCK_CHECK_S, Deadline, wait_for_event
from tests.support.clocks import FakeClock, settle


async def instantly() -> str:
    return "here"


async def never() -> str:
    await asyncio.Event().wait()
    return "unreachable"


async def test_what_comes_in_time_is_given_without_a_turn_of_the_loop() -> None:
    clock = FakeClock()
    async with Deadline(clock, clock.monotonic() + 10) as deadline:
        assert await deadline.wait_for(instantly) == "here"


@pytest.mark.parametrize("seconds", [1.0, 2.5 * CLOCK_CHECK_S])
async def test_what_does_not_come_is_cancelled_at_the_moment(seconds: float) -> None:
    clock = FakeClock()

    async def late() -> None:
        async with Deadline(clock, clock.monotonic() + seconds) as deadline:
            assert await deadline.wait_for(instantly) == "here"
            await deadline.wait_for(never)

    waiting = asyncio.create_task(late())
    await clock.advance(seconds - 0.1)
    assert not waiting.done()
    await clock.advance(0.2)
    with pytest.raises(TimeoutError):
        await waiting
    assert clock.sleeping == 0


async def test_after_the_moment_nothing_is_begun() -> None:
    clock = FakeClock()
    async with Deadline(clock, clock.monotonic()) as deadline:
        await settle()
        with pytest.raises(TimeoutError):
            await deadline.wait_for(instantly)
        await asyncio.sleep(0)  # whoever did not wait when it passed was not cancelled


async def test_who_is_cancelled_by_another_is_not_late() -> None:
    clock = FakeClock()

    async def wait() -> None:
        async with Deadline(clock, clock.monotonic() + 10) as deadline:
            await deadline.wait_for(never)

    waiting = asyncio.create_task(wait())
    await settle()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await settle()
    assert clock.sleeping == 0


async def test_a_generator_may_hold_it_while_its_reader_does_something_else() -> None:
    clock = FakeClock()

    async def numbers() -> AsyncGenerator[str, None]:
        async with Deadline(clock, clock.monotonic() + 10) as deadline:
            while True:
                yield await deadline.wait_for(instantly)

    events = numbers()
    assert await anext(events) == "here"
    await clock.advance(20)
    await asyncio.sleep(0)  # the reader is not who was to be in time
    with pytest.raises(TimeoutError):
        await anext(events)


async def test_wait_for_event_returns_true_when_the_event_is_set_in_time() -> None:
    clock, event = FakeClock(), asyncio.Event()
    waiting = asyncio.create_task(wait_for_event(event, 10.0, clock))
    await clock.advance(5.0)
    event.set()
    assert await waiting
    assert clock.sleeping == 0


async def test_wait_for_event_returns_false_after_its_timeout() -> None:
    clock, event = FakeClock(), asyncio.Event()
    waiting = asyncio.create_task(wait_for_event(event, 10.0, clock))
    await clock.advance(9.9)
    assert not waiting.done()
    await clock.advance(0.2)
    assert not await waiting
    assert clock.sleeping == 0
