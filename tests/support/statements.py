"""SQL statements seen at the driver: each statement and each commit, before it is executed. Sync and async engines."""

import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import event
from sqlalchemy.engine import Engine

StatementHook = Callable[[str, Any], None]


@contextmanager
def watch_statements(hook: StatementHook) -> Generator[None]:
    """Calls `hook` with text and parameters, on all connections that are opened meanwhile.

    What it raises, the caller of the statement gets. On SQLite it runs in the connection's thread, and may block.
    """

    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, parameters: Any = (), /) -> "Cursor":
            hook(sql, parameters)
            super().execute(sql, parameters)
            return self

    class Connection(sqlite3.Connection):
        def cursor(self, factory: Any = Cursor) -> Any:
            return super().cursor(factory)

    class PostgresCursor(psycopg.Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
            hook(str(query), params or ())
            return super().execute(query, params, **options)

    class AsyncPostgresCursor(psycopg.AsyncCursor[Any]):
        async def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
            hook(str(query), params or ())
            return await super().execute(query, params, **options)

    def connect(dialect: Any, _record: Any, _args: Any, params: dict[str, Any]) -> None:
        if dialect.name == "sqlite":
            params["factory"] = Connection
        else:
            params["cursor_factory"] = AsyncPostgresCursor if dialect.is_async else PostgresCursor

    def commit(_connection: Any) -> None:
        hook("COMMIT", ())

    event.listen(Engine, "do_connect", connect)
    event.listen(Engine, "commit", commit)
    try:
        yield
    finally:
        event.remove(Engine, "do_connect", connect)
        event.remove(Engine, "commit", commit)
