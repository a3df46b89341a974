"""Waiting on a clock: for events and futures with a timeout, for a deadline, and between the retries of a write."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC

import pytest

from bot.errors import StoreFailed
from bot.runtime.clock import (
    CLOCK_CHECK_S,
    RESUME_GRACE_S,
    STORE_PAUSES_S,
    SUSPENDED_S,
    Deadline,
    SystemClock,
    retry_store_write,
    timeout_at,
    wait_for_event,
    wait_for_future,
)
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


async def test_a_deadline_that_passed_while_the_process_was_stopped_is_moved_once() -> None:
    clock, arrived = FakeClock(), asyncio.Event()

    async def wait(deadline: Deadline) -> str:
        await deadline.wait_for(arrived.wait)
        return await deadline.wait_for(never)

    async with Deadline(clock, clock.monotonic() + 100) as deadline:
        waiting = asyncio.create_task(wait(deadline))
        await clock.suspend(3600)
        assert not waiting.done()
        arrived.set()  # what has come meanwhile is read
        await clock.advance(RESUME_GRACE_S - 0.1)
        assert not waiting.done()
        await clock.suspend(3600)
        with pytest.raises(TimeoutError):
            await waiting


async def test_a_reader_who_runs_before_the_timer_gets_the_grace_as_well() -> None:
    clock = FakeClock()
    async with Deadline(clock, clock.monotonic() + 100) as deadline:
        await settle()
        clock.stop_the_process(3600)
        assert await deadline.wait_for(instantly) == "here"


@pytest.mark.parametrize("stopped_s", [SUSPENDED_S + 1, SUSPENDED_S / 2])
async def test_a_timeout_of_the_loop_that_passed_while_the_process_was_stopped_is_moved(
    monkeypatch: pytest.MonkeyPatch, stopped_s: float
) -> None:
    loop, shift = asyncio.get_running_loop(), 0.0
    machine_time = loop.time
    monkeypatch.setattr(loop, "time", lambda: machine_time() + shift)
    arrived = loop.create_future()

    def stop_the_process() -> None:
        nonlocal shift
        shift = 60 + stopped_s
        loop.call_later(0.001, arrived.set_result, "here")

    loop.call_soon(stop_the_process)
    if stopped_s < SUSPENDED_S:
        with pytest.raises(TimeoutError):
            async with timeout_at(loop.time() + 60):
                await arrived
    else:
        async with timeout_at(loop.time() + 60) as timeout:
            assert await arrived == "here"
        assert timeout.when() == pytest.approx(loop.time() + RESUME_GRACE_S, abs=1.0)  # type: ignore[reportUnknownMemberType]  # pytest's own


async def test_a_timeout_of_the_past_is_over_at_once() -> None:
    with pytest.raises(TimeoutError):
        async with timeout_at(asyncio.get_running_loop().time() - 60):
            await never()


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


# ---------------------------------------------------------------- the machine's clock


async def test_the_system_clock_is_in_utc_and_waits() -> None:
    clock = SystemClock()
    before = clock.monotonic()
    await clock.sleep(0.01)
    assert clock.monotonic() >= before + 0.009
    assert clock.now().tzinfo is UTC


# ---------------------------------------------------------------- events and futures


async def test_an_event_that_is_set_already_needs_no_turn_of_the_loop() -> None:
    clock, event = FakeClock(), asyncio.Event()
    event.set()
    waiting = wait_for_event(event, 0, clock)
    with pytest.raises(StopIteration) as returned:
        waiting.send(None)
    assert returned.value.value is True


async def test_an_event_may_be_waited_for_without_limit() -> None:
    clock, event = FakeClock(), asyncio.Event()
    waiting = asyncio.create_task(wait_for_event(event, None, clock))
    await clock.advance(1e9)
    assert not waiting.done()
    event.set()
    assert await waiting


async def test_a_cancelled_wait_for_an_event_leaves_nothing_behind() -> None:
    clock, event = FakeClock(), asyncio.Event()
    waiting = asyncio.create_task(wait_for_event(event, 10, clock))
    await settle()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await settle()
    assert clock.sleeping == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize("turns_before", range(4))
async def test_an_event_that_is_set_as_the_time_is_up_leaves_no_cancellation_behind(turns_before: int) -> None:
    clock, event = FakeClock(), asyncio.Event()
    seen: list[bool] = []

    async def wait() -> int:
        seen.append(await wait_for_event(event, 10, clock))
        await settle()  # a timer that is late would end this
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    waiting = asyncio.create_task(wait())
    await settle()
    advancing = asyncio.create_task(clock.advance(10))
    for _ in range(turns_before):
        await asyncio.sleep(0)
    was_over, _ = bool(seen), event.set()
    assert await waiting == 0
    assert seen == [not was_over]
    await advancing


@pytest.mark.parametrize("turns", range(4))
async def test_who_is_cancelled_as_the_time_is_up_stays_cancelled(turns: int) -> None:
    clock, event = FakeClock(), asyncio.Event()
    waiting = asyncio.create_task(wait_for_event(event, 10, clock))
    await settle()
    advancing = asyncio.create_task(clock.advance(10))
    for _ in range(turns):
        await asyncio.sleep(0)
    was_cancelled = waiting.cancel()
    await asyncio.wait([waiting, advancing])
    assert waiting.cancelled() is was_cancelled


async def test_a_future_is_neither_cancelled_by_the_timeout_nor_is_its_failure_raised() -> None:
    clock, future = FakeClock(), asyncio.get_running_loop().create_future()
    waiting = asyncio.create_task(wait_for_future(future, 1, clock))
    await clock.advance(1)
    assert not await waiting
    assert not future.done()
    future.set_exception(ValueError("unseen"))
    assert await wait_for_future(future, 1, clock)
    assert isinstance(future.exception(), ValueError)


# ---------------------------------------------------------------- writes that are tried again


class FailingWrite:
    """A write that fails `failures` times."""

    def __init__(self, failures: int, failure: Exception) -> None:
        self.calls = 0
        self._failures = failures
        self._failure = failure

    async def __call__(self) -> None:
        self.calls += 1
        if self.calls <= self._failures:
            raise self._failure


async def test_a_write_is_tried_again_after_each_pause() -> None:
    clock, write = FakeClock(), FailingWrite(3, StoreFailed(detail="away"))
    writing = asyncio.create_task(retry_store_write(write, clock))
    for calls, pause in enumerate(STORE_PAUSES_S, start=1):
        await clock.asleep()
        assert write.calls == calls
        await clock.advance(pause - 0.1)
        assert write.calls == calls
        await clock.advance(0.1)
    await writing
    assert write.calls == 4


async def test_a_write_that_fails_for_good_raises_its_last_failure() -> None:
    clock, write = FakeClock(), FailingWrite(99, StoreFailed(detail="away"))
    writing = asyncio.create_task(retry_store_write(write, clock))
    await clock.advance(sum(STORE_PAUSES_S))
    with pytest.raises(StoreFailed, match="away"):
        await writing
    assert write.calls == 1 + len(STORE_PAUSES_S)


async def test_any_other_failure_of_a_write_is_raised_at_once() -> None:
    clock, write = FakeClock(), FailingWrite(1, ValueError("a bug"))
    with pytest.raises(ValueError, match="a bug"):
        await retry_store_write(write, clock)
    assert write.calls == 1
