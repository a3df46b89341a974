"""SQLite databases for tests: each a copy of one that was migrated once in this process.

Bringing a new file up to date took a fifth of the processor time of whatever runs a whole Easel.
"""

import asyncio
import json
import sqlite3
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

from bot.store.store import upgrade


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


def put_updates(url: str, bodies: Sequence[Any]) -> None:
    """Puts any JSON into the rows of received updates from number 100 on, in the place of what stands there."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as db:
        for number, body in enumerate(bodies, start=100):
            db.execute("UPDATE incoming_update SET body = ? WHERE id = ?", (json.dumps(body), number))
        db.commit()
