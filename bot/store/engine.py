"""How the database is reached: its URL, its engine, its errors as StoreFailed, the inserts that all tables share.

Knows none of the tables. Transactions are `database`'s.
"""

import json
import math
import select
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import cache, partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection, Engine, Insert, RowMapping, Table, event
from sqlalchemy.dialects import postgresql, registry, sqlite
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    InvalidatePoolError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.errors import SettingsWrong, StoreFailed, StoreUnreachable
from bot.observability.metrics import COMMIT_SECONDS
from bot.store.answer_limit import answer_within
from bot.store.sqlite_driver import ThreadConnection, make_thread_engine

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")

BUSY_S = 30.0  # seconds that SQLite waits for another process's transaction, and a pool for a connection
CONNECT_TIMEOUT_S = 10  # seconds, of PostgreSQL
IDLE_TRANSACTION_MS = 10_000  # between two statements of a transaction on PostgreSQL; a busy process takes some
# A server that has gone without a word is noticed within seconds, not within the hours that the system takes.
KEEPALIVE = {"keepalives_idle": 5, "keepalives_interval": 3, "keepalives_count": 3, "tcp_user_timeout": 15_000}
PREPARE_AFTER = 1  # executions on a connection of PostgreSQL: there are few statements, and each comes again
SQLITE_READERS = 4  # transactions at once that only read, each on a connection (and a thread of aiosqlite) of its own
POSTGRES_CONNECTIONS = 8  # transactions at once
CONTROL_CONNECTIONS = 2  # beside them, of a heartbeat and of taking leases
GONE_STATES = ("08", "57P")  # classes of SQLSTATE: of the connection, and of a server that stops or starts
READ_ONLY_ERROR = "ReadOnlySqlTransaction"  # psycopg's name of SQLSTATE 25006
WRITES = {"easel_writes": True}  # execution option: a transaction; on SQLite, the write lock is taken at BEGIN
LAST = {"easel_last": True}  # execution option of a statement: on PostgreSQL, the COMMIT is sent with it
PIPELINE_DRIVER = "postgresql+easel_pipeline"
registry.register(
    "postgresql.easel_pipeline", "bot.store.postgres_driver", "PipelineDialect"
)  # loaded where it is used


def parse_url(database_url: str) -> URL:
    """Parses the setting `database_url`.

    Raises SettingsWrong for anything but `sqlite:///file.db` and `postgresql://…`.
    """
    try:
        url = make_url(database_url)
    except ArgumentError:
        raise url_problem("not an address such as sqlite:///easel.db or postgresql://user@host/easel") from None
    match url.drivername:
        case "sqlite":
            if not url.database or url.database == ":memory:":
                raise url_problem("SQLite needs a file, as in sqlite:///easel.db")
            return url.set(drivername="sqlite")
        case "postgresql" | "postgres" | "postgresql+psycopg":
            return url.set(drivername="postgresql+psycopg")
        case other:
            raise url_problem(f"{other} is not supported, only sqlite and postgresql")


def url_problem(problem: str) -> SettingsWrong:
    """An operator's mistake, named by the key of the setting."""
    return SettingsWrong([f"database_url: {problem}"])


def is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def connect_args(url: URL) -> dict[str, Any]:
    """Arguments of the drivers beside the URL. PostgreSQL answers in UTC: for any other zone psycopg reads a file in
    the event loop. It ends the transactions of a process that was stopped in their middle, and holds what others
    need."""
    if is_sqlite(url):
        return {"timeout": BUSY_S}
    ours = f"-c timezone=UTC -c idle_in_transaction_session_timeout={IDLE_TRANSACTION_MS}"
    options = " ".join((str(url.query.get("options", "")), ours)).strip()
    keepalive = {name: value for name, value in KEEPALIVE.items() if name not in url.query}
    return {"connect_timeout": CONNECT_TIMEOUT_S, "options": options, "prepare_threshold": PREPARE_AFTER, **keepalive}


def configure_sqlite(engine: Engine, *, read_only: bool = False) -> None:
    """Makes SQLite durable and strict, with transactions that begin where we say so. No-op on PostgreSQL.

    `read_only`: the file's journal mode stays what it is.
    """
    if engine.dialect.name != "sqlite":
        return

    def connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver's own idea of when to BEGIN stays out of it
        pragmas = [
            "synchronous = FULL",  # a commit survives a power cut, for this is money
            "foreign_keys = ON",
            "secure_delete = FAST",  # what is forgotten does not linger in the pages it stood in
        ]
        if not read_only:
            pragmas.insert(0, "journal_mode = WAL")  # readers and one writer do not block each other
        with closing(connection.cursor()) as cursor:
            for pragma in pragmas:
                cursor.execute(f"PRAGMA {pragma}")

    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("easel_writes", False)
        execute_plain(connection, "BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", begin)


def execute_plain(conn: Connection, sql: str) -> None:
    """Executes a statement of SQLite's that has no parameters and returns no rows, such as SAVEPOINT: in SQLAlchemy's
    own way these would take most of a small transaction's time. Raises DBAPIError."""
    driver: Any = conn.dialect.loaded_dbapi
    with closing(conn.connection.cursor()) as cursor:
        try:
            cursor.execute(sql)
        except driver.Error as error:
            raise DBAPIError.instance(sql, None, error, driver.Error, hide_parameters=True) from error


def commit_after(work: Callable[[Connection], T], conn: Connection) -> T:
    """Runs `work` in a transaction: committed when it returns, rolled back when it raises."""
    with conn.execution_options(**WRITES).begin():  # commits by itself: it alone knows what to do where that fails
        result = work(conn)
        began = perf_counter()
    COMMIT_SECONDS.observe(perf_counter() - began)
    return result


def rollback_after(work: Callable[[Connection], T], conn: Connection) -> T:
    """Runs `work`, which only reads, in a transaction."""
    try:
        return work(conn)
    finally:
        conn.rollback()


@contextmanager
def raise_store_failed() -> Generator[None]:
    """Turns SQLAlchemy's errors into StoreFailed or StoreUnreachable, without their parameters (prompts, passwords)."""
    try:
        yield
    except SQLAlchemyError as error:
        kind = StoreUnreachable if _is_unreachable(error) else StoreFailed
        raise kind(detail=describe_error(error)) from error


def _is_unreachable(error: SQLAlchemyError) -> bool:
    """Whether PostgreSQL is away, or a connection to it was lost; a file is never."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    state = getattr(error.orig, "sqlstate", "none: SQLite")
    return state is None or state.startswith(GONE_STATES)  # None: the driver says so by itself


def is_undone(error: DBAPIError) -> bool:
    """Whether a transaction failed because its connection had gone, or leads to a server that only reads, and was not
    committed: an error of the commit itself leaves that open."""
    return error.connection_invalidated and (error.statement is not None or _is_refused(error.orig))


def describe_error(error: SQLAlchemyError) -> str:
    """An error in one line: PostgreSQL puts the values of the row into the lines after the first."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    first = (str(cause).splitlines() or [""])[0]
    return f"{type(cause).__name__}: {first}"


_encode_json = json.JSONEncoder(allow_nan=False).encode  # one for all: `json.dumps` makes an encoder for each value


def to_json(value: object) -> str:
    """JSON for a column. Infinities and NaN, which upstreams may send and PostgreSQL refuses, become null."""
    try:
        return _encode_json(value)
    except ValueError:
        return _encode_json(_finite(value))


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


def field_values(value: "DataclassInstance") -> dict[str, Any]:
    """The fields of a dataclass that holds plain values, as they are; `asdict` copies each of them, deeply."""
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def require_columns(table: Table, names: Iterable[str]) -> None:
    """Raises ValueError for a name that is no column of `table`: SQLAlchemy leaves out what a statement does not know,
    and a misspelt column would be lost in silence."""
    if unknown := set(names).difference(table.c.keys()):
        raise ValueError(f"{table.name} has no column {', '.join(sorted(unknown))}")


def insert_once(conn: Connection, table: Table, values: Mapping[str, Any], *, key: str) -> bool:
    """Inserts a row. False: a row with the same `key` (unique columns, comma-separated) exists."""
    require_columns(table, values)
    # rowcount is -1 on psycopg here; RETURNING gives a row exactly when one was inserted.
    return conn.execute(_insert_once(conn.dialect.name, table, key), values).first() is not None


def insert_unless_known(conn: Connection, table: Table, values: Mapping[str, Any], *, key: str) -> None:
    """As `insert_once`, without an answer: PostgreSQL is not waited for."""
    require_columns(table, values)
    conn.execute(_insert_unless_known(conn.dialect.name, table, key), values)


def lock(conn: Connection, table: Table, values: Mapping[str, Any], *, key: str) -> None:
    """As `insert_or_lock`, without an answer: PostgreSQL is not waited for."""
    require_columns(table, values)
    conn.execute(upsert_of(conn.dialect.name, table, key, (key,)), values)


def insert_or_lock(conn: Connection, table: Table, values: Mapping[str, Any], *, key: str) -> RowMapping:
    """Inserts a row unless one with the same `key` (unique columns, comma-separated) exists. Either is locked until the
    transaction ends: an update of the key to what it is locks as SELECT FOR UPDATE does."""
    require_columns(table, values)
    return conn.execute(_insert_or_lock(conn.dialect.name, table, key), values).mappings().one()


def upsert(conn: Connection, table: Table, values: Mapping[str, Any], *, key: str) -> None:
    """Inserts a row, or replaces the one with the same `key`."""
    require_columns(table, values)
    changed = tuple(name for name in values if name not in key.split(","))
    conn.execute(upsert_of(conn.dialect.name, table, key, changed), values)


def upsert_all(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, key: str) -> None:
    """As `upsert`, for rows with the same columns, in one call of the driver."""
    if not rows:
        return
    require_columns(table, rows[0])
    changed = tuple(name for name in rows[0] if name not in key.split(","))
    conn.execute(upsert_of(conn.dialect.name, table, key, changed), list(rows))


# Built once each; the values come beside them, so that SQLAlchemy finds the compiled form in its cache.


@cache
def _insert_unless_known(dialect: str, table: Table, key: str) -> Insert:
    return _insert(dialect, table).on_conflict_do_nothing(index_elements=key.split(","))


@cache
def _insert_once(dialect: str, table: Table, key: str) -> Insert:
    return _insert_unless_known(dialect, table, key).returning(table.c[key.split(",")[0]])


@cache
def _insert_or_lock(dialect: str, table: Table, key: str) -> Insert:
    return upsert_of(dialect, table, key, tuple(key.split(","))).returning(table)


@cache
def upsert_of(dialect: str, table: Table, key: str, changed: tuple[str, ...]) -> sqlite.Insert | postgresql.Insert:
    """The statement of `upsert`, by the dialect's name; `changed`: the columns that are replaced."""
    statement = _insert(dialect, table)
    new = {name: statement.excluded[name] for name in changed}
    return statement.on_conflict_do_update(index_elements=key.split(","), set_=new)


def _insert(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    return (sqlite if dialect == "sqlite" else postgresql).insert(table)


_OPTIONS: dict[str, Any] = {"hide_parameters": True, "json_serializer": to_json}  # of every engine that serves


def make_async_engine(url: URL) -> AsyncEngine:
    """The engine of a process that serves: a pool of connections, and on SQLite one more for the write queue.

    On PostgreSQL `commit_after` begins the transactions: BEGIN and ROLLBACK around what only reads would be two more
    round trips, and show nothing that a statement by itself does not see."""
    if not is_sqlite(url):
        engine = _make_postgres_engine(url.set(drivername=PIPELINE_DRIVER), POSTGRES_CONNECTIONS)
        event.listen(engine.sync_engine, "begin", _begin_transaction)
        event.listen(engine.sync_engine, "checkout", _check_idle)
        return engine
    return _make_sqlite_engine(url, SQLITE_READERS + 1)


def make_bounded_engine(url: URL, *, within_s: float) -> AsyncEngine:
    """One connection beside all others, for reads. On PostgreSQL it writes nothing, and a statement of it that takes
    longer than `within_s` fails."""
    if is_sqlite(url):
        return _make_sqlite_engine(url, 1)
    given = str(url.query.get("options", ""))
    ours = f"{given} -c statement_timeout={round(within_s * 1000)} -c default_transaction_read_only=on".strip()
    engine = _make_postgres_engine(url.update_query_dict({"options": ours}), 1)
    event.listen(engine.sync_engine, "checkout", _check_idle)
    return engine


def _make_sqlite_engine(url: URL, connections: int) -> AsyncEngine:
    return create_async_engine(
        url.set(drivername="sqlite+aiosqlite"),
        connect_args=connect_args(url) | {"async_creator_fn": partial(ThreadConnection, engine=_thread_engine())},
        pool_reset_on_return=None,  # ThreadConnection rolls back what is left open
        **pool_args(connections),
    )


def make_control_engine(url: URL, *, ping_within_s: float) -> AsyncEngine:
    """A second engine on PostgreSQL, on which each statement is a transaction: what it does waits for no job, and a
    process that is stopped holds no lock of it. A connection that does not answer within `ping_within_s` is left."""
    engine = _make_postgres_engine(url, CONTROL_CONNECTIONS)

    def ping(connection: Any, _record: object, _proxy: object) -> None:
        with answer_within(ping_within_s, connection.driver_connection):
            _ping(connection)

    event.listen(engine.sync_engine, "checkout", ping)
    return engine


def _check_idle(connection: Any, _record: object, _proxy: object) -> None:
    """Pings a connection only where something was told on it while nobody waited for it, as at its end: `Database`
    tries again where one has gone, but for what goes with a COMMIT, of which nobody knows whether it was committed."""
    poller = select.poll()
    poller.register(connection.driver_connection.fileno(), select.POLLIN)
    if poller.poll(0):
        _ping(connection)


def _ping(connection: Any) -> None:
    """Raises InvalidatePoolError for a connection that has gone."""
    try:
        with closing(connection.cursor()) as cursor:
            cursor.execute("SELECT 1")
    except connection.dbapi.Error as error:
        raise InvalidatePoolError from error


def _begin_transaction(connection: Connection) -> None:
    if connection.get_execution_options().get("easel_writes", False):
        connection.connection.begin()  # type: ignore[reportAttributeAccessIssue]  # PipelineConnection's


def _make_postgres_engine(url: URL, connections: int) -> AsyncEngine:
    # the connection used last first: it has planned and prepared what comes next, and the others may be closed
    pool = pool_args(connections) | {"pool_use_lifo": True, "isolation_level": "AUTOCOMMIT"}
    engine = create_async_engine(url, **_OPTIONS, connect_args=connect_args(url), **pool)
    event.listen(engine.sync_engine, "handle_error", _leave_standby)
    return engine


def _leave_standby(context: ExceptionContext) -> None:
    """A server that only reads is one that was demoted, or is not promoted yet: the next transactions look for another
    one, over new connections."""
    if _is_refused(context.original_exception):
        context.is_disconnect = context.invalidate_pool_on_disconnect = True


def _is_refused(error: BaseException | None) -> bool:
    return type(error).__name__ == READ_ONLY_ERROR


@cache
def _thread_engine() -> Engine:
    """One for all SQLite files of a process, so that each statement is compiled once."""
    engine = make_thread_engine(**_OPTIONS)
    configure_sqlite(engine)
    return engine


def pool_args(connections: int) -> dict[str, Any]:
    """Arguments of a pool of so many connections at most."""
    return {"pool_size": connections, "max_overflow": 0, "pool_timeout": BUSY_S}
