"""Reads that may take long, one at a time on a connection of their own, and none longer than a few seconds.

Jobs wait for none of them: they take no connection of `Database`, and on SQLite no lock that a writer needs.
"""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.answer_limit import answer_within, driver_connection
from bot.store.engine import is_sqlite, make_bounded_engine, raise_store_failed, rollback_after
from bot.store.sqlite_driver import ThreadConnection, thread_connection

T = TypeVar("T")

READ_S = 5.0  # seconds; the longest read of a hundred thousand jobs takes a twentieth of one
AGAIN_S = 0.05  # between two interruptions of a read that goes on with its next statement


class BoundedReads:
    """The one connection. It is opened by the first read."""

    def __init__(self, url: URL, *, within_s: float = READ_S) -> None:
        """`within_s`: longest time of a read, seconds, > 0."""
        self._is_sqlite = is_sqlite(url)
        self._engine = make_bounded_engine(url, within_s=within_s)
        self._within_s = within_s
        self._turn = asyncio.Lock()

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Runs `work`, which only reads.

        Raises StoreFailed, also where it takes too long, and whatever `work` raises.
        """
        async with self._turn:
            with raise_store_failed():
                async with self._engine.connect() as connection:
                    if self._is_sqlite:
                        thread = await thread_connection(connection)
                        with _interrupted_after(self._within_s, thread):
                            return await thread.run_in_thread(lambda conn: rollback_after(work, conn))
                    with answer_within(2 * self._within_s, driver_connection(connection)):  # a server that is silent
                        return await AsyncConnection.run_sync(connection, work)

    async def close(self) -> None:
        """Waits for a read under way, and closes the connection."""
        async with self._turn:
            with raise_store_failed():
                await self._engine.dispose()


@contextmanager
def _interrupted_after(seconds: float, connection: ThreadConnection) -> Generator[None]:
    loop = asyncio.get_running_loop()

    def interrupt() -> None:
        nonlocal timer
        connection.interrupt_now()
        timer = loop.call_later(AGAIN_S, interrupt)

    timer = loop.call_later(seconds, interrupt)
    try:
        yield
    finally:
        timer.cancel()
