"""Backup of a SQLite file while it is in use, and the lock file that marks it as in use.

SQLite only: PostgreSQL has pg_dump, and lets several processes work. Blocking: call it in a worker thread.
"""

import os
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import URL

from bot.errors import SettingsWrong
from bot.store.engine import BUSY_S, is_sqlite, url_problem
from bot.store.migrate import sqlite_path
from bot.store.private_files import FILE_MODE, create_private_file

# Pages copied in one step: a reader holds up no writer, and a copy in several begins anew with each write between.
ALL_PAGES = -1


def back_up(url: URL, to: Path) -> int:
    """Copies everything committed by now, consistently; returns the size of the copy in bytes.

    Never overwrites an existing file, and never leaves half a copy. Raises SettingsWrong.
    """
    if not is_sqlite(url):
        raise url_problem("PostgreSQL is backed up with pg_dump")
    source = sqlite_path(url)
    if not source.is_file():
        raise url_problem(f"{source} does not exist")
    if to.exists():
        raise SettingsWrong([f"{to}: exists already; a backup overwrites nothing"])
    part = to.with_name(f"{to.name}.part")
    try:
        create_private_file(part)
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_S)) as live,
            closing(sqlite3.connect(part)) as copy,
        ):
            live.backup(copy, pages=ALL_PAGES)
            (verdict,) = copy.execute("PRAGMA quick_check").fetchone()
        if verdict != "ok":
            raise SettingsWrong([f"{source}: is damaged ({verdict})"])
        part.replace(to)
    except (sqlite3.Error, OSError) as error:
        raise SettingsWrong([f"{to}: no backup made ({error})"]) from error
    finally:
        part.unlink(missing_ok=True)
    return to.stat().st_size


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
