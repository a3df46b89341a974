"""Steps of many jobs: one in each turn of the event loop, in order, and at once where nobody else has one."""

import asyncio

from bot.runtime.turn_queue import TurnQueue
from tests.support.clocks import settle
from tests.support.turns import counted_turns


async def test_steps_that_come_together_run_one_a_turn_in_order() -> None:
    queue, ran = TurnQueue(), list[tuple[str, int]]()
    with counted_turns() as count:
        for name in "abcd":
            queue.call(lambda name=name: ran.append((name, count.turn)))
        first = count.turn
        await queue.wait_turn()  # after them all
    assert ran == [(name, first + number) for number, name in enumerate("abcd")]


async def test_a_step_that_is_alone_waits_for_no_turn() -> None:
    queue = TurnQueue()
    with counted_turns() as count:
        for _ in range(3):
            before = count.turn
            await queue.wait_turn()
            assert count.turn == before
            await asyncio.sleep(0)
            await asyncio.sleep(0)


async def test_whoever_waits_goes_on_one_a_turn() -> None:
    queue, went_on = TurnQueue(), list[int]()

    async def work() -> None:
        await queue.wait_turn()
        went_on.append(count.turn)

    with counted_turns() as count:
        await asyncio.gather(*(work() for _ in range(5)))
    assert len(set(went_on)) == 5
    assert went_on == sorted(went_on)


async def test_whoever_is_cancelled_while_waiting_holds_up_nobody() -> None:
    queue = TurnQueue()
    tasks = [asyncio.create_task(queue.wait_turn()) for _ in range(4)]
    await asyncio.sleep(0)
    for gone in tasks[1:3]:
        gone.cancel()
    await asyncio.wait(tasks)
    assert [each.cancelled() for each in tasks] == [False, True, True, False]
    await settle()
    assert len(queue) == 0
