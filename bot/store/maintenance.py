"""What is done to a whole database from outside: upgrade its tables, copy it, lock it, see whether it is there.

Opens no `Store`; each function runs the blocking one of `migrate` or `backup` in a worker thread.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

from bot.store import backup
from bot.store.engine import parse_url
from bot.store.measuring import DatabaseSize, measure_database
from bot.store.migrate import missing_sqlite_file, prepare_database


async def upgrade(database_url: str) -> None:
    """Brings the tables up to date; nothing happens when they are.

    Raises SettingsWrong.
    """
    await asyncio.to_thread(prepare_database, parse_url(database_url), migrate=True)


async def missing_file(database_url: str) -> str | None:
    """The path of the SQLite file that opening the store would create, in an existing folder; else None.

    Raises SettingsWrong.
    """
    return await asyncio.to_thread(missing_sqlite_file, parse_url(database_url))


async def measure(database_url: str) -> DatabaseSize:
    """How large the database is, without changing it. Raises SettingsWrong."""
    return await asyncio.to_thread(measure_database, parse_url(database_url))


async def back_up(database_url: str, to: Path) -> int:
    """Copies the database, also while it is in use, to a file that must not exist; returns its size in bytes.

    Raises SettingsWrong.
    """
    return await asyncio.to_thread(backup.back_up, parse_url(database_url), to)


@asynccontextmanager
async def exclusive_access(database_url: str) -> AsyncGenerator[None]:
    """Locks a SQLite file for this process, which runs jobs on it.

    Raises SettingsWrong when another process holds it.
    """
    with ExitStack() as held:
        await asyncio.to_thread(held.enter_context, backup.exclusive_access(parse_url(database_url)))
        yield
