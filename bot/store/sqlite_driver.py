"""An aiosqlite connection on which a statement and its rows take one call of the connection's thread.

SQLAlchemy opens a cursor, executes, fetches and closes; with aiosqlite's own cursor each of the four waits for the
thread, which halved the rate of transactions (`python -m tests.bench.scenarios.ledger sqlite 1000`).
"""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Self

import aiosqlite


class FetchingCursor:
    """A cursor that has fetched all rows when `execute` returns, as SQLAlchemy's adapter asks for anyway."""

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        await self._call(self._execute_and_fetch, "execute", sql, parameters)

    async def executemany(self, sql: str, parameters: Sequence[Sequence[Any]]) -> None:
        await self._call(self._execute_and_fetch, "executemany", sql, parameters)

    async def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """No-op: the driver's cursor was closed when its rows were fetched."""

    def _execute_and_fetch(self, cursor: sqlite3.Cursor, method: str, sql: str, parameters: Any) -> None:
        getattr(cursor, method)(sql, parameters)
        self.description, self.rowcount, self.lastrowid = cursor.description, cursor.rowcount, cursor.lastrowid
        self._rows = cursor.fetchall() if cursor.description else []


class FetchingConnection(aiosqlite.Connection):
    """A connection whose cursors are FetchingCursor. Its thread ends with the process, also where nobody closes it."""

    def __init__(self, path: str, **options: Any) -> None:
        super().__init__(lambda: sqlite3.connect(path, **options), iter_chunk_size=64)
        self._thread.daemon = True

    def cursor(self) -> Any:
        return FetchingCursor(self._call_with_cursor)

    async def _call_with_cursor(self, function: Callable[..., Any], *arguments: Any) -> None:
        def call() -> None:
            cursor = self._conn.cursor()
            try:
                function(cursor, *arguments)
            finally:
                cursor.close()

        await self._execute(call)  # type: ignore[reportUnknownMemberType]  # aiosqlite does not say its types
