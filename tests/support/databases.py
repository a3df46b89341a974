"""Databases for tests, on the engine that is tested: SQLite files, unless the run asked for PostgreSQL.

Each is a copy of one that was migrated once: bringing a new one up to date took a fifth of the processor time of
whatever runs a whole Easel. What looks into a database past the store stands here as well.
"""

import asyncio
import json
import tempfile
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.engine import make_url

from bot.store.maintenance import upgrade

Row = tuple[Any, ...]


def migrated_sqlite(folder: Path) -> str:
    """Returns the URL of `easel.db` in `folder`. Makes the file, with all tables and no rows, unless it exists."""
    file = folder / "easel.db"
    if not file.exists():
        file.write_bytes(_migrated_file())
    return f"sqlite:///{file}"


@cache
def _migrated_file() -> bytes:
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as thread:  # the caller's loop may be running
        file = Path(folder, "easel.db")
        thread.submit(lambda: asyncio.run(upgrade(f"sqlite:///{file}"))).result()
        return file.read_bytes()


class _Engine:
    """The engine that is tested."""

    make: Callable[[Path], str] = staticmethod(migrated_sqlite)


def migrated_database(folder: Path) -> str:
    """Returns the URL of the one database that belongs to `folder`. Makes it, with all tables, unless it exists."""
    return _Engine.make(folder)


@contextmanager
def databases_made_by(make: Callable[[Path], str]) -> Generator[None]:
    """Has `migrated_database` call `make`, once for each folder."""
    before, _Engine.make = _Engine.make, cache(make)
    try:
        yield
    finally:
        _Engine.make = before


# ---------------------------------------------------------------- past the store


@contextmanager
def connected(database_url: str) -> Generator[Connection]:
    """A connection past the store; its transaction is committed at the end."""
    url = make_url(database_url)
    if url.get_backend_name() == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        yield connection


def query(database_url: str, sql: str) -> list[Row]:
    """The rows of a query that goes past the store."""
    with connected(database_url) as connection:
        return _rows(connection, sql)


def execute(database_url: str, *statements: str) -> None:
    """Runs statements past the store, in one transaction."""
    with connected(database_url) as connection:
        for statement in statements:
            connection.execute(text(statement))


def everything(database_url: str) -> str:
    """All values of all tables."""
    with connected(database_url) as connection:
        names = (
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            if connection.dialect.name == "postgresql"
            else "SELECT name FROM sqlite_master WHERE type = 'table'"
        )
        tables = [str(name) for (name,) in _rows(connection, names)]
        rows = [row for name in tables for row in _rows(connection, f'SELECT * FROM "{name}"')]  # noqa: S608 - the schema's own names
    return "\n".join(repr(row) for row in rows)


def put_updates(url: str, bodies: Sequence[Any]) -> None:
    """Puts any JSON into the rows of received updates from number 100 on, in the place of what stands there."""
    with connected(url) as connection:
        for number, body in enumerate(bodies, start=100):
            statement = text("UPDATE incoming_update SET body = :body WHERE id = :number")
            connection.execute(statement, {"body": json.dumps(body), "number": number})


def fill_disk(url: str, change: str) -> None:
    """Makes every `change` of a job (`INSERT` or `UPDATE`) fail as on a full disk, until `clear_disk`."""
    if url.startswith("sqlite"):
        fail = "SELECT RAISE(ABORT, 'database or disk is full')"
        execute(url, f"CREATE TRIGGER full_disk BEFORE {change} ON job BEGIN {fail}; END")
        return
    execute(
        url,
        """CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql
           AS 'BEGIN RAISE EXCEPTION USING ERRCODE = ''disk_full'', MESSAGE = ''could not extend file''; END'""",
        f"CREATE TRIGGER full_disk BEFORE {change} ON job FOR EACH ROW EXECUTE FUNCTION full_disk()",
    )


def clear_disk(url: str) -> None:
    if url.startswith("sqlite"):
        execute(url, "DROP TRIGGER full_disk")
        return
    execute(url, "DROP FUNCTION full_disk CASCADE")


def books_agree(database_url: str) -> bool:
    """Whether each account holds exactly what its unfinished jobs reserved, and every ended job is closed."""
    with connected(database_url) as connection:
        return _books_agree(connection)


def _books_agree(connection: Connection) -> bool:
    held = dict(_rows(connection, "SELECT id, reserved FROM account"))  # type: ignore[arg-type]  # pairs
    open_entries = """
        SELECT {column}, SUM(credits) FROM ledger AS r WHERE kind = 'reserve' AND {column} IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM ledger AS c WHERE c.kind = 'settle' AND c.job = r.job)
        GROUP BY {column}"""
    expected: dict[object, int] = {}
    for column in ("account", "chat_account"):
        for owner, credits in _rows(connection, open_entries.format(column=column)):
            expected[owner] = int(str(credits))
    unclosed = _rows(
        connection,
        """SELECT id FROM job WHERE (finished IS NULL) =
           EXISTS (SELECT 1 FROM ledger WHERE ledger.job = job.id AND kind = 'settle')""",
    )
    return {owner: each for owner, each in held.items() if each} == {
        owner: each for owner, each in expected.items() if each
    } and not unclosed


def _rows(connection: Connection, sql: str) -> list[Row]:
    return [tuple(row) for row in connection.execute(text(sql))]
