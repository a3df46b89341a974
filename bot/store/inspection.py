"""A whole database looked through: every page, every reference, every row, and the books. Reads, and changes nothing.

Also while Easel runs, and of a backup.
"""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import dataclass

from sqlalchemy import URL

from bot.errors import SettingsWrong
from bot.runtime.clock import Clock
from bot.store.engine import BUSY_S, is_sqlite, parse_url, url_problem
from bot.store.migrate import sqlite_path
from bot.store.store import Store

MAX_VERDICTS = 100  # lines of one kind; more say nothing new


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """One part of the look."""

    subject: str
    """What was looked at."""
    problems: tuple[str, ...]
    """What is wrong, one line each; empty: nothing."""


async def inspect_database(database_url: str, clock: Clock) -> list[Inspection]:
    """Raises SettingsWrong where the database is not there, does not answer, or has tables of another version."""
    url = parse_url(database_url)
    found = await asyncio.to_thread(_look_at_pages, url) if is_sqlite(url) else []
    if any(each.problems for each in found):
        return found  # what stands in damaged pages is nobody's guess
    store = await Store.open(database_url, clock=clock, migrate=False)
    try:
        await store.ping()
        rows = await store.quarantine.find_unreadable()
        books = await store.quarantine.find_unbalanced()
    finally:
        await store.close()
    return [
        *found,
        Inspection(subject="rows", problems=tuple(f"{row.table} {row.key}: {row.reason}" for row in rows)),
        Inspection(subject="books", problems=tuple(f"{row.table} {row.key}: {row.reason}" for row in books)),
    ]


def _look_at_pages(url: URL) -> list[Inspection]:
    file = sqlite_path(url)
    if not file.is_file():
        raise url_problem(f"{file} does not exist")
    address = f"{file.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=BUSY_S)) as look:
            verdicts = [str(each) for (each,) in look.execute(f"PRAGMA integrity_check({MAX_VERDICTS})")]
            dangling = [
                f"{table} {row}: refers to a {parent} that is not there"
                for table, row, parent, _ in look.execute("PRAGMA foreign_key_check").fetchmany(MAX_VERDICTS)
            ]
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", None) not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise SettingsWrong([f"database_url: {file} cannot be read ({error})"]) from error
        return [Inspection(subject="pages", problems=(str(error),))]
    damage = tuple(line for each in verdicts if each != "ok" for line in each.splitlines())
    return [
        Inspection(subject="pages", problems=damage),
        Inspection(subject="references", problems=tuple(dangling)),
    ]
