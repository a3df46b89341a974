"""Upgrades a database's tables to `schema`, by the migrations that ship inside the package.

Blocking, with plain sync connections: call it in a worker thread.
"""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL, Connection, NullPool, create_engine, inspect, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random

from bot.store.engine import BUSY_S, WRITES, configure_sqlite, connect_args, describe_error, is_sqlite, url_problem
from bot.store.private_files import create_private_file
from bot.store.queue_schema import prepare_queue

ADVISORY_LOCK = 0x4541_5345_4C  # "EASEL": two processes that upgrade one PostgreSQL at once take turns
# A migration that waits for a table makes all that come after it wait as well: so it gives way, and tries again.
LOCK_TIMEOUT_MS = 2000
LOCK_PAUSE_S = 1.0  # at most, between two attempts
LOCK_ATTEMPTS = 60  # some two minutes
LOCK_NOT_AVAILABLE = "55P03"  # https://www.postgresql.org/docs/current/errcodes-appendix.html
APPLICATION_ID = 0x4541534C  # "EASL", in the header of the SQLite file
OLDEST_CODE = "oldest_code"  # key of the row that says from which revision on code works with these tables
SMALL_FILE_BYTES = 32 * 2**20  # bytes of a file that is read whole at every start, in some 50 ms
# What quick_check says of a value that does not fit its column: no damage of the file, and set aside by `quarantine`.
ROW_VERDICT = re.compile(r"(?:NULL|TEXT|NUMERIC|non-\w+) value in |CHECK constraint failed in ")
MAX_VERDICTS = 1000  # lines that quick_check reports: damage may stand behind such values
REVISION = "0001"  # of the newest migration: tables that have it need no Alembic, whose import is a tenth of a start


def prepare_database(url: URL, *, migrate: bool) -> None:
    """Checks that the database can be read and written, and that its tables fit this version.

    `migrate`: brings the tables up to date first, all or nothing; without it nothing is changed. Raises
    SettingsWrong; a file that is no database, or a damaged one, is left as it is.
    """
    if is_sqlite(url) and not _folder(url).is_dir():
        raise url_problem(f"the folder {_folder(url)} does not exist")
    if is_sqlite(url) and migrate:
        _check_integrity(url)
        _make_private(url)
    try:
        engine = create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=connect_args(url))
    except ModuleNotFoundError:
        raise url_problem('PostgreSQL needs: pip install "easel-bot[postgres]"') from None
    configure_sqlite(engine, read_only=not migrate)
    try:
        for attempt in Retrying(
            retry=retry_if_exception(waited_too_long),
            stop=stop_after_attempt(LOCK_ATTEMPTS),
            wait=wait_random(0, LOCK_PAUSE_S),
            reraise=True,
        ):
            with attempt, engine.execution_options(**WRITES).connect() as connection, connection.begin() as changes:
                _upgrade_tables(connection, migrate=migrate)
                if not migrate:
                    changes.rollback()
    except SQLAlchemyError as exc:
        raise url_problem(f"{location(url)} cannot be used ({describe_error(exc)})") from exc
    finally:
        engine.dispose()


def waited_too_long(error: BaseException) -> bool:
    """Whether a migration gave way to a transaction of a process at work."""
    return isinstance(error, OperationalError) and getattr(error.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE


def _check_integrity(url: URL) -> None:
    """Reads every page of a SQLite file before anything writes to it: jobs run on a damaged one would make it worse.

    A large one only after an end that left a write-ahead log behind, as a kill or a power cut does: reading takes
    1.5 s a gigabyte, and a start shall not grow with the past. Raises SettingsWrong.
    """
    file = sqlite_path(url)
    if not file.is_file() or (file.stat().st_size > SMALL_FILE_BYTES and not _has_leftover_wal(file)):
        return
    verdicts: list[str] = []
    try:
        address = f"{file.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=BUSY_S)) as look:
            verdicts.extend(str(verdict) for (verdict,) in look.execute(f"PRAGMA quick_check({MAX_VERDICTS})"))
    except sqlite3.Error as exc:
        if getattr(exc, "sqlite_errorcode", None) != sqlite3.SQLITE_CORRUPT:
            raise url_problem(f"{location(url)} cannot be used ({type(exc).__name__}: {exc})") from exc
        verdicts.append(str(exc))  # the check itself stops at damage of some kinds
    damage = [each for each in verdicts if each != "ok" and not ROW_VERDICT.match(each)]
    if damage:
        first = damage[0].splitlines()[-1]
        raise url_problem(f"{location(url)} cannot be used (it is damaged: {first}); put a backup in its place")


def _make_private(url: URL) -> None:
    """Raises SettingsWrong when the file cannot be created."""
    try:
        create_private_file(sqlite_path(url))
    except OSError as exc:
        raise url_problem(f"{location(url)} cannot be used ({exc.strerror})") from exc


def _has_leftover_wal(file: Path) -> bool:
    """Whether the last process that wrote to the file was killed before it closed it (https://www.sqlite.org/wal.html#walfile)."""
    log = file.with_name(f"{file.name}-wal")
    return log.is_file() and log.stat().st_size > 0


def _upgrade_tables(connection: Connection, *, migrate: bool) -> None:
    if migrate and connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        connection.execute(text(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}"))
    if revisions(connection) != [REVISION]:
        from bot.store.migration_runner import run_migrations

        run_migrations(connection, migrate=migrate)
    if connection.dialect.name == "postgresql":
        prepare_queue(connection, migrate=migrate)
    if connection.dialect.name == "sqlite":  # signs the file, which tells whether it can be written
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")


def revisions(connection: Connection) -> list[str]:
    """What Alembic has written down as the state of the tables; empty for a new database."""
    if not inspect(connection).has_table("alembic_version"):
        return []
    return list(connection.scalars(text("SELECT version_num FROM alembic_version")))


def missing_sqlite_file(url: URL) -> str | None:
    """The SQLite file that is not there yet, in a folder that is; else None."""
    if not is_sqlite(url) or not _folder(url).is_dir():
        return None
    file = sqlite_path(url)
    return None if file.exists() else str(file)


def sqlite_path(url: URL) -> Path:
    """The path of a SQLite file."""
    return Path((url.database or "").removeprefix("file:"))


def _folder(url: URL) -> Path:
    return sqlite_path(url).absolute().parent


def location(url: URL) -> str:
    """Where a database is, in words for an operator: a file, or a host and a name; no password."""
    return f"{url.database}" if is_sqlite(url) else f"{url.host or 'localhost'}/{url.database or ''}"
