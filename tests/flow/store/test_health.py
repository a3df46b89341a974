"""Readiness of the database: it must take writes, and asking must not become a load."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path

import pytest

from bot.store.health import NO_ANSWER, PROBE_INTERVAL_S, PROBE_WAIT_S, DatabaseHealth
from bot.store.store import Store
from tests.support.clocks import FakeClock
from tests.support.databases import migrated_sqlite

FULL = "CREATE TRIGGER full BEFORE UPDATE ON key_value BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END"


@pytest.fixture
async def sqlite_store(tmp_path: Path, clock: FakeClock) -> AsyncGenerator[Store]:
    store = await Store.open(migrated_sqlite(tmp_path), clock=clock)
    try:
        yield store
    finally:
        await store.close()


def execute(folder: Path, sql: str) -> None:
    with closing(sqlite3.connect(folder / "easel.db")) as connection:
        connection.execute(sql)
        connection.commit()


async def test_a_database_that_takes_writes_is_ready(store: Store, clock: FakeClock) -> None:
    health = DatabaseHealth(store, clock)
    assert await health.problem() is None
    await health.close()


async def test_a_database_that_is_read_but_not_written_is_not_ready_until_it_is(
    sqlite_store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    health = DatabaseHealth(sqlite_store, clock)
    assert await health.problem() is None
    await asyncio.to_thread(execute, tmp_path, FULL)
    assert await health.problem() is None  # the last answer is new enough
    clock.stop_the_process(PROBE_INTERVAL_S)
    assert await health.problem() == "StoreFailed"
    await sqlite_store.ping()
    await asyncio.to_thread(execute, tmp_path, "DROP TRIGGER full")
    clock.stop_the_process(PROBE_INTERVAL_S)
    assert await health.problem() is None


async def test_a_locked_database_is_not_ready_and_is_asked_once(
    sqlite_store: Store, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    health, writes = DatabaseHealth(sqlite_store, clock), 0
    write = sqlite_store.check_writable

    async def count_writes() -> None:
        nonlocal writes
        writes += 1
        await write()

    monkeypatch.setattr(sqlite_store, "check_writable", count_writes)
    with closing(sqlite3.connect(tmp_path / "easel.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(3):
            asked = asyncio.create_task(health.problem())
            await clock.asleep()
            await clock.advance(PROBE_WAIT_S)
            assert await asked == NO_ANSWER
            clock.stop_the_process(PROBE_INTERVAL_S)
        other.execute("ROLLBACK")
    await health.close()
    assert writes == 1
    assert await health.problem() is None
