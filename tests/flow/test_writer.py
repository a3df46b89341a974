"""What waits for SQLite's one writer goes in together, and still each by itself: kept or not, answered or not."""

import asyncio
import threading
from collections.abc import AsyncGenerator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from bot.errors import Stale, StoreFailed
from bot.store.database import TOGETHER, Database
from bot.store.engine import parsed
from tests.statements import overheard


class Said(list[str]):
    """What is said to the database from now on. `fails`: of a statement, which of the next ones fail."""

    def __init__(self) -> None:
        super().__init__()
        self.fails: dict[str, list[bool]] = {}

    def hear(self, statement: str, _values: Any) -> None:
        self.append(statement)
        if (left := self.fails.get(statement)) and left.pop(0):
            raise CrashError

    @property
    def commits(self) -> int:
        return self.count("COMMIT")


class CrashError(Exception):
    """The disk, or the process, is gone."""


class Desk:
    """A database with a table of numbers, whose writer can be kept busy."""

    def __init__(self, database: Database, said: Said) -> None:
        self.database = database
        self.said = said

    def put(self, number: int, failure: Exception | None = None) -> "asyncio.Task[int]":
        """Writes a number down; `failure` is raised after that."""

        def work(conn: Connection) -> int:
            conn.execute(text("INSERT INTO numbers VALUES (:number)"), {"number": number})
            if failure is not None:
                raise failure
            return number

        return asyncio.create_task(self.database.write(work))

    async def numbers(self) -> list[int]:
        def work(conn: Connection) -> list[int]:
            return list(conn.execute(text("SELECT number FROM numbers ORDER BY number")).scalars())

        return await self.database.read(work)

    @asynccontextmanager
    async def busy(self) -> AsyncGenerator[None]:
        """The writer waits inside a transaction until the block ends: all that is asked for meanwhile queues up."""
        inside, may_end = asyncio.Event(), threading.Event()
        loop = asyncio.get_running_loop()

        def work(_conn: Connection) -> None:
            loop.call_soon_threadsafe(inside.set)
            may_end.wait()

        waiting = asyncio.create_task(self.database.write(work))
        try:
            await inside.wait()
            self.said.clear()
            yield
            await asyncio.sleep(0)  # tasks that were made in the block have asked
        finally:
            may_end.set()
            await waiting


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[Desk]:
    with ExitStack() as listening:
        said = Said()
        listening.enter_context(overheard(said.hear))
        database = await asyncio.to_thread(Database, parsed(f"sqlite:///{tmp_path}/numbers.db"))

        def table(conn: Connection) -> None:
            conn.execute(text("CREATE TABLE numbers (number INTEGER PRIMARY KEY)"))

        await database.write(table)
        yield Desk(database, said)
        await database.close()


async def ended(tasks: list["asyncio.Task[int]"]) -> list[int | BaseException]:
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_what_waits_is_committed_at_once(desk: Desk) -> None:
    async with desk.busy():
        asked = [desk.put(number) for number in range(5)]
    assert await ended(asked) == [0, 1, 2, 3, 4]
    assert desk.said.commits == 2  # the one that was under way, and all that waited
    assert await desk.numbers() == [0, 1, 2, 3, 4]


async def test_no_commit_holds_more_than_so_many(desk: Desk) -> None:
    async with desk.busy():
        asked = [desk.put(number) for number in range(2 * TOGETHER + 1)]
    assert await ended(asked) == list(range(2 * TOGETHER + 1))
    assert desk.said.commits == 4
    assert len(await desk.numbers()) == 2 * TOGETHER + 1


async def test_one_that_is_refused_leaves_nothing_and_takes_nobody_along(desk: Desk) -> None:
    refused = Stale()
    async with desk.busy():
        asked = [desk.put(1), desk.put(2, refused), desk.put(3)]
    assert await ended(asked) == [1, refused, 3]
    assert await desk.numbers() == [1, 3]
    assert desk.said.commits == 2


async def test_one_that_the_database_refuses_fails_alone(desk: Desk) -> None:
    async with desk.busy():
        asked = [desk.put(1), desk.put(1), desk.put(2)]
    first, second, third = await ended(asked)
    assert (first, third) == (1, 2)
    assert isinstance(second, StoreFailed)
    assert await desk.numbers() == [1, 2]


@pytest.mark.parametrize("statement", ["BEGIN IMMEDIATE", "SAVEPOINT work", "ROLLBACK TO work", "RELEASE work"])
async def test_a_failure_of_what_holds_them_together_costs_nobody_anything(desk: Desk, statement: str) -> None:
    refused = Stale()
    async with desk.busy():
        desk.said.fails = {statement: [True]}
        asked = [desk.put(1), desk.put(2, refused), desk.put(3)]
    assert await ended(asked) == [1, refused, 3]
    assert desk.said.fails == {statement: []}
    assert await desk.numbers() == [1, 3]


async def test_a_commit_that_fails_is_tried_for_each(desk: Desk) -> None:
    async with desk.busy():
        asked = [desk.put(1), desk.put(2), desk.put(3)]
        desk.said.fails = {"COMMIT": [False, True, True]}  # of what is under way, of all, of the first by itself
    first, second, third = await ended(asked)
    assert isinstance(first, CrashError)
    assert (second, third) == (2, 3)
    assert await desk.numbers() == [2, 3]


async def test_a_caller_that_is_cancelled_leaves_when_its_write_is_there(desk: Desk) -> None:
    async with desk.busy():
        asked = [desk.put(1), desk.put(2, Stale()), desk.put(3)]
        await asyncio.sleep(0)
        for task in asked[:2]:
            task.cancel()
        await asyncio.sleep(0)
        assert not asked[0].done()
    first, second, third = await ended(asked)
    assert isinstance(first, asyncio.CancelledError)
    assert isinstance(second, asyncio.CancelledError)
    assert third == 3
    assert await desk.numbers() == [1, 3]


async def test_a_caller_that_is_cancelled_as_its_answer_comes_keeps_nobody_waiting(desk: Desk) -> None:
    inside, may_end, next_begun = asyncio.Event(), threading.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def first(_conn: Connection) -> None:
        loop.call_soon_threadsafe(inside.set)
        may_end.wait()

    cancelled = asyncio.create_task(desk.database.write(first))
    await inside.wait()
    answered = asyncio.create_task(desk.database.write(lambda _: next_begun.set()))
    await asyncio.sleep(0)
    may_end.set()
    next_begun.wait()  # the first one's answer is on its way to the loop
    cancelled.cancel()
    async with asyncio.timeout(10):
        await asyncio.wait([cancelled, answered])
    assert cancelled.cancelled()
    assert answered.exception() is None


async def test_closing_lets_what_waits_be_written(desk: Desk, tmp_path: Path) -> None:
    async with desk.busy():
        asked = [desk.put(1), desk.put(2)]
        await asyncio.sleep(0)
        closing = asyncio.create_task(desk.database.close())
        await asyncio.sleep(0)
        late = desk.put(3)
    *written, refused = await ended([*asked, late])
    await closing
    assert written == [1, 2]
    assert isinstance(refused, StoreFailed)
    again = await asyncio.to_thread(Database, parsed(f"sqlite:///{tmp_path}/numbers.db"))
    assert await Desk(again, desk.said).numbers() == [1, 2]
    await again.close()
