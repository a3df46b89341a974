"""Easel on a sandbox; and a store on each engine: a SQLite file, and a database of a throw-away PostgreSQL.

Tests that need no PostgreSQL never start one.
"""

import asyncio
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest

from bot.sandbox import Sandbox
from bot.store.store import Store, upgrade
from tests.flow.world import MemoryWorld, world
from tests.support.clocks import FakeClock
from tests.support.databases import migrated_sqlite
from tests.support.postgres import Cluster, shared_cluster

ENGINES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgres(run_folder: Path) -> Generator[Cluster]:
    """One server for all processes of the run."""
    with shared_cluster(run_folder / "postgres") as running:
        yield running


@pytest.fixture(scope="session")
def postgres_template(postgres: Cluster) -> str:
    """The name of a database with all tables, to copy from."""
    return postgres.template(lambda url: asyncio.run(upgrade(url)))


@pytest.fixture(params=ENGINES)
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without tables, on each engine."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/easel.db"
    postgres: Cluster = request.getfixturevalue("postgres")
    return postgres.url(postgres.create())


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database with all tables, on each engine; a copy of one that was migrated once."""
    if request.param == "sqlite":
        return migrated_sqlite(tmp_path)
    postgres: Cluster = request.getfixturevalue("postgres")
    return postgres.url(postgres.create(template=request.getfixturevalue("postgres_template")))


@pytest.fixture
async def sandbox() -> AsyncGenerator[Sandbox]:
    """An upstream that paints at once."""
    async with Sandbox(pace=0) as upstream:
        yield upstream


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
