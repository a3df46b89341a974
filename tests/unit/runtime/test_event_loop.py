"""The event loop: the foreground goes first, the background gets a slice of a turn and is never kept from running."""

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from bot.runtime import event_loop
from bot.runtime.event_loop import EventLoop, enter_background, foreground_context, is_in_background, pause_background

HOURS = 3600.0  # longer than any pause, in the time of the loop


class SteppedLoop(EventLoop):
    """Its time passes only where a test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.now = HOURS

    def time(self) -> float:
        return self.now


def on_loop(main: Callable[[SteppedLoop], Coroutine[Any, Any, None]]) -> None:
    """Runs a test on a loop of its own."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SteppedLoop)
        await main(loop)

    with asyncio.Runner(loop_factory=SteppedLoop) as runner:
        runner.run(run())


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def in_background(loop: asyncio.AbstractEventLoop, callback: Callable[[], object]) -> asyncio.Handle:
    context = contextvars.copy_context()
    context.run(enter_background)
    return loop.call_soon(callback, context=context)


def start_in_background(loop: SteppedLoop, ran: list[str], name: str, *, takes_s: float) -> "asyncio.Task[None]":
    async def work() -> None:
        enter_background()
        await asyncio.sleep(0)
        loop.now += takes_s
        ran.append(name)

    return asyncio.create_task(work())


def test_the_background_gets_a_slice_of_each_turn() -> None:
    async def main(loop: SteppedLoop) -> None:
        ran = list[str]()

        def long_step() -> None:
            loop.now += event_loop.SLICE_S
            ran.append("long")

        for _ in range(2):
            in_background(loop, long_step)
        for _ in range(3):
            in_background(loop, lambda: ran.append("short"))
        for expected in (1, 2, 5):
            loop.now += event_loop.MAX_PAUSE_S
            await asyncio.sleep(0)
            assert len(ran) == expected
        assert ran == ["long", "long", "short", "short", "short"]

    on_loop(main)


def test_the_foreground_goes_first_but_not_for_ever() -> None:
    async def main(loop: SteppedLoop) -> None:
        ran = list[str]()
        task = start_in_background(loop, ran, "first", takes_s=0.0)
        await turns(2)
        await task  # now a slice has just been
        task = start_in_background(loop, ran, "second", takes_s=0.0)
        await turns(20)
        assert ran == ["first"]
        loop.now += event_loop.MAX_PAUSE_S
        await turns(3)
        assert ran == ["first", "second"]
        await task

    on_loop(main)


def test_an_idle_loop_runs_the_background_at_once() -> None:
    async def main(loop: SteppedLoop) -> None:
        ran = list[str]()
        for name in "abc":
            await start_in_background(loop, ran, name, takes_s=0.0)
        assert ran == ["a", "b", "c"]

    on_loop(main)


def test_the_background_waits_for_the_end_of_a_pause() -> None:
    async def main(loop: SteppedLoop) -> None:
        ran = list[str]()
        await start_in_background(loop, ran, "before", takes_s=0.0)
        with pause_background(), pause_background():
            task = start_in_background(loop, ran, "after", takes_s=0.0)
            await turns(5)
        assert ran == ["before"]
        await task

    on_loop(main)


def test_a_long_pause_lets_the_background_go_on() -> None:
    async def main(loop: SteppedLoop) -> None:
        ran = list[str]()
        await start_in_background(loop, ran, "before", takes_s=0.0)
        with pause_background():
            task = start_in_background(loop, ran, "during", takes_s=0.0)
            await turns(5)
            loop.now += event_loop.MAX_PAUSE_S
            await task
            assert ran == ["before", "during"]

    on_loop(main)


def test_nobody_in_the_background_pauses_it() -> None:
    async def main(loop: SteppedLoop) -> None:
        ran = list[str]()

        async def pausing() -> None:
            enter_background()
            with pause_background():
                await start_in_background(loop, ran, "own", takes_s=0.0)

        await asyncio.create_task(pausing())
        assert ran == ["own"]

    on_loop(main)


def test_tasks_are_in_the_background_with_whoever_starts_them_unless_they_are_for_others_too() -> None:
    async def main(_: SteppedLoop) -> None:
        async def where() -> bool:
            await asyncio.sleep(0)
            return is_in_background()

        async def start() -> list[bool]:
            enter_background()
            own = asyncio.create_task(where())
            shared = asyncio.create_task(where(), context=foreground_context())
            return [await own, await shared]

        assert await asyncio.create_task(start()) == [True, False]
        assert not is_in_background()

    on_loop(main)


def test_a_step_in_the_background_can_be_cancelled_and_fail() -> None:
    async def main(loop: SteppedLoop) -> None:
        failures, ran = list[dict[str, Any]](), list[str]()
        loop.set_exception_handler(lambda _, failure: failures.append(failure))
        in_background(loop, lambda: ran.append("cancelled")).cancel()
        in_background(loop, lambda: 1 / 0)
        in_background(loop, lambda: ran.append("last"))
        await turns(3)
        assert ran == ["last"]
        assert [type(each["exception"]) for each in failures] == [ZeroDivisionError]

    on_loop(main)


def test_whoever_interrupts_the_program_ends_the_loop_and_nothing_is_lost() -> None:
    loop, ran = SteppedLoop(), list[str]()

    def interrupt() -> None:
        raise KeyboardInterrupt

    in_background(loop, interrupt)
    in_background(loop, lambda: ran.append("next"))
    with pytest.raises(KeyboardInterrupt):
        loop.run_until_complete(asyncio.sleep(0))
    loop.now += event_loop.MAX_PAUSE_S
    loop.run_until_complete(turns(3))
    loop.close()
    assert ran == ["next"]


def test_easel_runs_on_it() -> None:
    async def main() -> bool:
        with pause_background():
            return isinstance(asyncio.get_running_loop(), EventLoop)

    assert event_loop.run(main())


async def test_on_another_loop_all_are_alike() -> None:
    with pause_background():
        assert not is_in_background()
