"""A database is what the migrations make of it. What cannot be used is said, and left alone."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine, inspect
from sqlalchemy.engine import make_url

from bot.errors import SettingsWrong
from bot.store import schema
from bot.store.maintenance import upgrade
from bot.store.migrate import REVISION
from bot.store.store import Store
from tests.flow.store.stores import ANN
from tests.support.clocks import FakeClock
from tests.support.databases import execute, query
from tests.support.postgres import Cluster


def sync(database_url: str) -> str:
    return database_url.replace("postgresql:", "postgresql+psycopg:")


def compared(connection: Connection) -> list[Any]:
    """Differences, but for the tables of the queue, which are procrastinate's."""

    def is_ours(name: str | None, kind: str, _parents: object) -> bool:
        return kind != "table" or not (name or "").startswith("procrastinate_")

    return compare_metadata(MigrationContext.configure(connection, opts={"include_name": is_ours}), schema.metadata)


def checks(connection: Connection) -> dict[str, list[str]]:
    """The CHECK constraints, which Alembic's own comparison leaves out."""
    look = inspect(connection)
    return {
        table: sorted(f"{each['name']}: {each['sqltext']}" for each in look.get_check_constraints(table))
        for table in schema.metadata.tables
    }


@pytest.mark.forms(1)
async def test_the_migrations_make_the_tables_that_the_schema_describes(empty_database: str) -> None:
    await upgrade(empty_database)
    engine = create_engine(sync(empty_database))
    with engine.begin() as connection:
        assert compared(connection) == []
        migrated = checks(connection)
    assert sum(map(len, migrated.values())) > 10
    with engine.begin() as connection:
        schema.metadata.drop_all(connection)
        schema.metadata.create_all(connection)
        assert checks(connection) == migrated
    engine.dispose()


async def test_an_upgrade_may_be_repeated(empty_database: str) -> None:
    await upgrade(empty_database)
    await upgrade(empty_database)
    assert query(empty_database, "SELECT version_num FROM alembic_version") == [(REVISION,)]  # of the last migration


async def test_the_queue_is_brought_up_to_date_by_the_scripts_that_procrastinate_brings(
    postgres: Cluster, postgres_template: str
) -> None:
    url = postgres.url(postgres.create(template=postgres_template))

    def recorded() -> str:
        ((name,),) = query(url, "SELECT obj_description('procrastinate_jobs'::regclass, 'pg_class')")
        return str(name)

    def record(name: str) -> None:
        execute(url, f"COMMENT ON TABLE procrastinate_jobs IS '{name}'")

    newest = recorded()
    # one script is missing, which may be run again
    record("03.04.00_49")
    with pytest.raises(SettingsWrong, match="run easel db upgrade"):
        await Store.open(url, clock=FakeClock())
    await upgrade(url)
    assert recorded() == newest
    record("99.00.00_01_of_a_newer.sql")
    await (await Store.open(url, clock=FakeClock())).close()
    await upgrade(url)
    assert recorded().startswith("99")
    record("")  # as in a copy without comments
    await (await Store.open(url, clock=FakeClock())).close()


@pytest.mark.forms(1)
async def test_upgrades_at_once_take_turns(empty_database: str) -> None:
    opened = await asyncio.gather(*(Store.open(empty_database, clock=FakeClock(), migrate=True) for _ in range(6)))
    await asyncio.gather(*(store.ping() for store in opened))
    await asyncio.gather(*(store.close() for store in opened))
    assert query(empty_database, "SELECT version_num FROM alembic_version") == [("0001",)]


async def test_sqlite_gets_its_tables_when_opened_and_keeps_what_it_holds(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/easel.db"
    for expected in (None, "kept"):
        store = await Store.open(url, clock=FakeClock())
        assert await store.adapter_store.get_value("note") == expected
        await store.adapter_store.set_value("note", "kept")
        await store.close()


async def test_sqlite_is_durable_strict_and_lets_readers_read(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/easel.db", clock=FakeClock())
    try:
        await store.ping()
        assert query(f"sqlite:///{tmp_path}/easel.db", "PRAGMA journal_mode") == [("wal",)]
    finally:
        await store.close()


async def test_a_relative_address_lies_in_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = await Store.open("sqlite:///here.db", clock=FakeClock())
    await store.close()
    assert (tmp_path / "here.db").exists()


async def test_postgresql_without_tables_names_the_command_that_makes_them(postgres: Cluster) -> None:
    url = postgres.url(postgres.create())
    with pytest.raises(SettingsWrong, match=r"database_url: .*easel db upgrade"):
        await Store.open(url, clock=FakeClock())
    assert query(url, "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'public'") == [(0,)]


def test_postgresql_does_not_try_to_compress_pictures(shared_url: str) -> None:
    stored = query(
        shared_url,
        """SELECT attrelid::regclass::text, attstorage::text FROM pg_attribute
           JOIN pg_class ON pg_class.oid = attrelid WHERE atttypid = 'bytea'::regtype AND relkind = 'r'
           AND relnamespace = 'public'::regnamespace ORDER BY 1""",
    )
    assert stored == [("blob_cache", "e"), ("result", "e")]


async def test_a_database_of_a_newer_easel_is_not_touched(empty_database: str) -> None:
    await upgrade(empty_database)
    engine = create_engine(sync(empty_database))
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    for migrate in (True, False):
        with pytest.raises(SettingsWrong, match="newer Easel"):
            await Store.open(empty_database, clock=FakeClock(), migrate=migrate)


async def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsWrong, match=r"database_url: the folder .*nowhere does not exist"):
        await Store.open(f"sqlite:///{tmp_path}/nowhere/easel.db", clock=FakeClock())


async def test_a_file_that_is_no_database_is_said_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "easel.db"
    file.write_bytes(b"holiday photos, not a database " * 100)
    before = file.read_bytes()
    with pytest.raises(SettingsWrong, match=r"database_url: .*easel\.db cannot be used \(.*not a database"):
        await Store.open(f"sqlite:///{file}", clock=FakeClock())
    assert file.read_bytes() == before
    assert os.listdir(tmp_path) == ["easel.db"]


async def test_a_folder_in_place_of_the_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "easel.db").mkdir()
    with pytest.raises(SettingsWrong, match="database_url"):
        await Store.open(f"sqlite:///{tmp_path}/easel.db", clock=FakeClock())


async def test_a_database_that_may_only_be_read_is_said(tmp_path: Path) -> None:
    await upgrade(f"sqlite:///{tmp_path}/easel.db")
    with pytest.raises(SettingsWrong, match=r"database_url: .*cannot be used \(.*readonly"):
        await Store.open(f"sqlite:///file:{tmp_path}/easel.db?mode=ro&uri=true", clock=FakeClock())


@pytest.mark.parametrize(
    "address",
    ["", "easel.db", "mysql://host/easel", "sqlite://", "sqlite:///:memory:", "postgresql+asyncpg://h/e"],
)
async def test_an_address_that_is_none_is_said(address: str) -> None:
    with pytest.raises(SettingsWrong) as caught:
        await Store.open(address, clock=FakeClock())
    assert [line.startswith("database_url: ") for line in caught.value.problems] == [True]


@pytest.mark.usefixtures("postgres")
async def test_a_server_that_is_not_there_is_said_without_the_password() -> None:
    with pytest.raises(SettingsWrong, match=r"database_url: 127\.0\.0\.1/easel cannot be used") as caught:
        await Store.open("postgresql://ann:geheim@127.0.0.1:1/easel", clock=FakeClock())
    assert "geheim" not in f"{caught.value} {caught.value.problems}"
    cause: BaseException | None = caught.value
    while cause is not None:
        assert "geheim" not in repr(cause)
        cause = cause.__cause__


async def test_other_spellings_of_postgresql_are_understood(postgres: Cluster, postgres_template: str) -> None:
    url = postgres.url(postgres.create(template=postgres_template))
    for spelling in ("postgres:", "postgresql+psycopg:"):
        store = await Store.open(url.replace("postgresql:", spelling), clock=FakeClock())
        assert (await store.balance(ANN.key, 10)).available == 10
        await store.close()


def test_a_password_never_shows_in_an_address() -> None:
    assert "geheim" not in repr(make_url("postgresql://ann:geheim@host/easel"))
