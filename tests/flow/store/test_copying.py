"""Moving house: everything of one database arrives in another, of either engine, or nothing does."""

import asyncio
import math
import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, NullPool, create_engine, delete, insert, select
from typer.testing import CliRunner

from adapters.cli import app, main
from bot.errors import CopyFailed, SettingsWrong
from bot.job import State
from bot.sandbox import Sandbox
from bot.store import copied_rows, copying, schema
from bot.store.backup import exclusive_access
from bot.store.copying import CopyReport, CopyRules, copy_database
from bot.store.engine import parse_url, to_json
from bot.store.maintenance import upgrade
from bot.store.store import Store
from tests.flow.scenes import books
from tests.flow.store.stores import ANN, BEN, GROUP, PIXEL, RULES, new_job
from tests.flow.store.test_unreadable_values import DAMAGES, damaged, nothing_unfinished, painted
from tests.flow.world import world
from tests.support.clocks import FakeClock
from tests.support.databases import books_agree, connected, everything, execute, migrated_sqlite, query
from tests.support.platform import AMBER, JADE, Platform
from tests.support.postgres import Cluster
from tests.support.waiting import wait_until

NOW = datetime(2026, 3, 1, tzinfo=UTC)
COPY_RULES = CopyRules(allowance=50, lost_after_s=5, now=NOW)
FACTS = {"provider": "p", "price": 1, "spent": 0.1, "usage": None, "count": 2}


@pytest.fixture
def target_url(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> str:
    """The address of a database on the other engine, which is not there yet, or has no tables."""
    if not database_url.startswith("sqlite"):
        return f"sqlite:///{tmp_path}/target.db"
    postgres: Cluster = request.getfixturevalue("postgres")
    return postgres.url(postgres.create())


def copied_here(source: str, target: str) -> CopyReport:
    return copy_database(source, target, COPY_RULES, lambda _: None)


async def copied(source: str, target: str) -> CopyReport:
    return await asyncio.to_thread(copied_here, source, target)


async def lived_in(url: str) -> None:
    """A database with a job in each state, credits, pictures, tokens and updates."""
    store = await Store.open(url, clock=FakeClock())
    await store.grant("gift", ANN.key, 7, 10)
    for number, user in enumerate((ANN, BEN, ANN)):
        job, _ = await store.accept_job(new_job(user=user, chat=GROUP, cost=2), RULES)
        if number:
            job = await store.begin_attempt(job.id)
            await store.save_checkpoint(job, "nothing", None)
            await store.save_results(job, [PIXEL, PIXEL], FACTS)
        if number == 2:
            await store.settle_job(job, State.DONE, charged=1)
    await store.administration.set_banned("shell:test", BEN.key, True)
    await store.adapter_store.set_value("note", "kept")
    await store.adapter_store.save_updates("telegram", {7: {"text": "a cat"}})
    await store.close()


@pytest.mark.forms(1)
async def test_all_that_is_stored_arrives_on_the_other_engine_and_comes_back(
    database_url: str, target_url: str, tmp_path: Path
) -> None:
    await lived_in(database_url)
    there = await copied(database_url, target_url)
    back = f"sqlite:///{tmp_path}/back.db"
    assert there.rows["job"] == 3
    assert there.rows["result"] == 2
    assert (there.accounts, there.reserved, there.image_bytes) == (2, 4, 12)
    assert (there.set_aside, there.unsound, there.replaced) == ((), (), 0)
    assert books_agree(target_url)
    assert (await copied(target_url, back)).rows == there.rows
    if database_url.startswith("sqlite"):
        assert unmarked(back) == unmarked(database_url)


def unmarked(url: str) -> list[str]:
    """All values, but for those about the database itself."""
    own = tuple(f"('{key}'," for key in copied_rows.OWN_KEYS)
    return sorted(line for line in everything(url).splitlines() if not line.startswith(own))


def test_every_table_is_carried_or_belongs_to_processes() -> None:
    carried = {table.name for table in schema.lasting_tables()}
    left = set(schema.metadata.tables) - carried
    assert {"account", "ledger", "job", "checkpoint", "result", "key_value", "blob_cache"} <= carried
    assert all(schema.metadata.tables[name].info == schema.OF_PROCESSES for name in left)
    for table in schema.lasting_tables():  # a number that the engine counts would have to be told how far it is
        column = table.autoincrement_column
        assert column is None or column.autoincrement is False, table.name


@pytest.mark.forms(1)
async def test_easel_goes_on_with_a_copy_as_if_nothing_had_happened(target_url: str, tmp_path: Path) -> None:
    platform, old = Platform(), tmp_path / "old"
    old.mkdir()
    async with Sandbox(pace=1) as sandbox:
        async with world(old, sandbox, platform, database_url=migrated_sqlite(old)) as easel:
            await easel.say("a cat")
            await wait_until(lambda: sandbox.running == 1)
        await copied(migrated_sqlite(old), target_url)
        async with world(tmp_path, sandbox, platform, database_url=target_url) as easel:
            await easel.settled(1)
            assert await books(easel) == (50, 0)


@pytest.mark.forms(1)
@pytest.mark.thorough
async def test_what_either_engine_cannot_read_is_set_aside_on_the_way(
    database_url: str, target_url: str, tmp_path: Path
) -> None:
    victims = await damaged(database_url)
    on_sqlite = database_url.startswith("sqlite")  # the driver of PostgreSQL cannot load all of it
    before = unmarked(database_url) if on_sqlite else []
    report = await copied(database_url, target_url)
    assert (unmarked(database_url) if on_sqlite else []) == before
    assert {"job", "account", "ledger", "checkpoint"} <= {row.table for row in report.set_aside}
    platform = Platform()
    async with Sandbox(pace=0) as sandbox, world(tmp_path, sandbox, platform, database_url=target_url) as easel:
        await easel.say("a new one", sender=JADE)
        await wait_until(lambda: nothing_unfinished(easel))
        await platform.until(lambda: painted(platform) == 2)
        assert await books(easel, AMBER) == (49, 0)
        for victim, damage in zip(victims, DAMAGES, strict=True):
            assert (damage, await books(easel, victim)) == (damage, (57, 0))
        assert len(sandbox.requests) == 2


# ---------------------------------------------------------------- odd values

SURROGATE_TEXT = st.text(st.characters(exclude_categories=()), max_size=20)
ODD_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | SURROGATE_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SURROGATE_TEXT, inner, max_size=3),
    max_leaves=8,
)
MOMENTS = st.datetimes(timezones=st.timezones(), allow_imaginary=False).filter(lambda at: 2 < at.year < 9998)


KOLKATA, LONDON = ZoneInfo("Asia/Kolkata"), ZoneInfo("Europe/London")
ODD_TABLES = (schema.quarantine, schema.blob_cache, schema.incoming_update)


@contextmanager
def typed(url: str) -> Generator[Connection]:
    """A connection that stores values as Easel does."""
    engine = create_engine(
        url.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool, json_serializer=to_json
    )
    with engine.begin() as conn:
        yield conn


@pytest.fixture(scope="module")
def both_ways(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> tuple[str, str]:
    folder = tmp_path_factory.mktemp("copies")
    postgres: Cluster = request.getfixturevalue("postgres")
    name = postgres.create(template=request.getfixturevalue("postgres_template"))
    return migrated_sqlite(folder), postgres.url(name)


@settings(max_examples=4)
@example("\0 \ud800", [math.nan, -math.inf, "\0\udfff", 2**70, -0.0], datetime(1900, 1, 1, tzinfo=KOLKATA), b"\0", True)
@example("\0 \ud800", {"\ud800": None}, datetime(2026, 10, 25, 1, 30, fold=1, tzinfo=LONDON), b"", False)
@given(text=SURROGATE_TEXT, value=ODD_JSON, at=MOMENTS, data=st.binary(max_size=50), from_sqlite=st.booleans())
def test_odd_values_arrive_as_easel_stores_them(
    both_ways: tuple[str, str], text: str, value: Any, at: datetime, data: bytes, from_sqlite: bool
) -> None:
    source, target = both_ways if from_sqlite else both_ways[::-1]
    for url in both_ways:
        with connected(url) as conn:
            conn.execute(delete(schema.key_value).where(schema.key_value.c.key == copied_rows.MARK))
            for table in ODD_TABLES:
                conn.execute(delete(table))
    with typed(source) as conn:
        conn.execute(
            insert(schema.quarantine),
            {"id": "1", "source": "job", "key": text, "reason": text, "content": text, "at": at},
        )
        conn.execute(insert(schema.blob_cache), {"key": "k", "data": data, "at": at})
        conn.execute(
            insert(schema.incoming_update), {"adapter": "telegram", "id": 2**62, "body": value, "received": at}
        )
    report = copied_here(source, target)
    assert (report.set_aside, sum(report.rows.values())) == ((), 3)
    with typed(source) as before, typed(target) as after:
        for table in ODD_TABLES:
            assert list(after.execute(select(table)).one()) == list(before.execute(select(table)).one())


# ---------------------------------------------------------------- again, refused, broken off


@pytest.mark.forms(1)
async def test_a_copy_is_renewed_and_what_was_deleted_meanwhile_goes(database_url: str, target_url: str) -> None:
    await lived_in(database_url)
    first = await copied(database_url, target_url)
    execute(database_url, "DELETE FROM incoming_update", "UPDATE account SET granted = 40 WHERE banned = FALSE")
    second = await copied(database_url, target_url)
    assert second.replaced == sum(first.rows.values()) == sum(second.rows.values()) + 1
    assert query(target_url, "SELECT granted FROM account WHERE banned = FALSE") == [(40,)]
    assert query(target_url, "SELECT COUNT(*) FROM incoming_update") == [(0,)]
    await upgrade(target_url)  # what stands in it about its own tables has stayed
    await (await Store.open(target_url, clock=FakeClock(), migrate=False)).close()


@pytest.mark.forms(1)
async def test_a_database_with_a_life_of_its_own_is_not_replaced(database_url: str, target_url: str) -> None:
    await lived_in(database_url)
    await upgrade(target_url)
    await lived_in(target_url)
    before = everything(target_url)
    with pytest.raises(SettingsWrong, match=r"^TARGET: has rows of its own \(2 of account, "):
        await copied(database_url, target_url)
    assert everything(target_url) == before


@pytest.mark.forms(1)
async def test_a_copy_that_has_served_since_is_not_replaced(database_url: str, target_url: str) -> None:
    await lived_in(database_url)
    await copied(database_url, target_url)
    store = await Store.open(target_url, clock=FakeClock())
    await store.grant("another gift", ANN.key, 1, 10)
    await store.close()
    before = everything(target_url)
    with pytest.raises(SettingsWrong, match="TARGET: has been used since it was copied"):
        await copied(database_url, target_url)
    assert everything(target_url) == before


@pytest.mark.forms(1)
async def test_a_database_of_postgresql_with_a_process_is_neither_read_nor_filled(
    database_url: str, target_url: str
) -> None:
    on_postgres, role = (target_url, "TARGET") if database_url.startswith("sqlite") else (database_url, "SOURCE")
    await upgrade(on_postgres)
    execute(on_postgres, "INSERT INTO process VALUES ('1', 'run on rack 3', '1', '[]', '', 1, 1, now(), now(), now())")
    with pytest.raises(SettingsWrong, match=rf"{role}: is in use by another Easel \(run on rack 3\); stop it first"):
        await copied(database_url, target_url)
    execute(on_postgres, "UPDATE process SET heartbeat = now() - interval '6 s'")  # one that was killed
    await copied(database_url, target_url)


@pytest.mark.forms(1)
async def test_a_copy_that_breaks_off_changes_nothing(
    database_url: str, target_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lived_in(database_url)
    await copied(database_url, target_url)
    before = everything(target_url)
    execute(database_url, "UPDATE account SET granted = 41")

    def broken(*_: object) -> Any:
        raise RuntimeError("pulled the plug")

    with monkeypatch.context() as patched:
        patched.setattr(copying, "sum_rows", broken)
        with pytest.raises(RuntimeError):
            await copied(database_url, target_url)
    assert everything(target_url) == before
    assert (await copied(database_url, target_url)).replaced > 0


async def test_a_value_that_did_not_arrive_is_noticed(tmp_path: Path) -> None:
    source, target = migrated_sqlite(tmp_path), f"sqlite:///{tmp_path}/target.db"
    await lived_in(source)
    await upgrade(target)
    cut = "UPDATE result SET data = zeroblob(6) WHERE rowid = NEW.rowid"
    execute(target, f"CREATE TRIGGER cut AFTER INSERT ON result BEGIN {cut}; END")
    with pytest.raises(CopyFailed, match="result is not alike"):
        await copied(source, target)
    execute(target, "DROP TRIGGER cut", "CREATE TRIGGER cut AFTER INSERT ON result BEGIN DELETE FROM ledger; END")
    with pytest.raises(CopyFailed, match=r"ledger is not alike \(5 rows were read and 0 written\)"):
        await copied(source, target)


async def test_tables_are_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = migrated_sqlite(tmp_path), f"sqlite:///{tmp_path}/target.db"
    with connected(source) as conn:
        rows = [{"key": f"{number}", "data": bytes(1000), "at": NOW} for number in range(50)]
        conn.execute(insert(schema.blob_cache), rows)
    monkeypatch.setattr(copied_rows, "BATCH_BYTES", 10_000)
    monkeypatch.setattr(copied_rows, "TOLD_EVERY", 20)
    said: list[str] = []
    await asyncio.to_thread(copy_database, source, target, COPY_RULES, said.append)
    assert [line for line in said if "blob_cache" in line] == [
        "blob_cache: 20 rows so far",
        "blob_cache: 40 rows so far",
        "blob_cache: 50 rows",
    ]


# ---------------------------------------------------------------- the command


@pytest.mark.usefixtures("kept_logging")
def test_the_command_says_what_it_did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres: Cluster) -> None:
    monkeypatch.chdir(tmp_path)
    source, target = migrated_sqlite(tmp_path), postgres.url(postgres.create())
    asyncio.run(lived_in(source))
    first = CliRunner().invoke(app, ["db", "copy", source, target])
    assert first.exit_code == 0
    lines = first.output.splitlines()
    assert lines[0].startswith(f"from {tmp_path}/easel.db to 127.0.0.1/easel_")
    assert "job: 3 rows" in lines
    assert lines[-2:] == [
        "20 rows are alike; 22 credits available and 4 reserved in 2 accounts, 12 bytes of pictures to deliver",
        "Copied. Set database_url to the target, and start Easel.",
    ]
    second = CliRunner().invoke(app, ["db", "copy", source, target])
    assert (second.exit_code, second.output.splitlines()[1]) == (0, "an earlier copy of 20 rows is replaced")


@pytest.mark.forms(3)
@pytest.mark.usefixtures("kept_logging")
@pytest.mark.parametrize(
    ("source", "target", "code", "line"),
    [
        ("sqlite:///nowhere.db", "sqlite:///new.db", 2, "SOURCE: nowhere.db does not exist"),
        ("easel.db", "sqlite:///new.db", 2, "SOURCE: not an address such as "),
        ("sqlite:///easel.db", "mysql://host/easel", 2, "TARGET: mysql is not supported"),
        ("sqlite:///easel.db", "sqlite:///./easel.db", 2, "TARGET: is the database that is copied"),
        ("sqlite:///easel.db", "postgresql://u:hush@127.0.0.1:1/e", 2, "TARGET: 127.0.0.1/e cannot be used ("),
        ("sqlite:///used.db", "sqlite:///new.db", 2, "SOURCE: used.db is in use by another Easel"),
        ("sqlite:///easel.db", "sqlite:///used.db", 2, "TARGET: used.db is in use by another Easel"),
        ("sqlite:///empty.db", "sqlite:///new.db", 2, "SOURCE: the tables are missing or out of date"),
        ("sqlite:///none.db", "sqlite:///new.db", 2, "SOURCE: none.db cannot be used ("),
        ("{postgres}", "{postgres}", 2, "TARGET: is the database that is copied, or is just being copied"),
    ],
)
def test_what_cannot_be_copied_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
    source: str,
    target: str,
    code: int,
    line: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    migrated_sqlite(tmp_path)
    Path("used.db").write_bytes(Path("easel.db").read_bytes())
    Path("empty.db").touch()
    Path("none.db").write_bytes(b"holiday photos, not a database " * 100)
    if "{postgres}" in source:
        cluster: Cluster = request.getfixturevalue("postgres")
        url = cluster.url(cluster.create(template=request.getfixturevalue("postgres_template")))
        source, target = source.format(postgres=url), target.format(postgres=url)
    monkeypatch.setattr(sys, "argv", ["easel", "db", "copy", source, target])
    with exclusive_access(parse_url("sqlite:///used.db")), pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().err
    assert (ended.value.code, said.count("\n")) == (code, 1)
    assert said.startswith(f"easel: {line}")
    assert "hush" not in said


@pytest.mark.usefixtures("kept_logging")
def test_a_copy_that_breaks_off_is_one_line_with_exit_code_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = migrated_sqlite(tmp_path), f"sqlite:///{tmp_path}/target.db"
    asyncio.run(lived_in(source))
    asyncio.run(upgrade(target))
    execute(target, "CREATE TRIGGER full BEFORE INSERT ON job BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
    monkeypatch.setattr(sys, "argv", ["easel", "db", "copy", source, target])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    why = "the copy broke off (IntegrityError: disk is full); the target is as it was"
    assert capsys.readouterr().err == f"easel: {why}\n"
