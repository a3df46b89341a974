"""Backups that happen by themselves: when, which are kept, and what a failed one stops (nothing)."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from filelock import FileLock
from sqlalchemy.engine import make_url
from structlog.testing import capture_logs
from typer.testing import CliRunner

from adapters.cli import app
from adapters.doctor.backups import check_backups
from bot.errors import SettingsWrong
from bot.runtime.clock import SystemClock
from bot.sandbox import Sandbox
from bot.settings import Settings
from bot.store.backup import BackupStopped, back_up
from bot.store.backup_folder import list_backups, make_backup
from bot.store.inspection import inspect_database
from bot.store.scheduled_backups import Backups
from tests.flow.store.stores import RULES, new_job
from tests.flow.world import world
from tests.support.clocks import FakeClock
from tests.support.databases import execute, migrated_sqlite
from tests.support.easel_process import run_easel
from tests.support.forked import forked
from tests.support.platform import Platform
from tests.support.waiting import wait_until

NOW = datetime(2026, 1, 31, 3, tzinfo=UTC)
pytestmark = pytest.mark.sqlite


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir() if not each.name.startswith("."))


# ---------------------------------------------------------------- the folder


def test_the_newest_few_are_kept_and_nothing_else_is_touched(tmp_path: Path) -> None:
    url, folder = make_url(migrated_sqlite(tmp_path)), tmp_path / "backups"
    folder.mkdir()
    mine = ["easel-old.db", "other-20260131T030000Z.db", "notes.txt", "easel-20260131T030000Z.db.gz"]
    for name in mine:
        (folder / name).touch()
    (folder / "easel-20260130T000000Z.db.part").touch()  # of a process that was killed
    for hour in range(4):
        make_backup(url, folder, keep=2, now=NOW + timedelta(hours=hour))
    assert names(folder) == sorted([*mine, "easel-20260131T050000Z.db", "easel-20260131T060000Z.db"])
    made = list_backups(url, folder)
    assert [each.at for each in made] == [NOW + timedelta(hours=2), NOW + timedelta(hours=3)]
    assert {each.path.stat().st_mode & 0o777 for each in made} == {0o600}
    look = inspect_database(f"sqlite:///{made[0].path}", SystemClock())
    assert all(not part.problems for part in asyncio.run(look))


def test_two_processes_never_make_one_at_once(tmp_path: Path) -> None:
    url, folder = make_url(migrated_sqlite(tmp_path)), tmp_path / "backups"
    folder.mkdir()
    with FileLock(folder / ".easel.lock"), pytest.raises(SettingsWrong, match="another process makes a backup"):
        make_backup(url, folder, keep=2, now=NOW)
    assert names(folder) == []


def test_one_that_fails_leaves_the_older_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url, folder = make_url(migrated_sqlite(tmp_path)), tmp_path / "backups"
    make_backup(url, folder, keep=1, now=NOW)
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)

    def measure(_: object) -> object:
        return usage

    monkeypatch.setattr(shutil, "disk_usage", measure)
    with pytest.raises(SettingsWrong, match="1,000 are free"):
        make_backup(url, folder, keep=1, now=NOW + timedelta(hours=1))
    assert names(folder) == ["easel-20260131T030000Z.db"]
    monkeypatch.undo()
    file = tmp_path / "easel.db"
    file.write_bytes(file.read_bytes()[:8192] + b"\xff" * 20_000)
    with pytest.raises(SettingsWrong):
        make_backup(url, folder, keep=1, now=NOW + timedelta(hours=1))
    assert names(folder) == ["easel-20260131T030000Z.db"]


def test_a_copy_can_be_given_up(tmp_path: Path) -> None:
    url = make_url(migrated_sqlite(tmp_path))
    with pytest.raises(BackupStopped):
        back_up(url, tmp_path / "copy.db", stops=lambda: True)
    assert not [name for name in names(tmp_path) if name.startswith("copy")]


# ---------------------------------------------------------------- when


async def test_one_is_made_each_time_it_is_due_over_restarts(tmp_path: Path) -> None:
    url, folder, clock = make_url(migrated_sqlite(tmp_path)), tmp_path / "backups", FakeClock()

    async def made_by(seconds: float) -> int:
        """How many there are, that many seconds later."""
        await clock.advance(seconds)
        await clock.asleep(1)
        return len(await asyncio.to_thread(list_backups, url, folder))

    def backups() -> Backups:
        return Backups(url, folder, every_s=7200, keep=5, clock=clock)

    first = backups()
    first.start()
    assert await made_by(0) == 1
    await first.stop()
    await clock.advance(3000)
    second = backups()
    second.start()
    assert await made_by(0) == 1
    assert await made_by(3600) == 1
    assert await made_by(600) == 2
    clock.jump(-90_000)  # the clock is set back, and the newest is of the future
    assert await made_by(3600) == 2
    assert await made_by(3600) == 3
    await second.stop()


async def test_a_failure_is_logged_and_warned_of_and_tried_again(tmp_path: Path) -> None:
    url, folder, clock = make_url(migrated_sqlite(tmp_path)), tmp_path / "backups", FakeClock()
    folder.write_text("in the way")
    backups = Backups(url, folder, every_s=86_400, keep=5, clock=clock)
    with capture_logs() as logged:
        backups.start()
        await clock.asleep(1)
    assert [each["event"] for each in logged] == ["backup failed"]
    assert f"{folder} cannot be" in str(backups.warning())
    folder.unlink()
    await clock.advance(300)
    await clock.asleep(1)
    assert backups.warning() is None
    assert len(await asyncio.to_thread(list_backups, url, folder)) == 1
    await backups.stop()


async def test_an_easel_backs_itself_up_and_says_where_it_cannot(tmp_path: Path) -> None:
    async with Sandbox(edge=64, pace=0) as sandbox:
        config = tmp_path / "easel.toml"
        folder = tmp_path / "copies"

        def configure(where: Path) -> None:
            config.write_text(
                f'database_url = "sqlite:///{tmp_path / "easel.db"}"\nserver.port = 0\n'
                f'playground = {{ enabled = true, path = "{tmp_path / "room.db"}" }}\n'
                f'backup = {{ every = "1h", folder = "{where}" }}\n'
                f'[[providers]]\npreset = "sandbox"\nbase_url = "{sandbox.address}"\napi_key = "sandbox"\n'
            )

        configure(folder)
        async with forked(run_easel, config, stderr=tmp_path / "log") as child:
            await wait_until(lambda: folder.exists() and any(folder.glob("easel-*.db")))
            child.terminate()
            assert await child.wait() == 0
        (tmp_path / "taken").write_text("")
        configure(tmp_path / "taken")
        async with forked(run_easel, config, stderr=tmp_path / "log") as child:
            address = (await child.stdout.readline()).decode().split('"')[3]
            async with httpx.AsyncClient() as client:

                async def warned() -> bool:
                    ready = await client.get(f"{address}/readyz")
                    return ready.status_code == 200 and "cannot be" in ready.json().get("warnings", {}).get(
                        "backup", ""
                    )

                await wait_until(warned)
            child.terminate()
            assert await child.wait() == 0


# ---------------------------------------------------------------- what check says


def settings(folder: Path, every: str | None = "1d") -> Settings:
    return Settings.model_validate({"database_url": f"sqlite:///{folder}/easel.db", "backup": {"every": every}})


def test_check_says_how_old_the_newest_is(tmp_path: Path) -> None:
    url = make_url(migrated_sqlite(tmp_path))

    def found(every: str | None = "1d") -> tuple[str, str]:
        [one] = check_backups(settings(tmp_path, every))
        return one.status, one.message

    assert found(None) == ("note", "none are made")
    assert found() == ("note", f"there is none in {tmp_path}/backups yet")
    now = SystemClock().now()
    make_backup(url, tmp_path / "backups", keep=3, now=now - timedelta(hours=5))
    status, message = found()
    assert (status, message.startswith(f"1 in {tmp_path}/backups; the newest is 5 h old and has ")) == ("ok", True)
    assert found("2h")[0] == "FAIL"
    assert check_backups(Settings(database_url="postgresql://db/easel")) == []


# ---------------------------------------------------------------- easel db check


def check(*words: str) -> Any:
    return CliRunner().invoke(app, ["db", "check", *words])


@pytest.mark.usefixtures("kept_logging")
def test_a_sound_database_is_said_to_be_so(tmp_path: Path) -> None:
    migrated_sqlite(tmp_path)
    done = check(str(tmp_path / "easel.db"))
    assert (done.exit_code, done.stdout) == (0, "ok    pages\nok    references\nok    rows\nok    books\n")


@pytest.mark.usefixtures("kept_logging")
async def test_damage_and_books_that_do_not_agree_are_found(tmp_path: Path) -> None:
    file = tmp_path / "easel.db"
    async with Sandbox(edge=64, pace=0) as sandbox, world(tmp_path, sandbox, Platform()) as easel:
        await easel.app.store.accept_job(new_job(), RULES)
    await asyncio.to_thread(execute, f"sqlite:///{file}", "UPDATE account SET reserved = reserved + 2")
    done = await asyncio.to_thread(check, str(file))
    assert done.exit_code == 1
    assert "FAIL  books: account " in done.stdout
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("INSERT INTO checkpoint (job, name, value, at) VALUES ('none', 'x', 'null', '2026-01-31')")
        connection.commit()
    done = await asyncio.to_thread(check, str(file))
    assert "FAIL  references: checkpoint 1: refers to a job that is not there" in done.stdout
    file.write_bytes(file.read_bytes()[:4096] + b"\xff" * 40_000)
    done = await asyncio.to_thread(check, str(file))
    assert done.exit_code == 1
    assert "FAIL  pages: " in done.stdout
    assert "Traceback" not in done.output
