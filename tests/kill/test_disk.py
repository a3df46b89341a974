"""Full disks and damaged or locked SQLite files: refused starts, and a process killed while its disk is full."""

import asyncio
import os
import resource
import sqlite3
import sys
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bot.errors import SettingsWrong
from bot.store import engine, migrate
from bot.store.maintenance import upgrade
from bot.store.store import Store
from bot.texts import translate
from tests.kill.world import KillWorld, PrivateUser, kill_world
from tests.support import PROJECT
from tests.support.clocks import FakeClock
from tests.support.easel_process import EaselProcess
from tests.support.forked import easel_command, forked
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.usefixtures("preloaded_texts"), pytest.mark.sqlite]

FULL_DISK_BYTES = 1  # the size that a file may grow to: every write fails
SLOW_TEST = pytest.mark.timeout(240)  # seconds; a few processes, about ten seconds on an idle machine


@contextmanager
def full_disk(process: EaselProcess) -> Generator[None]:
    """Every write of that process to a file fails."""
    pid = process.child.pid
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (FULL_DISK_BYTES, before[1]))
    try:
        yield
    finally:
        if process.child.returncode is None:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


async def run_easel(config: Path, *wrapped: str) -> tuple[int | None, list[str]]:
    """Runs `easel run` until it exits: its exit code, and the lines of its stderr."""
    program = (sys.executable, "-c", "from adapters.cli import main; main()", "run", "--config", str(config))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPYCACHEPREFIX"}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"  # Python ignores SIGXFSZ only after its first imports
    child = await asyncio.create_subprocess_exec(
        *wrapped,
        *program,
        cwd=PROJECT,
        env=environment,
        stderr=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
    )
    _, said = await child.communicate()
    return child.returncode, said.decode().splitlines()


def image_count(user: PrivateUser) -> int:
    return sum(each.pictures for each in user.messages())


def has_text(user: PrivateUser, words: str) -> bool:
    return any(words in each.text for each in user.messages())


async def balance_after_settlement(world: KillWorld, user: PrivateUser) -> tuple[int, int]:
    await world.wait_until_settled()
    balance = await world.balance(user.key)
    return balance.available, balance.reserved


@pytest.mark.forms(1)
@SLOW_TEST
@pytest.mark.parametrize(("dialect", "painted"), [("chat", 0), ("tasks", 1)])
async def test_killed_while_the_disk_is_full(tmp_path: Path, dialect: str, painted: int) -> None:
    async with kill_world(tmp_path, dialect) as world:
        ada = world.add_user("discord message")
        async with world.process() as easel:
            ada.say("a cat [[slow:20]]")
            await wait_until(lambda: world.sandbox.running == 1)
            await world.discord.until(lambda: has_text(ada, translate("en", "stage-painting")), seconds=60)
            with full_disk(easel):
                await wait_until(lambda: painted_upstream(world))
                await easel.kill()
        async with world.process() as easel:
            await wait_until(lambda: all_retryable(ada))
            assert await balance_after_settlement(world, ada) == (50 - painted, 0)
            assert await easel.stop() == 0
        assert image_count(ada) == painted
        assert len(world.sandbox.requests) == 1


async def painted_upstream(world: KillWorld) -> bool:
    return world.sandbox.painted == 1


async def all_retryable(user: PrivateUser) -> bool:
    return bool(user.messages()) and all("retry" in each.actions for each in user.messages())


@SLOW_TEST
@pytest.mark.thorough
async def test_a_start_on_a_full_disk_is_refused_and_the_next_one_succeeds(tmp_path: Path) -> None:
    async with kill_world(tmp_path, "chat") as world:
        config = world.write_config()
        code, said = await run_easel(config, "sh", "-c", 'ulimit -f 0; exec "$@"', "sh")
        assert code == 2
        assert said[-1].startswith(f"easel: {config}: database_url: {tmp_path}/easel.db cannot be used (")
        async with world.process() as easel:
            assert await easel.stop() == 0


async def test_a_start_on_a_locked_database_reports_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path}/easel.db"
    await upgrade(url)
    monkeypatch.setattr(engine, "BUSY_S", 0.05)
    with closing(sqlite3.connect(tmp_path / "easel.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(SettingsWrong, match="database is locked"):
            await Store.open(url, clock=FakeClock())


def damage_job_table(file: Path) -> None:
    """Overwrites the root page of a table, in the middle of the file, so that its header stays intact."""
    with closing(sqlite3.connect(file)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'job'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    data = bytearray(file.read_bytes())
    data[(page - 1) * size : page * size] = b"\xa5" * size
    file.write_bytes(data)


@SLOW_TEST
async def test_a_file_damaged_in_its_middle_is_refused_and_left_alone(tmp_path: Path) -> None:
    async with kill_world(tmp_path, "chat") as world:
        config = world.write_config()
        file = tmp_path / "easel.db"
        await upgrade(f"sqlite:///{file}")
        await asyncio.to_thread(damage_job_table, file)
        before = file.read_bytes()
        log = tmp_path / "stderr"
        async with forked(easel_command, "run", "--config", str(config), stderr=log) as child:
            code = await child.wait()
        said = log.read_text().splitlines()
        assert code == 2
        assert said[-1].startswith(f"easel: {config}: database_url: {file} cannot be used (it is damaged: ")
        assert said[-1].endswith("put a backup in its place")
        assert file.read_bytes() == before


@pytest.mark.parametrize("killed", [False, True])
async def test_a_large_file_is_read_whole_after_a_kill_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed: bool
) -> None:
    monkeypatch.setattr(migrate, "SMALL_FILE_BYTES", 0)
    file = tmp_path / "easel.db"
    url = f"sqlite:///{file}"
    await upgrade(url)
    await asyncio.to_thread(damage_job_table, file)
    if not killed:
        await (await Store.open(url, clock=FakeClock())).close()
        return
    file.with_name("easel.db-wal").write_bytes(b"\0" * 32)
    with pytest.raises(SettingsWrong, match="it is damaged"):
        await Store.open(url, clock=FakeClock())
