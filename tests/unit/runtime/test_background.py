"""Background tasks: held while they run, and ended in order."""

import asyncio

import pytest

from bot.runtime import background
from bot.runtime.background import BackgroundTasks
from tests.support.clocks import FakeClock, settle


async def forever() -> None:
    await asyncio.Event().wait()


async def broken() -> None:
    raise ValueError("nobody awaits it")


async def test_a_task_is_held_until_it_has_ended() -> None:
    tasks, go = BackgroundTasks(), asyncio.Event()
    task = tasks.spawn(go.wait(), "waits")
    assert (len(tasks), task.get_name()) == (1, "waits")
    go.set()
    await task
    await settle()
    assert len(tasks) == 0


async def test_join_waits_also_for_tasks_started_meanwhile() -> None:
    tasks, ended = BackgroundTasks(), list[str]()

    async def second() -> None:
        ended.append("second")

    async def first() -> None:
        await asyncio.sleep(0)
        tasks.spawn(second(), "second")
        ended.append("first")

    tasks.spawn(first(), "first")
    await tasks.join()
    assert ended == ["first", "second"]


async def test_join_and_cancel_raise_no_failure_of_a_task() -> None:
    tasks = BackgroundTasks()
    tasks.spawn(broken(), "broken")
    await tasks.join()
    task = tasks.spawn(forever(), "forever")
    await tasks.cancel()
    assert task.cancelled()


async def test_close_gives_tasks_their_time_and_cancels_the_rest() -> None:
    clock, tasks, go = FakeClock(), BackgroundTasks(), asyncio.Event()
    in_time, late = tasks.spawn(go.wait(), "in time"), tasks.spawn(forever(), "late")
    closing = asyncio.create_task(tasks.close(2.0, clock))
    await clock.advance(1.0)
    go.set()
    await settle()
    assert in_time.done()
    assert not late.done()
    await clock.advance(1.0)
    await closing
    assert late.cancelled()
    assert not in_time.cancelled()


async def test_close_without_tasks_waits_for_nothing() -> None:
    clock = FakeClock()
    await BackgroundTasks().close(60.0, clock)
    assert clock.sleeping == 0


async def test_a_task_that_has_lost_its_cancellation_is_cancelled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "CANCEL_AGAIN_S", 0.001)
    tasks, lost = BackgroundTasks(), list[BaseException]()

    async def go_on() -> None:
        while True:
            try:
                await forever()
            except asyncio.CancelledError as cancelled:
                if len(lost) == 2:
                    raise
                lost.append(cancelled)

    task = tasks.spawn(go_on(), "goes on")
    await settle()
    await tasks.cancel()
    assert (task.cancelled(), len(lost)) == (True, 2)
