"""A table of numbers in a SQLite file whose statements can be made to fail or to wait."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Connection, text

from bot.store.database import Database

HOLD = "SELECT 'hold'"  # a statement during which the writer is busy


class CrashError(Exception):
    """The disk, or the process, is gone."""


class Statements(list[str]):
    """The statements executed from now on, as the driver gets them."""

    def __init__(self) -> None:
        super().__init__()
        self.fails: dict[str, list[bool]] = {}
        """For a statement, which of its next executions fail."""
        self.blocks: dict[str, Callable[[], object]] = {}
        """For a statement, what is called before it is executed, in the connection's thread."""

    def record(self, statement: str, _parameters: Any) -> None:
        self.append(statement)
        if block := self.blocks.get(statement):
            block()
        if (left := self.fails.get(statement)) and left.pop(0):
            raise CrashError

    @property
    def commits(self) -> int:
        return self.count("COMMIT")


class Numbers:
    """A database with a table of numbers, whose writer can be kept busy."""

    def __init__(self, database: Database, statements: Statements) -> None:
        self.database = database
        self.statements = statements

    def put(
        self, number: int, failure: Exception | None = None, *, can_wait: bool = False, put_off: bool = False
    ) -> "asyncio.Task[int]":
        """Writes a number down; `failure` is raised after that."""

        def work(conn: Connection) -> int:
            conn.execute(text("INSERT INTO numbers VALUES (:number)"), {"number": number})
            if failure is not None:
                raise failure
            return number

        return asyncio.create_task(self.database.write(work, can_wait=can_wait, put_off=put_off))

    async def all(self) -> list[int]:
        def work(conn: Connection) -> list[int]:
            return list(conn.execute(text("SELECT number FROM numbers ORDER BY number")).scalars())

        return await self.database.read(work)

    async def hold(self) -> tuple["asyncio.Task[None]", threading.Event]:
        """A write that is inside its transaction, and ends once the event is set."""
        inside, may_end = asyncio.Event(), threading.Event()
        loop = asyncio.get_running_loop()

        def block() -> None:
            loop.call_soon_threadsafe(inside.set)
            may_end.wait()

        self.statements.blocks[HOLD] = block
        held = asyncio.create_task(self.execute(HOLD))
        await inside.wait()
        return held, may_end

    async def execute(self, statement: str) -> None:
        def work(conn: Connection) -> None:
            conn.exec_driver_sql(statement)

        await self.database.write(work)

    @asynccontextmanager
    async def busy(self) -> AsyncGenerator[None]:
        """The writer is held until the block ends: all that is asked for meanwhile queues up."""
        held, may_end = await self.hold()
        self.statements.clear()
        try:
            yield
            await asyncio.sleep(0)  # tasks that were made in the block have asked
        finally:
            may_end.set()
            await held
