"""Queues of work run side by side, each in its order."""

import asyncio

from adapters.playground.work_queues import WorkQueues
from bot.runtime.clock import SystemClock
from bot.runtime.supervision import FIRST_PAUSE_S, Supervisor
from tests.support.clocks import FakeClock, settle


async def test_queues_run_side_by_side_and_each_in_order() -> None:
    queues, gate, done = WorkQueues(Supervisor(SystemClock())), asyncio.Event(), list[str]()

    def work(name: str, *, waits: bool = False):
        async def run() -> None:
            if waits:
                await gate.wait()
            done.append(name)

        return run

    await queues.add_work("a", work("a1", waits=True))
    await queues.add_work("a", work("a2"))
    await queues.add_work("b", work("b1"))
    for _ in range(5):
        await asyncio.sleep(0)
    assert done == ["b1"]
    gate.set()
    await queues.drain()
    assert done == ["b1", "a1", "a2"]


async def test_a_queue_goes_on_after_work_that_ends_its_worker() -> None:
    clock, done = FakeClock(), list[str]()
    supervisor = Supervisor(clock)
    queues = WorkQueues(supervisor)

    async def ends() -> None:
        raise asyncio.CancelledError

    async def goes_on() -> None:
        done.append("next")

    await queues.add_work("a", ends)
    await queues.add_work("a", goes_on)
    await settle()
    assert (supervisor.problem(), done) == ("playground a: cancelled", [])
    await clock.advance(FIRST_PAUSE_S)
    assert done == ["next"]
    await queues.drain()
    assert supervisor.problem() is None
