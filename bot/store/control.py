"""Short statements on PostgreSQL beside the jobs' transactions, each a transaction of its own, and each with an end.

A server that was stopped answers nothing and closes nothing: whoever asks it gives up after a while, and asks anew.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.engine import URL

from bot.errors import StoreFailed
from bot.store.answer_limit import answer_within, driver_connection
from bot.store.engine import make_control_engine, raise_store_failed

T = TypeVar("T")


class ControlDatabase:
    """A few connections of their own."""

    def __init__(self, url: URL, *, answer_within_s: float) -> None:
        """`answer_within_s`: longest wait for a connection, and for all of a caller's statements, seconds."""
        self._engine = make_control_engine(url, ping_within_s=answer_within_s / 2)
        self._answer_within_s = answer_within_s

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Calls `work` with a connection that commits each statement. Its statements may have been executed even where
        this raises.

        Raises StoreFailed, and whatever `work` raises.
        """
        try:
            async with asyncio.timeout(self._answer_within_s) as connecting:
                with raise_store_failed():
                    async with self._engine.connect() as connection:
                        connecting.reschedule(None)
                        with answer_within(self._answer_within_s, driver_connection(connection)):
                            return await connection.run_sync(work)
        except TimeoutError:
            raise StoreFailed(detail=f"no answer within {self._answer_within_s:g} s") from None

    async def close(self) -> None:
        """Closes every connection."""
        with raise_store_failed():
            await self._engine.dispose()
