"""Backup of a SQLite file while it is in use, and the lock file that marks it as in use.

SQLite only: PostgreSQL has pg_dump, and lets several processes work. Blocking: call it in a worker thread.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import URL

from bot.errors import SettingsWrong
from bot.store.engine import BUSY_S, is_sqlite, url_problem
from bot.store.migrate import sqlite_path
from bot.store.private_files import FILE_MODE, SQLITE_SUFFIXES, create_private_file

PART = ".part"  # at the end of the name of a copy that is not complete

STEP_PAGES = 2_000  # copied between two looks at whether to go on, 8 MB: some milliseconds
STEP_INSTRUCTIONS = 100_000  # of SQLite's machine between two such looks while the copy is checked
MARGIN_BYTES = 50_000_000  # that stay free on the disk of the copy, for the database itself may be on it


class BackupStopped(Exception):
    """A copy was given up because the process ends."""


def never_stops() -> bool:
    """The default of `stops`."""
    return False


def back_up(url: URL, to: Path, *, stops: Callable[[], bool] = never_stops) -> int:
    """Copies everything committed by now, consistently, and reads the copy through; returns its size in bytes.

    Never overwrites an existing file, and never leaves half a copy. `stops`: asked now and then from the thread of the
    copy whether to give it up. Raises SettingsWrong, BackupStopped.
    """
    if not is_sqlite(url):
        raise url_problem("PostgreSQL is backed up with pg_dump")
    source = sqlite_path(url)
    if not source.is_file():
        raise url_problem(f"{source} does not exist")
    if to.exists():
        raise SettingsWrong([f"{to}: exists already; a backup overwrites nothing"])
    part = to.with_name(f"{to.name}{PART}")
    try:
        _check_space(source, to.absolute().parent)
        create_private_file(part)
        verdict = _copy(source, part, stops)
        if verdict != "ok":
            raise SettingsWrong([f"{source}: is damaged ({verdict})"])
        part.replace(to)
        _sync_folder(to.absolute().parent)
    except (sqlite3.Error, OSError) as error:
        if stops():
            raise BackupStopped from error
        raise SettingsWrong([f"{to}: no backup made ({error})"]) from error
    finally:
        for each in (part, *(part.with_name(f"{part.name}{suffix}") for suffix in SQLITE_SUFFIXES)):
            each.unlink(missing_ok=True)
    return to.stat().st_size


def _copy(source: Path, part: Path, stops: Callable[[], bool]) -> str:
    """Copies in steps, between which others write and the copy may be given up; returns SQLite's verdict on the copy.

    The transaction that reads keeps what it has begun with, and without it a copy in steps would begin anew with each
    write between them (https://www.sqlite.org/c3ref/backup_finish.html).
    """
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_S)) as live,
        closing(sqlite3.connect(part)) as copy,
    ):
        live.isolation_level = None
        live.execute("BEGIN")
        live.execute("SELECT count(*) FROM sqlite_master").fetchone()

        def look(_status: int, _remaining: int, _total: int) -> None:
            if stops():
                raise BackupStopped

        live.backup(copy, pages=STEP_PAGES, progress=look, sleep=0)
        live.execute("ROLLBACK")
        copy.set_progress_handler(stops, STEP_INSTRUCTIONS)
        (verdict,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
    return str(verdict)


def _check_space(source: Path, folder: Path) -> None:
    """Raises OSError where the copy would fill the disk."""
    log = source.with_name(f"{source.name}-wal")
    needed = source.stat().st_size + (log.stat().st_size if log.exists() else 0) + MARGIN_BYTES
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise OSError(f"{needed:,} bytes are needed, and {free:,} are free in {folder}")


def _sync_folder(folder: Path) -> None:
    """So that a power cut does not take the new name away."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def exclusive_access(url: URL) -> Generator[None]:
    """Holds the lock file of a running Easel beside a SQLite file; the system releases it with the process.

    Raises SettingsWrong when another Easel runs on that file.
    """
    if not is_sqlite(url):
        yield
        return
    file = sqlite_path(url)
    if not file.absolute().parent.is_dir():
        raise url_problem(f"the folder {file.absolute().parent} does not exist")
    lock = FileLock(f"{file}.lock", timeout=0, thread_local=False, mode=FILE_MODE)
    try:
        lock.acquire()
    except Timeout:
        raise url_problem(f"{file} is in use by another Easel; two of them would take up each other's jobs") from None
    except OSError as error:
        raise url_problem(f"{file}.lock: {os.strerror(error.errno) if error.errno else error}") from error
    try:
        yield
    finally:
        lock.release()
