"""The clock the other tests rely on keeps its own promises."""

import asyncio
import socket
import threading

from bot.runtime.clock import Clock
from tests.support.clocks import NOON, FakeClock, settle


async def test_sleepers_wake_in_order_and_see_the_time_they_asked_for() -> None:
    clock = FakeClock()
    began, seen = clock.monotonic(), list[tuple[str, float]]()

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        seen.append((name, clock.monotonic() - began))

    tasks = [asyncio.create_task(sleeper(*each)) for each in (("c", 3), ("a", 1), ("b", 1), ("late", 9))]
    await clock.advance(5)
    assert seen == [("a", 1), ("b", 1), ("c", 3)]
    assert clock.sleeping == 1
    assert clock.next_in == 4
    await clock.advance(4)
    await asyncio.gather(*tasks)


async def test_one_advance_wakes_a_task_that_sleeps_again_and_again() -> None:
    clock, ticks = FakeClock(), list[float]()

    async def ticker() -> None:
        while True:
            await clock.sleep(1)
            ticks.append((clock.now() - NOON).total_seconds())

    task = asyncio.create_task(ticker())
    await clock.advance(3.5)
    assert ticks == [1, 2, 3]
    task.cancel()


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    clock = FakeClock()
    task = asyncio.create_task(clock.sleep(5))
    await clock.asleep()
    task.cancel()
    await clock.advance(1)
    assert task.cancelled()
    assert clock.sleeping == 0
    assert clock.next_in is None


async def test_a_timeout_around_a_sleep_belongs_to_the_real_clock_not_to_this_one() -> None:
    clock = FakeClock()
    async with asyncio.timeout(30):
        waiting = asyncio.create_task(clock.sleep(86_400))
        await clock.asleep()
        await clock.advance(86_400)
        await waiting


async def test_a_jump_moves_only_the_wall_clock() -> None:
    clock: Clock = FakeClock()
    assert isinstance(clock, FakeClock)
    before = clock.monotonic()
    clock.jump(-3600)
    assert clock.monotonic() == before
    assert (clock.now() - NOON).total_seconds() == -3600


async def test_no_sleep_still_gives_the_others_a_turn() -> None:
    clock = FakeClock()
    seen: list[str] = []
    other = asyncio.create_task(asyncio.sleep(0, seen.append("other")))
    await clock.sleep(0)
    await other
    assert seen == ["other"]


async def test_however_often_a_task_yields_before_it_sleeps_it_is_waited_for() -> None:
    clock, seen = FakeClock(), list[str]()

    async def long_winded() -> None:
        for _ in range(2):
            await clock.sleep(1)
            for _ in range(500):
                await asyncio.sleep(0)
        seen.append("awake")

    task = asyncio.create_task(long_winded())
    await clock.advance(2)
    assert seen == ["awake"]
    await task


async def test_bytes_on_a_socket_are_waited_for() -> None:
    near, far = socket.socketpair()
    with near, far:
        near.setblocking(False)
        far.send(b"here")
        seen = list[bytes]()
        reader = asyncio.create_task(receive(near, seen))
        await settle()
        assert seen == [b"here"]
        await reader


async def receive(near: socket.socket, seen: list[bytes]) -> None:
    for _ in range(50):
        await asyncio.sleep(0)
    seen.append(await asyncio.get_running_loop().sock_recv(near, 10))


async def test_tasks_that_wait_for_sockets_timers_and_threads_are_blocked() -> None:
    near, far = socket.socketpair()
    finish = threading.Event()
    with near, far:
        near.setblocking(False)
        reader = asyncio.create_task(receive(near, []))
        timer = asyncio.create_task(asyncio.sleep(60))
        thread = asyncio.create_task(asyncio.to_thread(finish.wait))
        await asyncio.wait_for(settle(), 30)
        assert not any((reader.done(), timer.done(), thread.done()))
        finish.set()
        far.send(b"x")
        timer.cancel()
        await reader
        assert await thread


async def test_several_may_wait_until_all_are_blocked() -> None:
    await asyncio.gather(settle(), settle())
