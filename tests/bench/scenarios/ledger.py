"""F: accepted and closed jobs a second at full durability, beside a plain loop doing the same statements.

The statements of the loop are recorded from Easel's own, so that both always do the same.
"""

import asyncio
import json
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from time import perf_counter
from typing import Any

import psycopg
import pytest

from bot.chat import Chat, User
from bot.job import NewJob, State, new_id
from bot.quota import QuotaRules
from bot.runtime.clock import SystemClock
from bot.store.store import Store
from tests.bench.figures import Figure, median
from tests.bench.process import ROOT
from tests.support.postgres import cluster
from tests.support.statements import watch_statements

TOGETHER = 50  # callers at once, as in a crowd
ROUNDS = 3
RULES = QuotaRules(user_daily=1_000_000, chat_daily=None, user_concurrent=1000, user_waiting=1000, roles={})
Recorded = list[tuple[str, Any]]


def new_job(number: int, callers: int) -> NewJob:
    user = User(platform="telegram", id=str(number % callers), name="Ada", locale="en")
    chat = Chat(platform="telegram", id=user.id, kind="direct")
    return NewJob(
        id=new_id(), event=f"e{number}-{new_id()}", user=user, chat=chat, request_id="1", locale="en",
        prompt="a red fox in the snow", cost=1,
    )  # fmt: skip


async def one(store: Store, number: int, callers: int) -> None:
    """A job's books from the first entry to the last."""
    job, _ = await store.accept_job(new_job(number, callers), RULES)
    await store.settle_job(job, State.FAILED, charged=0)


async def ours(url: str, count: int, callers: int) -> float:
    """Transactions a second: two a job."""
    store = await Store.open(url, clock=SystemClock(), migrate=True)
    try:
        await asyncio.gather(*(one(store, number, callers) for number in range(callers)))
        begun = perf_counter()
        for start in range(0, count, callers):
            await asyncio.gather(*(one(store, start + number, callers) for number in range(callers)))
        return 2 * count / (perf_counter() - begun)
    finally:
        await store.close()


async def record(url: str) -> Recorded:
    """The statements of one job, in order, with BEGIN and COMMIT."""
    said: Recorded = []
    with watch_statements(lambda text, values: said.append((text, values))):
        store = await Store.open(url, clock=SystemClock(), migrate=True)
        try:
            await one(store, 0, 1)
            said.clear()
            await one(store, 0, 1)
        finally:
            await store.close()
    return said


def replaced(value: Any, ids: dict[str, str]) -> Any:
    """Parameters with other ids in place of those recorded."""
    if isinstance(value, dict):
        return {name: replaced(each, ids) for name, each in value.items()}  # type: ignore[reportUnknownVariableType]  # drivers' parameters
    if isinstance(value, list | tuple):
        return type(value)(replaced(each, ids) for each in value)  # type: ignore[reportUnknownVariableType]  # drivers' parameters
    return ids.get(value, value) if isinstance(value, str) else value


def plain(recorded: Recorded, count: int, execute: Callable[[str, Any], object]) -> float:
    """Transactions a second of a loop that does nothing but the statements."""
    names = [each for _, parameters in recorded[:3] for each in _texts(parameters) if _is_id(each)]
    begun = perf_counter()
    for number in range(count):
        ids = {name: f"{name[:2]}{number}-{name}" for name in names}
        for text, parameters in recorded:
            execute(text, replaced(parameters, ids))
    return 2 * count / (perf_counter() - begun)


def _texts(parameters: Any) -> list[str]:
    values = parameters.values() if isinstance(parameters, dict) else parameters  # type: ignore[reportUnknownVariableType]  # drivers' parameters
    return [each for each in values if isinstance(each, str)]  # type: ignore[reportUnknownVariableType]  # drivers' parameters


def _is_id(text: str) -> bool:
    """Of a job or an event, as `new_job` makes them."""
    last = text.rpartition("-")[2]
    return len(last) == 12 and last.isalnum() and last.islower()


def sqlite_loop(path: Path, recorded: Recorded, count: int) -> float:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            database.execute(f"PRAGMA {pragma}")
        return plain(recorded, count, database.execute)


def postgres_loop(url: str, recorded: Recorded, count: int) -> float:
    with psycopg.connect(url, autocommit=True) as database, database.cursor() as cursor:

        def execute(text: str, parameters: Sequence[Any]) -> None:
            cursor.execute(text.encode(), parameters or None)

        return plain(sent(recorded), count, execute)


def sent(recorded: Recorded) -> Recorded:
    """What was sent to PostgreSQL: the first COMMIT of each transaction is SQLAlchemy's word that one follows."""
    said, commits = Recorded(), 0
    for each in recorded:
        commits += each[0] == "COMMIT"
        if each[0] != "COMMIT" or commits % 2 == 0:
            said.append(each)
    return said


async def on_sqlite(count: int) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="bench", dir=ROOT) as folder:  # a disk, where /tmp may be memory
        for number in range(ROUNDS):
            path = Path(folder) / f"{number}.db"
            recorded = await record(f"sqlite:///{path}")
            found.setdefault("plain", []).append(sqlite_loop(path, recorded, count))
            for callers in (1, TOGETHER):
                found.setdefault(f"{callers}", []).append(await ours(f"sqlite:///{path}", count, callers))
    return {name: median(values) for name, values in found.items()}


async def on_postgres(count: int) -> dict[str, float]:
    """Empty where this machine has no PostgreSQL."""
    found: dict[str, list[float]] = {}
    with suppress(pytest.skip.Exception), cluster(durable=True) as server:
        for _ in range(ROUNDS):
            url = server.url(server.create())
            recorded = await record(url)
            found.setdefault("plain", []).append(postgres_loop(url, recorded, count))
            for callers in (1, TOGETHER):
                found.setdefault(f"{callers}", []).append(await ours(url, count, callers))
    return {name: median(values) for name, values in found.items()}


async def run(folder: Path, *, quick: bool) -> list[Figure]:
    _ = folder
    figures: list[Figure] = []
    for engine in ("sqlite", "postgres"):
        command = [sys.executable, "-m", __name__, engine, "300" if quick else "2000"]
        started = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        out, _ = await started.communicate()
        found: dict[str, float] = json.loads(out)
        if not found:
            continue
        for callers, words in (("1", "one caller"), (str(TOGETHER), f"{TOGETHER} callers")):
            baseline = found["plain"]
            figures.append(
                Figure(
                    scenario="F", case=engine, quantity=f"transactions, {words}", unit="/s",
                    easel=found[callers], baseline=baseline, limit=baseline / 2, at_least=True,
                )
            )  # fmt: skip
    return figures


if __name__ == "__main__":
    on = {"sqlite": on_sqlite, "postgres": on_postgres}[sys.argv[1]]
    print(json.dumps(asyncio.run(on(int(sys.argv[2])))))
