"""Easel on a sandbox; and a store on each engine: a SQLite file, and a database of a throw-away PostgreSQL.

Tests that need no PostgreSQL never start one.
"""

from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest

from bot.jobs import results
from bot.sandbox import Sandbox
from bot.store.store import Store
from tests.flow.world import MemoryWorld, world
from tests.support.clocks import FakeClock
from tests.support.databases import migrated_sqlite
from tests.support.postgres import Cluster

ENGINES = ("sqlite", "postgresql")


@pytest.fixture(params=ENGINES)
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[str]:
    """The address of a database without tables, on each engine."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/easel.db"
        return
    postgres: Cluster = request.getfixturevalue("postgres")
    with postgres.database() as url:
        yield url


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[str]:
    """The address of a database with all tables, on each engine; a copy of one that was migrated once."""
    if request.param == "sqlite":
        yield migrated_sqlite(tmp_path)
        return
    postgres: Cluster = request.getfixturevalue("postgres")
    with postgres.database(template=request.getfixturevalue("postgres_template")) as url:
        yield url


@pytest.fixture
async def sandbox() -> AsyncGenerator[Sandbox]:
    """An upstream that paints at once."""
    async with Sandbox(pace=0) as upstream:
        yield upstream


@pytest.fixture
def results_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A result that is not at its address is not looked for again, for a minute: `jobs/test_results_late.py` does."""
    monkeypatch.setattr(results, "UNAVAILABLE_S", 0.0)


@pytest.fixture
async def easel(tmp_path: Path, sandbox: Sandbox) -> AsyncGenerator[MemoryWorld]:
    """Easel on that upstream, running."""
    async with world(tmp_path, sandbox) as made:
        yield made


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def store(database_url: str, clock: FakeClock) -> AsyncGenerator[Store]:
    """An open store, on each engine."""
    opened = await Store.open(database_url, clock=clock)
    try:
        yield opened
    finally:
        await opened.close()
