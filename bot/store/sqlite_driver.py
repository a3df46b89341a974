"""Runs a whole transaction in one call of an aiosqlite connection's thread, instead of one call for each statement.

The way from the event loop to that thread and back costs more than most statements; with a call for each of them it was
half the time of a job's bookkeeping. Within the thread, SQLAlchemy speaks to Python's own driver: its dialect for
aiosqlite would take a third more for each statement, to wait for what is there already (`python -m tests.bench A F`).
"""

import sqlite3
import threading
from collections.abc import Callable
from typing import Any, TypeVar, cast

import aiosqlite
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.pool import NullPool

T = TypeVar("T")

_opening = threading.local()  # `connection`: the driver's connection of this thread


def make_thread_engine(**options: Any) -> Engine:
    """The engine of the connections within their threads. `options`: of SQLAlchemy's `create_engine`."""
    return create_engine(
        "sqlite://", creator=lambda: _opening.connection, poolclass=NullPool, pool_reset_on_return=None, **options
    )


class ThreadConnection(aiosqlite.Connection):
    """A connection that transactions can run in the thread of. The thread ends with the process, also where nobody
    closes it."""

    def __init__(self, path: str, *, engine: Engine, **options: Any) -> None:
        """`engine`: by `make_thread_engine`. `options`: of `sqlite3.connect`."""
        super().__init__(lambda: sqlite3.connect(path, **options), iter_chunk_size=64)
        self._thread.daemon = True
        self._engine = engine
        self._within: Connection | None = None

    async def run_in_thread(self, fn: Callable[[Connection], T]) -> T:
        """Calls `fn` in the connection's thread and returns what it returns. Raises what it raises.

        A transaction that it leaves open, because its COMMIT failed for instance, is rolled back. aiosqlite's thread
        keeps its last call, with what that returned, until it gets another: here neither holds any images then.
        """
        calls, results = [fn], list[T]()

        def run() -> None:
            results.append(self._call(calls.pop()))

        await self._execute(run)  # type: ignore[reportUnknownMemberType]  # aiosqlite does not say its types
        return results.pop()

    def interrupt_now(self) -> None:
        """Has the statement under way fail, from outside the connection's thread. No-op where there is none."""
        if self._connection is not None:
            self._connection.interrupt()

    async def close(self) -> None:
        if self._within is not None:
            await self._execute(self._within.close)  # type: ignore[reportUnknownMemberType]  # as above
        await super().close()

    def _call(self, fn: Callable[[Connection], T]) -> T:
        if self._within is None:
            _opening.connection = self._conn
            self._within = self._engine.connect()
        try:
            return fn(self._within)
        finally:
            if self._conn.in_transaction:
                self._conn.rollback()


async def run_in_thread(connection: AsyncConnection, work: Callable[[Connection], T]) -> T:
    """Does what `connection.run_sync(work)` does, with `work` running in the thread of its ThreadConnection."""
    return await (await thread_connection(connection)).run_in_thread(work)


async def thread_connection(connection: AsyncConnection) -> ThreadConnection:
    """The driver's connection; to be kept where it is used again and again, for it takes a switch of greenlets."""
    return cast(ThreadConnection, (await connection.get_raw_connection()).driver_connection)
