"""The door to the database: its address, its connections, its transactions, its errors turned into ours.

Knows none of the tables. Everything that opens a file here does so in a worker thread.
"""

import asyncio
import json
import math
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Table, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from bot.errors import SettingsWrong, StoreFailed

T = TypeVar("T")

BUSY_SECONDS = 30.0  # how long SQLite waits for another process's transaction, and a pool for a connection
CONNECT_SECONDS = 10  # PostgreSQL
WRITES = {"easel_writes": True}  # execution option: on SQLite, the write lock is taken at BEGIN


def parsed(database_url: str) -> URL:
    """The address of the database for an async engine.

    Raises SettingsWrong for anything but `sqlite:///file.db` and `postgresql://…`.
    """
    try:
        url = make_url(database_url)
    except ArgumentError:
        raise wrong("not an address such as sqlite:///easel.db or postgresql://user@host/easel") from None
    match url.drivername:
        case "sqlite" | "sqlite+aiosqlite":
            if not url.database or url.database == ":memory:":
                raise wrong("SQLite needs a file, as in sqlite:///easel.db")
            return url.set(drivername="sqlite+aiosqlite")
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
        cursor = connection.cursor()
        pragmas = ["synchronous = FULL", "foreign_keys = ON"]  # a commit survives a power cut: this is money
        pragmas.append("secure_delete = FAST")  # what is forgotten does not linger in the pages it stood in
        if not look_only:
            pragmas.insert(0, "journal_mode = WAL")  # readers and one writer do not block each other
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get("easel_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

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


async def insert_once(conn: AsyncConnection, table: Table, values: Mapping[str, Any], *, key: str) -> bool:
    """Inserts a row unless one with the same `key` (unique columns, comma-separated) is there; then False."""
    dialect = sqlite if conn.dialect.name == "sqlite" else postgresql
    columns = key.split(",")
    statement = dialect.insert(table).values(**values).on_conflict_do_nothing(index_elements=columns)
    # rowcount is -1 on psycopg here; RETURNING gives a row exactly when one went in.
    return (await conn.execute(statement.returning(table.c[columns[0]]))).first() is not None


async def upsert(conn: AsyncConnection, table: Table, values: Mapping[str, Any], *, key: str) -> None:
    """Inserts a row, or replaces the one with the same `key`."""
    dialect = sqlite if conn.dialect.name == "sqlite" else postgresql
    columns = key.split(",")
    new = {name: value for name, value in values.items() if name not in columns}
    await conn.execute(dialect.insert(table).values(**values).on_conflict_do_update(index_elements=columns, set_=new))


class Database:
    """Transactions on one database. Once begun they end by themselves, even if the caller is cancelled."""

    def __init__(self, url: URL) -> None:
        sizes: dict[str, Any] = {"pool_size": 5, "max_overflow": 5, "pool_timeout": BUSY_SECONDS}
        self._engine = create_async_engine(
            url,
            hide_parameters=True,
            json_serializer=dump,
            pool_pre_ping=not is_sqlite(url),
            connect_args=connect_args(url),
            **sizes,
        )
        tame(self._engine.sync_engine)
        self._writer = self._engine.execution_options(**WRITES)
        # SQLite has one write lock, and waits for it by polling: in one process a fair queue is better.
        self._turn = asyncio.Lock() if is_sqlite(url) else nullcontext()
        self._pending: set[asyncio.Task[Any]] = set()
        self._closed = False

    async def read(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Runs `work` in a transaction that only reads.

        Raises StoreFailed, and whatever `work` raises.
        """

        async def run() -> T:
            with translated():
                async with self._engine.connect() as connection:
                    return await work(connection)

        return await self._shielded(run())

    async def write(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Runs `work` in a transaction: committed when it returns, rolled back when it raises.

        Raises StoreFailed, and whatever `work` raises.
        """

        async def run() -> T:
            with translated():
                async with self._turn, self._writer.begin() as connection:
                    return await work(connection)

        return await self._shielded(run())

    async def close(self) -> None:
        """Lets transactions under way end, then closes every connection. Later ones raise StoreFailed."""
        self._closed = True
        if self._pending:
            await asyncio.wait(self._pending)
        with translated():
            await self._engine.dispose()

    async def _shielded(self, run: Coroutine[Any, Any, T]) -> T:
        if self._closed:
            run.close()
            raise StoreFailed(detail="the database is closed")
        task = asyncio.ensure_future(run)
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait((task,))  # whoever cancelled the caller may look at what it wrote
            if not task.cancelled():
                task.exception()  # seen: the caller is not there to meet it
            raise
