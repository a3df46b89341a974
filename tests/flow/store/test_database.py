"""What waits for SQLite's one writer goes in together, and still each by itself: kept or not, answered or not."""

import asyncio
import threading
import weakref
from collections.abc import AsyncGenerator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from bot.errors import Stale, StoreFailed
from bot.runtime.clock import SystemClock
from bot.store import write_queue
from bot.store.database import Database
from bot.store.engine import parse_url
from bot.store.write_queue import MAX_BATCH, WAITING_SHARE, WriteQueue, WriteTask
from tests.flow.store.numbers import CrashError, Numbers, Statements
from tests.support.event_loop import wait_all_tasks_blocked
from tests.support.statements import watch_statements


@pytest.fixture
async def numbers(tmp_path: Path) -> AsyncGenerator[Numbers]:
    with ExitStack() as listening:
        statements = Statements()
        listening.enter_context(watch_statements(statements.record))
        database = await asyncio.to_thread(Database, parse_url(f"sqlite:///{tmp_path}/numbers.db"), SystemClock())

        def table(conn: Connection) -> None:
            conn.execute(text("CREATE TABLE numbers (number INTEGER PRIMARY KEY)"))

        await database.write(table)
        yield Numbers(database, statements)
        await database.close()


async def ended(tasks: list["asyncio.Task[int]"]) -> list[int | BaseException]:
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_what_waits_is_committed_at_once(numbers: Numbers) -> None:
    async with numbers.busy():
        asked = [numbers.put(number) for number in range(5)]
    assert await ended(asked) == [0, 1, 2, 3, 4]
    assert numbers.statements.commits == 2  # the one that was under way, and all that waited
    assert await numbers.all() == [0, 1, 2, 3, 4]


async def test_what_comes_until_a_transaction_has_begun_is_committed_with_it(numbers: Numbers) -> None:
    loop, begins, may_begin = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
    numbers.statements.blocks["BEGIN IMMEDIATE"] = lambda: (loop.call_soon_threadsafe(begins.set), may_begin.wait())
    numbers.statements.clear()
    asked = [numbers.put(1)]
    await begins.wait()
    asked += [numbers.put(2), numbers.put(3, can_wait=True)]
    await asyncio.sleep(0)
    may_begin.set()
    assert await ended(asked) == [1, 2, 3]
    assert numbers.statements.commits == 1


async def test_a_write_that_is_put_off_holds_up_nobody_and_goes_in_with_others_that_are(
    numbers: Numbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_queue, "PUT_OFF_S", 0.05)
    numbers.statements.clear()
    put_off = [numbers.put(number, put_off=True) for number in range(3)]
    await asyncio.sleep(0)
    await numbers.put(-1)
    assert not any(each.done() for each in put_off)
    assert await ended(put_off) == [0, 1, 2]
    assert numbers.statements.commits == 2


async def test_closing_lets_what_was_put_off_be_written(numbers: Numbers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_queue, "PUT_OFF_S", 3600)
    put_off = numbers.put(1, put_off=True)
    await asyncio.sleep(0)
    await numbers.database.close()
    assert await put_off == 1


async def test_no_commit_holds_more_than_so_many(numbers: Numbers) -> None:
    async with numbers.busy():
        asked = [numbers.put(number) for number in range(2 * MAX_BATCH + 1)]
    assert await ended(asked) == list(range(2 * MAX_BATCH + 1))
    assert numbers.statements.commits == 4
    assert len(await numbers.all()) == 2 * MAX_BATCH + 1


async def test_what_can_wait_lets_the_others_go_first(numbers: Numbers) -> None:
    async with numbers.busy():
        waiting = [numbers.put(number, can_wait=True) for number in range(2 * MAX_BATCH)]
        await asyncio.sleep(0)
        asked = numbers.put(-1)
    await asked
    assert sum(each.done() for each in waiting) <= 1
    assert await ended(waiting) == list(range(2 * MAX_BATCH))
    assert numbers.statements.commits == 4  # the one under way, one with the other, two of the rest


async def test_a_batch_that_can_wait_ends_when_another_write_comes(numbers: Numbers) -> None:
    loop, inside, may_end = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
    numbers.statements.blocks["SAVEPOINT work"] = lambda: (loop.call_soon_threadsafe(inside.set), may_end.wait())
    async with numbers.busy():
        waiting = [numbers.put(number, can_wait=True) for number in range(MAX_BATCH)]
    await inside.wait()  # the first of them is under way
    asked = numbers.put(-1)
    await asyncio.sleep(0)
    may_end.set()
    await asked
    assert sum(each.done() for each in waiting) <= 1 + WAITING_SHARE
    assert await ended(waiting) == list(range(MAX_BATCH))
    assert len(await numbers.all()) == MAX_BATCH + 1


async def test_what_can_wait_does_not_wait_for_ever(numbers: Numbers) -> None:
    answered: list[asyncio.Task[int]] = []
    async with numbers.busy():
        asked = [numbers.put(number) for number in range(2 * MAX_BATCH)]
        waiting = [numbers.put(-1 - number, can_wait=True) for number in range(WAITING_SHARE)]
    for each in (*asked, *waiting):
        each.add_done_callback(answered.append)
    await ended([*asked, *waiting])
    assert set(answered[:MAX_BATCH]) == {*asked[: MAX_BATCH - WAITING_SHARE], *waiting}


async def test_one_that_is_refused_leaves_nothing_and_takes_nobody_along(numbers: Numbers) -> None:
    refused = Stale()
    async with numbers.busy():
        asked = [numbers.put(1), numbers.put(2, refused), numbers.put(3)]
    assert await ended(asked) == [1, refused, 3]
    assert await numbers.all() == [1, 3]
    assert numbers.statements.commits == 2


async def test_one_that_the_database_refuses_fails_alone(numbers: Numbers) -> None:
    async with numbers.busy():
        asked = [numbers.put(1), numbers.put(1), numbers.put(2)]
    first, second, third = await ended(asked)
    assert (first, third) == (1, 2)
    assert isinstance(second, StoreFailed)
    assert await numbers.all() == [1, 2]


@pytest.mark.parametrize("statement", ["BEGIN IMMEDIATE", "SAVEPOINT work", "ROLLBACK TO work"])
async def test_a_failure_of_what_holds_them_together_costs_nobody_anything(numbers: Numbers, statement: str) -> None:
    refused = Stale()
    async with numbers.busy():
        numbers.statements.fails = {statement: [True]}
        asked = [numbers.put(1), numbers.put(2, refused), numbers.put(3)]
    assert await ended(asked) == [1, refused, 3]
    assert numbers.statements.fails == {statement: []}
    assert await numbers.all() == [1, 3]


async def test_a_commit_that_fails_is_tried_for_each(numbers: Numbers) -> None:
    async with numbers.busy():
        asked = [numbers.put(1), numbers.put(2), numbers.put(3)]
        numbers.statements.fails = {
            "COMMIT": [False, True, True]
        }  # of what is under way, of all, of the first by itself
    first, second, third = await ended(asked)
    assert isinstance(first, CrashError)
    assert (second, third) == (2, 3)
    assert await numbers.all() == [2, 3]


async def test_a_caller_that_is_cancelled_leaves_when_its_write_is_there(numbers: Numbers) -> None:
    async with numbers.busy():
        asked = [numbers.put(1), numbers.put(2, Stale()), numbers.put(3)]
        await asyncio.sleep(0)
        for task in asked[:2]:
            task.cancel()
        await asyncio.sleep(0)
        assert not asked[0].done()
    first, second, third = await ended(asked)
    assert isinstance(first, asyncio.CancelledError)
    assert isinstance(second, asyncio.CancelledError)
    assert third == 3
    assert await numbers.all() == [1, 3]


async def test_a_caller_that_is_cancelled_as_its_reply_comes_keeps_nobody_waiting(
    numbers: Numbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    send_reply = WriteTask.send_reply

    def send_and_cancel(task: WriteTask) -> None:
        send_reply(task)
        cancelled.cancel()

    monkeypatch.setattr(WriteTask, "send_reply", send_and_cancel)
    cancelled = numbers.put(1)
    await asyncio.sleep(0)
    answered = asyncio.create_task(numbers.execute("SELECT 1"))
    async with asyncio.timeout(10):
        await asyncio.wait([cancelled, answered])
    assert cancelled.cancelled()
    assert answered.exception() is None
    assert await numbers.all() == [1]


async def test_a_caller_may_be_cancelled_at_any_turn_of_the_loop(numbers: Numbers) -> None:
    for turns in range(1, 60):
        task = numbers.put(turns)
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        async with asyncio.timeout(10):
            await asyncio.wait([task])
    assert await numbers.all() == list(range(1, 60))


async def test_a_caller_that_is_cancelled_twice_leaves_its_write_to_go_on(numbers: Numbers) -> None:
    async with numbers.busy():
        task = numbers.put(1)
        for _ in range(2):
            await asyncio.sleep(0)
            task.cancel()
        await asyncio.wait([task])
    assert task.cancelled()
    await numbers.put(2)  # goes in after it
    assert await numbers.all() == [1, 2]


async def test_where_each_has_to_try_by_itself_none_waits_for_the_next(numbers: Numbers) -> None:
    answered, waited = threading.Event(), list[bool]()
    slow = "SELECT 'until the first is answered'"  # as where another process holds the file, and each waits for it
    numbers.statements.blocks[slow] = lambda: waited.append(answered.wait(10))
    async with numbers.busy():
        numbers.statements.fails = {"SAVEPOINT work": [True]}
        first = numbers.put(1)
        first.add_done_callback(lambda _: answered.set())
        second = asyncio.create_task(numbers.execute(slow))
    await second
    assert waited == [True]
    assert await first == 1


async def test_reads_go_on_while_the_writer_is_busy(numbers: Numbers) -> None:
    async with numbers.busy():
        assert await numbers.all() == []


async def test_each_write_takes_the_lock_when_it_begins(numbers: Numbers) -> None:
    await numbers.all()  # opens a connection
    numbers.statements.clear()
    await numbers.put(1)
    assert [each.partition(" (")[0] for each in numbers.statements] == [
        "BEGIN IMMEDIATE",
        "INSERT INTO numbers VALUES",
        "COMMIT",
    ]
    numbers.statements.clear()
    await numbers.all()
    assert numbers.statements == ["BEGIN", "SELECT number FROM numbers ORDER BY number"]


async def test_a_loop_that_is_torn_down_leaves_no_caller_waiting(numbers: Numbers) -> None:
    held, may_end = await numbers.hold()
    asked = [numbers.put(1), numbers.put(2)]
    await asyncio.sleep(0)
    [worker] = [each for each in asyncio.all_tasks() if each.get_name() == "store write queue"]
    worker.cancel()
    may_end.set()
    async with asyncio.timeout(10):
        await asyncio.wait([held, *asked])
    assert [each.cancelled() for each in (held, *asked)] == [True, True, True]


async def test_a_bug_of_the_queue_itself_fails_its_batch_and_not_what_waits(
    numbers: Numbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with numbers.busy():
        asked = [numbers.put(number) for number in range(40)]
        await asyncio.sleep(0)
        commit_next = WriteQueue._commit_next  # type: ignore[reportPrivateUsage]  # where a bug would be

        async def is_broken(self: WriteQueue, batch: list[WriteTask]) -> None:
            monkeypatch.setattr(WriteQueue, "_commit_next", commit_next)
            self._take_batch(batch)  # type: ignore[reportPrivateUsage]  # as above
            raise KeyError

        monkeypatch.setattr(WriteQueue, "_commit_next", is_broken)
    first, rest = (await ended(asked))[:32], (await ended(asked))[32:]
    assert {type(each) for each in first} == {StoreFailed}
    assert rest == list(range(32, 40))
    assert await numbers.all() == rest


async def test_closing_lets_what_waits_be_written(numbers: Numbers, tmp_path: Path) -> None:
    async with numbers.busy():
        asked = [numbers.put(1), numbers.put(2)]
        await asyncio.sleep(0)
        closing = asyncio.create_task(numbers.database.close())
        await asyncio.sleep(0)
        late = numbers.put(3)
    *written, refused = await ended([*asked, late])
    await closing
    assert written == [1, 2]
    assert isinstance(refused, StoreFailed)
    again = await asyncio.to_thread(Database, parse_url(f"sqlite:///{tmp_path}/numbers.db"), SystemClock())
    assert await Numbers(again, numbers.statements).all() == [1, 2]
    await again.close()


@pytest.mark.parametrize("method", ["read", "write"])
async def test_neither_a_unit_of_work_nor_its_result_is_kept(numbers: Numbers, method: str) -> None:
    """What has images in it would otherwise lie about in each connection's thread until its next call."""

    class Images:
        pass

    def work(_: Connection, images: Images) -> Images:
        return images

    async def call() -> weakref.ref[Images]:
        result = await getattr(numbers.database, method)(partial(work, images=Images()))
        return weakref.ref(result)

    seen = await asyncio.create_task(call())
    await wait_all_tasks_blocked()
    assert seen() is None
