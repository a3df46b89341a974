"""Runs a whole transaction in one call of an aiosqlite connection's thread, instead of one call for each statement.

The way from the event loop to that thread and back costs more than most statements; with a call for each of them it was
half the time of a job's bookkeeping (`python -m tests.bench A F`).
"""

import sqlite3
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar, cast

import aiosqlite
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.util import greenlet_spawn

T = TypeVar("T")


class ThreadConnection(aiosqlite.Connection):
    """A connection whose methods, called in its own thread, are done when they return. The thread ends with the
    process, also where nobody closes it."""

    def __init__(self, path: str, **options: Any) -> None:
        super().__init__(lambda: sqlite3.connect(path, **options), iter_chunk_size=64)
        self._thread.daemon = True

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if threading.current_thread() is self._thread:
            return fn(*args, **kwargs)
        return await super()._execute(fn, *args, **kwargs)  # type: ignore[reportUnknownMemberType]  # aiosqlite does not say its types

    async def run_in_thread(self, fn: Callable[[], T]) -> T:
        """Calls `fn` in the connection's thread and returns what it returns. Raises what it raises.

        A transaction that it leaves open, because its COMMIT failed for instance, is rolled back.
        """

        def call() -> T:
            try:
                return fn()
            finally:
                if self._conn.in_transaction:
                    self._conn.rollback()

        return await self._execute(call)


async def run_in_thread(connection: AsyncConnection, work: Callable[[Connection], T]) -> T:
    """Does what `connection.run_sync(work)` does, with `work` running in the thread of its ThreadConnection."""
    driver = cast(ThreadConnection, (await connection.get_raw_connection()).driver_connection)
    sync_connection = cast(Connection, connection.sync_connection)
    return await driver.run_in_thread(partial(_run_without_waiting, work, sync_connection))


def _run_without_waiting(work: Callable[[Connection], T], connection: Connection) -> T:
    """Runs `work` in the greenlet that SQLAlchemy's asyncio drivers need, where it never has to wait for a loop."""
    running = greenlet_spawn(work, connection)
    try:
        running.send(None)
    except StopIteration as returned:
        return returned.value
    running.close()
    raise RuntimeError("a transaction waited for something else than its database")
