"""Transactions on one database, through SQLAlchemy's asyncio engine. Knows none of the tables.

A unit of work is a plain function over a `Connection`. On SQLite it runs in the thread of its connection, on PostgreSQL
in the event loop, where each statement waits in a greenlet: so it does nothing but database work, and shares nothing.
Once begun, a transaction ends by itself, even if its caller is cancelled.
"""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import StoreFailed
from bot.runtime.clock import Clock
from bot.runtime.event_loop import pause_background
from bot.store.answer_limit import answer_within, driver_connection
from bot.store.engine import (
    commit_after,
    is_sqlite,
    is_undone,
    make_async_engine,
    raise_store_failed,
    rollback_after,
)
from bot.store.sqlite_driver import run_in_thread
from bot.store.write_queue import PUT_OFF_S, WriteQueue

T = TypeVar("T")

ANSWER_S = (
    60.0  # that PostgreSQL may take for a transaction: a server that was stopped answers nothing and ends nothing
)


class Database:
    """One database: its engine, and on SQLite the queue of its one writer."""

    def __init__(self, url: URL, clock: Clock, *, answer_within_s: float = ANSWER_S) -> None:
        """`answer_within_s`: longest wait for a transaction on PostgreSQL, after which it is tried once more."""
        self._engine = make_async_engine(url)
        self.is_sqlite = is_sqlite(url)
        self._run = run_in_thread if self.is_sqlite else AsyncConnection.run_sync
        self._answer_within_s = answer_within_s
        self._write_queue = WriteQueue(self._engine, clock) if self.is_sqlite else None
        self._transactions: set[asyncio.Task[Any]] = set()
        self._closed = False

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Runs `work`, which only reads; on PostgreSQL each of its statements sees what is committed by then. As for
        `write`.

        Raises StoreFailed, and whatever `work` raises.
        """
        self._require_open()
        with pause_background():
            return await self._run_to_end(self._transaction(partial(rollback_after, work)))

    async def write(self, work: Callable[[Connection], T], *, can_wait: bool = False, put_off: bool = False) -> T:
        """Runs `work` in a transaction: committed when it returns, rolled back when it raises. It may be run again when
        the database failed, or the connection had gone, so it changes nothing but that. `can_wait`: nobody looks at a
        screen until it is written, and others go first. `put_off`: nor does a job go on with it.

        Raises StoreFailed, and whatever `work` raises.
        """
        self._require_open()
        if self._write_queue is not None:
            if can_wait or put_off:
                return await self._write_queue.execute(work, can_wait=can_wait, put_off=put_off)
            with pause_background():
                return await self._write_queue.execute(work)
        return await self._run_to_end(self._transaction(partial(commit_after, work), PUT_OFF_S if put_off else 0.0))

    def problem(self) -> str | None:
        """Why nothing is written right now, as far as that is this process's doing; None otherwise."""
        return None if self._write_queue is None else self._write_queue.problem()

    async def close(self) -> None:
        """Lets transactions under way end, then closes every connection. Later ones raise StoreFailed.

        Without it the threads of aiosqlite are left behind.
        """
        self._closed = True
        with raise_store_failed():
            if self._write_queue is not None:
                await self._write_queue.close()
            if self._transactions:
                await asyncio.wait(self._transactions)
            await self._engine.dispose()

    def _require_open(self) -> None:
        if self._closed:
            raise StoreFailed(detail="the database is closed")

    async def _run_to_end(self, transaction: Coroutine[Any, Any, T]) -> T:
        """Runs a transaction in a task of its own. A caller that is cancelled leaves when it has ended: whoever
        cancelled it may look at what it wrote."""
        task = asyncio.create_task(transaction, name="store transaction")
        self._transactions.add(task)
        task.add_done_callback(self._transactions.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait((task,))
            raise

    async def _transaction(self, transaction: Callable[[Connection], T], put_off_s: float = 0.0) -> T:
        """Tries again once where the connection had gone, as after a failover, or was silent: no connection is asked
        whether it lives before it is used, and nothing was committed."""
        if put_off_s:
            await asyncio.sleep(put_off_s)
        with raise_store_failed():
            try:
                return await self._try_transaction(transaction)
            except DBAPIError as error:
                if not is_undone(error):
                    raise
            return await self._try_transaction(transaction)

    async def _try_transaction(self, transaction: Callable[[Connection], T]) -> T:
        async with self._engine.connect() as connection:
            if self.is_sqlite:
                return await self._run(connection, transaction)
            with answer_within(self._answer_within_s, driver_connection(connection)):
                return await self._run(connection, transaction)
