"""Two versions on one database: migrations that let the older one go on, and words where they do not.

The newer version is this one with a migration more.
"""

import asyncio
import shutil
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest
import sqlalchemy as sa
from alembic import op
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text

from bot.errors import SettingsWrong
from bot.store import migrate, migration_runner, migrations
from bot.store.copying import CopyRules, copy_database
from bot.store.maintenance import upgrade
from bot.store.store import Store
from tests.flow.store.stores import RULES, new_job
from tests.support.clocks import FakeClock
from tests.support.databases import connected, query
from tests.support.migrations import problems
from tests.support.postgres import Cluster

EXPAND = ("expand", 'op.add_column("job", sa.Column("mood", sa.Text(), server_default="calm", nullable=False))')
CONTRACT = ("contract", 'op.drop_column("job", "mood")')


@contextmanager
def newer_version(folder: Path, *added: tuple[str, str]) -> Generator[None]:
    """This version with further migrations: the phase and the upgrade of each. A contract is fine with code that knows
    the migration before it."""
    scripts = folder / f"migrations_{len(added)}"
    shutil.copytree(Path(migrations.__file__).parent, scripts)
    for number, (phase, change) in enumerate(added, start=2):
        (scripts / "versions" / f"{number:04}_more.py").write_text(
            f"import sqlalchemy as sa\nfrom alembic import op\n\nrevision = '{number:04}'\n"
            f"down_revision = '{number - 1:04}'\nphase = '{phase}'\noldest_code = '{number - 1:04}'\n\n"
            f"def upgrade():\n    {change}\n"
        )
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(migration_runner, "SCRIPTS", str(scripts))
        patched.setattr(migrate, "REVISION", f"{len(added) + 1:04}")
        yield


async def works(url: str, *, migrate: bool = False) -> None:
    """This version starts, and accepts a job."""
    store = await Store.open(url, clock=FakeClock(), migrate=migrate)
    try:
        _, accepted = await store.accept_job(new_job(), RULES)
        assert accepted
    finally:
        await store.close()


@pytest.mark.forms(1)
async def test_the_older_version_works_on_tables_that_were_expanded(database_url: str, tmp_path: Path) -> None:
    older = await Store.open(database_url, clock=FakeClock())
    with newer_version(tmp_path, EXPAND):
        await upgrade(database_url)
        await works(database_url)
    await older.accept_job(new_job(), RULES)  # it ran meanwhile
    await older.close()
    await works(database_url)  # and is started again
    await works(database_url, migrate=True)
    assert query(database_url, "SELECT mood FROM job") == [("calm",)] * 4
    assert query(database_url, "SELECT version_num FROM alembic_version") == [("0002",)]


@pytest.mark.forms(1)
async def test_tables_that_were_contracted_are_too_new_for_code_that_needs_what_is_gone(
    database_url: str, tmp_path: Path
) -> None:
    with newer_version(tmp_path, EXPAND, CONTRACT):
        await upgrade(database_url)
    for own in (False, True):
        with pytest.raises(SettingsWrong, match="written by a newer Easel, and this one cannot work with it"):
            await works(database_url, migrate=own)
    with newer_version(tmp_path, EXPAND):
        await works(database_url)


async def test_tables_that_are_too_old_name_the_command(database_url: str, tmp_path: Path) -> None:
    with (
        newer_version(tmp_path, EXPAND),
        pytest.raises(SettingsWrong, match="the tables are missing or out of date: run easel db upgrade"),
    ):
        await works(database_url)


@pytest.mark.forms(1)
async def test_nothing_is_copied_from_tables_with_unknown_columns(database_url: str, tmp_path: Path) -> None:
    with newer_version(tmp_path, EXPAND):
        await upgrade(database_url)
    rules = CopyRules(allowance=50, lost_after_s=5, now=FakeClock().now())
    with pytest.raises(SettingsWrong, match="SOURCE: has the tables of a newer Easel; copy it with that version"):
        await asyncio.to_thread(copy_database, database_url, f"sqlite:///{tmp_path}/to.db", rules, lambda _: None)


async def test_a_migration_gives_way_to_a_process_at_work(
    postgres: Cluster, postgres_template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who reads and writes goes on while the migration waits for somebody's long transaction."""
    url = postgres.url(postgres.create(template=postgres_template))
    monkeypatch.setattr(migrate, "LOCK_TIMEOUT_MS", 1)
    monkeypatch.setattr(migrate, "LOCK_PAUSE_S", 0.01)
    monkeypatch.setattr(migrate, "LOCK_ATTEMPTS", 100_000)
    given_way = threading.Event()
    waited_too_long = migrate.waited_too_long

    def notice(error: BaseException) -> bool:
        found = waited_too_long(error)
        if found:
            given_way.set()
        return found

    monkeypatch.setattr(migrate, "waited_too_long", notice)
    with newer_version(tmp_path, EXPAND):
        with connected(url) as at_work:
            at_work.execute(text("SELECT * FROM job"))
            upgrades = [asyncio.create_task(upgrade(url)) for _ in range(2)]  # two at once take turns
            await asyncio.to_thread(given_way.wait)
            assert query(url, "SELECT version_num FROM alembic_version") == [("0001",)]
        await asyncio.gather(*upgrades)
    assert query(url, "SELECT version_num FROM alembic_version") == [("0002",)]
    await works(url)


# ---------------------------------------------------------------- the rule


def shipped() -> list[ModuleType]:
    """The migrations of this version, in order."""
    config = Config()
    config.set_main_option("script_location", migration_runner.SCRIPTS)
    config.set_main_option("path_separator", "os")
    return [each.module for each in reversed(list(ScriptDirectory.from_config(config).walk_revisions()))]


def test_every_migration_keeps_to_the_rule() -> None:
    revisions = [each.revision for each in shipped()]
    assert [(each.revision, problems(each, revisions)) for each in shipped()] == [(each, []) for each in revisions]
    assert revisions[-1] == migrate.REVISION


def not_null() -> sa.Column[str]:
    return sa.Column("mood", sa.Text(), nullable=False)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda: op.add_column("job", sa.Column("mood", sa.Text())), None),
        (lambda: op.add_column("job", sa.Column("n", sa.Integer(), server_default="0", nullable=False)), None),
        (lambda: op.create_index("ix_job_mood", "job", ["mood"]), None),
        (lambda: op.execute("UPDATE job SET mood = 'calm'"), None),
        (lambda: (op.create_table("new", not_null()), op.create_index("u", "new", ["mood"], unique=True)), None),
        (lambda: op.add_column("job", not_null()), "older code writes no mood"),
        (lambda: op.drop_column("job", "usage"), "DropColumnOp"),
        (lambda: op.drop_table("job"), "DropTableOp"),
        (lambda: op.rename_table("job", "work"), "RenameTableOp"),
        (lambda: op.alter_column("job", "usage", new_column_name="use"), "AlterColumnOp"),
        (lambda: op.alter_column("job", "usage", nullable=False), "AlterColumnOp"),
        (lambda: op.alter_column("job", "usage", type_=sa.Text()), "AlterColumnOp"),
        (lambda: op.create_index("u", "job", ["mood"], unique=True), "older code may write equal rows"),
        (lambda: op.create_unique_constraint("u", "job", ["mood"]), "CreateUniqueConstraintOp"),
        (lambda: op.create_check_constraint("c", "job", "cost > 0"), "CreateCheckConstraintOp"),
        (lambda: op.create_foreign_key("f", "job", "account", ["user_key"], ["id"]), "CreateForeignKeyOp"),
        (lambda: op.drop_index("ix_job_user", "job"), "DropIndexOp"),
        (lambda: op.execute("ALTER TABLE job DROP COLUMN usage"), "ExecuteSQLOp"),
        (lambda: op.execute("DELETE FROM job"), "ExecuteSQLOp"),
    ],
)
def test_what_an_expanding_migration_may_do(change: object, why: str | None) -> None:
    migration = ModuleType("migration")
    vars(migration).update(revision="0003", phase="expand", upgrade=change)
    found = problems(migration, ["0001", "0002", "0003"])
    assert len(found) == (why is not None)
    assert (why or "") in "".join(found)


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        ({"phase": "contract", "oldest_code": "0002"}, 0),
        ({"phase": "contract", "oldest_code": "0003"}, 1),
        ({"phase": "contract", "oldest_code": "0001"}, 1),
        ({"phase": "contract"}, 1),
        ({}, 1),
    ],
)
def test_a_migration_says_what_it_is(facts: dict[str, str], found: int) -> None:
    migration = ModuleType("migration")
    vars(migration).update(revision="0003", upgrade=lambda: None, **facts)
    assert len(problems(migration, ["0001", "0002", "0003"])) == found
