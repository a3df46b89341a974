"""What is said to a database, seen at the driver: each statement and each commit, before it happens."""

import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import event
from sqlalchemy.engine import Engine

Hear = Callable[[str, Any], None]


@contextmanager
def overheard(hear: Hear) -> Generator[None]:
    """`hear` is told text and values on all connections that are opened meanwhile; what it raises, the speaker gets."""

    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, parameters: Any = (), /) -> "Cursor":
            hear(sql, parameters)
            super().execute(sql, parameters)
            return self

    class Connection(sqlite3.Connection):
        def cursor(self, factory: Any = Cursor) -> Any:
            return super().cursor(factory)

    class PostgresCursor(psycopg.Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **given: Any) -> Any:
            hear(str(query), params or ())
            return super().execute(query, params, **given)

    def connect(dialect: Any, _record: Any, _args: Any, params: dict[str, Any]) -> None:
        params |= {"factory": Connection} if dialect.name == "sqlite" else {"cursor_factory": PostgresCursor}

    def commit(_connection: Any) -> None:
        hear("COMMIT", ())

    event.listen(Engine, "do_connect", connect)
    event.listen(Engine, "commit", commit)
    try:
        yield
    finally:
        event.remove(Engine, "do_connect", connect)
        event.remove(Engine, "commit", commit)
