"""The door to the database: its address, its connections, its errors turned into ours, the inserts all tables share.

Knows none of the tables. Blocking: transactions run in threads, which are `database`'s.
"""

import json
import math
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, Insert, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from bot.errors import SettingsWrong, StoreFailed
from bot.store.prepared import Prepared, Row, cursor

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

BUSY_SECONDS = 30.0  # how long SQLite waits for another process's transaction, and a pool for a connection
CONNECT_SECONDS = 10  # PostgreSQL
THREADS = 4  # transactions at once that only read; on PostgreSQL all at once, to either purpose, are twice as many
WRITES = {"easel_writes": True}  # execution option: on SQLite, the write lock is taken at BEGIN


def parsed(database_url: str) -> URL:
    """The address of the database for the engine.

    Raises SettingsWrong for anything but `sqlite:///file.db` and `postgresql://…`.
    """
    try:
        url = make_url(database_url)
    except ArgumentError:
        raise wrong("not an address such as sqlite:///easel.db or postgresql://user@host/easel") from None
    match url.drivername:
        case "sqlite":
            if not url.database or url.database == ":memory:":
                raise wrong("SQLite needs a file, as in sqlite:///easel.db")
            return url.set(drivername="sqlite")
        case "postgresql" | "postgres" | "postgresql+psycopg":
            return url.set(drivername="postgresql+psycopg")
        case other:
            raise wrong(f"{other} is not supported, only sqlite and postgresql")


def wrong(problem: str) -> SettingsWrong:
    """A problem of the operator's, named by its key."""
    return SettingsWrong([f"database_url: {problem}"])


def is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def connect_args(url: URL) -> dict[str, Any]:
    """What the drivers are told beside the address."""
    return {"timeout": BUSY_SECONDS} if is_sqlite(url) else {"connect_timeout": CONNECT_SECONDS}


def tame(engine: Engine, *, look_only: bool = False) -> None:
    """SQLite: durable, strict, and with transactions that begin where we say so. Nothing on PostgreSQL.

    `look_only`: the file's journal mode stays what it is.
    """
    if engine.dialect.name != "sqlite":
        return

    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver's own idea of when to BEGIN stays out of it
        pragmas = [
            "synchronous = FULL",  # a commit survives a power cut, for this is money
            "foreign_keys = ON",
            "secure_delete = FAST",  # what is forgotten does not linger in the pages it stood in
        ]
        if not look_only:
            pragmas.insert(0, "journal_mode = WAL")  # readers and one writer do not block each other
        with closing(connection.cursor()) as asked:
            for pragma in pragmas:
                asked.execute(f"PRAGMA {pragma}")

    def begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get("easel_writes", False)
        with cursor(connection) as asked:
            asked.execute("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)


@contextmanager
def translated() -> Generator[None]:
    """SQLAlchemy's errors leave as StoreFailed; their values (prompts, passwords) stay behind."""
    try:
        yield
    except SQLAlchemyError as exc:
        raise StoreFailed(detail=told(exc)) from exc


def told(exc: SQLAlchemyError) -> str:
    """An error in one line: PostgreSQL puts the values of the row into the lines after the first."""
    cause = exc.orig if isinstance(exc, DBAPIError) and exc.orig is not None else exc
    first = (str(cause).splitlines() or [""])[0]
    return f"{type(cause).__name__}: {first}"


def dump(value: object) -> str:
    """JSON for a column. Infinities and NaN, which upstreams may send and PostgreSQL refuses, become null."""
    try:
        return json.dumps(value, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), allow_nan=False)


def _finite(value: Any) -> Any:
    match value:
        case float() if not math.isfinite(value):
            return None
        case dict():
            return {key: _finite(each) for key, each in value.items()}  # type: ignore[reportUnknownVariableType]  # JSON
        case list() | tuple():
            return [_finite(each) for each in value]  # type: ignore[reportUnknownVariableType]  # JSON
        case _:
            return value


def fields_of(value: "DataclassInstance") -> dict[str, Any]:
    """The fields of a dataclass that holds plain values, as they are; `asdict` copies each of them, deeply."""
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def insert_once(conn: Connection, table: Table, values: Mapping[str, Any], *, key: str) -> Row | None:
    """Inserts a row, and gives it back; None where one with the same `key` (unique columns, comma-separated) is."""
    # rowcount is -1 on psycopg here; RETURNING gives a row exactly when one went in.
    rows = _insert_once(conn.dialect.name, table, key).run(conn, values)
    return rows[0] if rows else None


def insert_or_hold(conn: Connection, table: Table, values: Mapping[str, Any], *, key: str) -> Row:
    """Inserts a row unless one with the same `key` (a unique column) is there. Either is held until the transaction
    ends: an update of the key to what it is locks as SELECT FOR UPDATE does."""
    (row,) = _insert_or_hold(conn.dialect.name, table, key).run(conn, values)
    return row


def upsert(conn: Connection, table: Table, values: Mapping[str, Any], *, key: str) -> None:
    """Inserts a row, or replaces the one with the same `key`."""
    changed = tuple(name for name in values if name not in key.split(","))
    _upsert(conn.dialect.name, table, key, changed).run(conn, values)


# Built once each: building a statement costs more than running it. The values come beside it.


@cache
def _insert_once(dialect: str, table: Table, key: str) -> Prepared:
    return Prepared(_insert(dialect, table).on_conflict_do_nothing(index_elements=key.split(",")).returning(table))


@cache
def _insert_or_hold(dialect: str, table: Table, key: str) -> Prepared:
    return Prepared(_replacing(dialect, table, key, (key,)).returning(table))


@cache
def _upsert(dialect: str, table: Table, key: str, changed: tuple[str, ...]) -> Prepared:
    return Prepared(_replacing(dialect, table, key, changed))


def _replacing(dialect: str, table: Table, key: str, changed: tuple[str, ...]) -> Insert:
    statement = _insert(dialect, table)
    new = {name: statement.excluded[name] for name in changed}
    return statement.on_conflict_do_update(index_elements=key.split(","), set_=new)


def _insert(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    return (sqlite if dialect == "sqlite" else postgresql).insert(table)


def make_engine(url: URL) -> Engine:
    """The engine of a process that paints; a connection for each thread of `database`."""
    engine = create_engine(
        url,
        hide_parameters=True,
        json_serializer=dump,
        pool_pre_ping=not is_sqlite(url),
        pool_size=2 * THREADS,
        max_overflow=0,
        pool_timeout=BUSY_SECONDS,
        connect_args=connect_args(url),
    )
    tame(engine)
    return engine
