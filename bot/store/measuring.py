"""How large a database is, and who made it: for an operator who looks. Reads, and changes nothing.

Blocking: call it in a worker thread.
"""

import sqlite3
from dataclasses import dataclass

from sqlalchemy import URL, NullPool, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from bot.store.engine import connect_args, describe_error, is_sqlite, url_problem
from bot.store.migrate import location, sqlite_path


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSize:
    """The size of a database."""

    engine: str
    """Its program and version."""
    bytes: int
    """Of its file, or of all its tables."""
    wal_bytes: int | None = None
    """Of SQLite's write-ahead log; None: PostgreSQL keeps its own."""


def measure_database(url: URL) -> DatabaseSize:
    """Raises SettingsWrong when it does not answer."""
    if is_sqlite(url):
        file = sqlite_path(url)
        log = file.with_name(f"{file.name}-wal")
        return DatabaseSize(
            engine=f"SQLite {sqlite3.sqlite_version}",
            bytes=file.stat().st_size if file.exists() else 0,
            wal_bytes=log.stat().st_size if log.exists() else 0,
        )
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=connect_args(url))
    try:
        with engine.connect() as connection:
            version = str(connection.scalar(text("SHOW server_version"))).split()[0]
            count = connection.scalar(text("SELECT pg_database_size(current_database())"))
    except SQLAlchemyError as error:
        raise url_problem(f"{location(url)} cannot be used ({describe_error(error)})") from error
    finally:
        engine.dispose()
    return DatabaseSize(engine=f"PostgreSQL {version}", bytes=int(count or 0))
