"""Starts on a disk that is full, on a database that somebody holds, on a file that is damaged where no header is; and
a process that is killed while its disk is full."""

import asyncio
import resource
import sqlite3
import sys
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bot.errors import SettingsWrong
from bot.store import engine, migrate
from bot.store.store import Store, upgrade
from bot.texts import preload_locales, translate
from tests.kill.house import House, Process, Seat, house
from tests.support import PROJECT
from tests.support.clocks import FakeClock
from tests.support.waiting import wait_until

FULL = 1  # bytes that a file may grow to: nothing can be written any more
BUSY = pytest.mark.timeout(240)  # seconds; a few processes, which take ten on a quiet machine


@pytest.fixture(autouse=True, scope="module")
def words() -> None:
    """Read outside of the event loop, as the app does."""
    preload_locales()


@contextmanager
def full_disk(process: Process) -> Generator[None]:
    """No file of that process takes another byte."""
    pid = process.child.pid
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (FULL, before[1]))
    try:
        yield
    finally:
        if process.child.returncode is None:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


async def run(config: Path, *wrapped: str) -> tuple[int | None, list[str]]:
    """`easel run` until it exits by itself: its exit code, and its last words."""
    program = (sys.executable, "-c", "from adapters.cli import main; main()", "run", "--config", str(config))
    child = await asyncio.create_subprocess_exec(
        *wrapped, *program, cwd=PROJECT, stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL
    )
    _, said = await child.communicate()
    return child.returncode, said.decode().splitlines()


def pictures(seat: Seat) -> int:
    return sum(each.pictures for each in seat.standing())


def shows(seat: Seat, words: str) -> bool:
    return any(words in each.text for each in seat.standing())


async def books(place: House, seat: Seat) -> tuple[int, int]:
    async with place.store() as store:
        await place.settled(store)
        balance = await place.balance(store, seat)
    return balance.available, balance.reserved


@BUSY
@pytest.mark.parametrize(("dialect", "painted"), [("chat", 0), ("tasks", 1)])
async def test_killed_while_the_disk_is_full(tmp_path: Path, dialect: str, painted: int) -> None:
    async with house(tmp_path, dialect) as place:
        ada = place.seat("discord message")
        async with place.process() as easel:
            ada.say("a cat [[slow:20]]")
            await place.discord.until(lambda: place.sandbox.running == 1, seconds=60)
            await place.discord.until(lambda: shows(ada, translate("en", "stage-painting")), seconds=60)
            with full_disk(easel):
                await wait_until(lambda: painted_upstream(place))
                await easel.kill()
        async with place.process() as easel:
            await wait_until(lambda: ended(ada))
            assert await books(place, ada) == (50 - painted, 0)
            assert await easel.stop() == 0
        assert pictures(ada) == painted
        assert len(place.sandbox.requests) == 1


async def painted_upstream(place: House) -> bool:
    return place.sandbox.painted == 1


async def ended(seat: Seat) -> bool:
    return bool(seat.standing()) and all("retry" in each.actions for each in seat.standing())


@BUSY
async def test_a_start_on_a_full_disk_is_refused_and_the_next_one_is_well(tmp_path: Path) -> None:
    async with house(tmp_path, "chat") as place:
        config = tmp_path / "easel.toml"
        code, said = await run(config, "sh", "-c", 'ulimit -f 0; exec "$@"', "sh")
        assert code == 2
        assert said[-1].startswith(f"easel: database_url: {tmp_path}/easel.db cannot be used (")
        async with place.process() as easel:
            assert await easel.stop() == 0


async def test_a_start_on_a_database_that_somebody_holds_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/easel.db"
    await upgrade(url)
    monkeypatch.setattr(engine, "BUSY_S", 0.05)
    with closing(sqlite3.connect(tmp_path / "easel.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(SettingsWrong, match="database is locked"):
            await Store.open(url, clock=FakeClock())


def damage(file: Path) -> None:
    """In the middle, where no header is: a table's own page."""
    with closing(sqlite3.connect(file)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'job'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    data = bytearray(file.read_bytes())
    data[(page - 1) * size : page * size] = b"\xa5" * size
    file.write_bytes(data)


@BUSY
async def test_a_file_damaged_in_its_middle_is_refused_and_left_alone(tmp_path: Path) -> None:
    async with house(tmp_path, "chat"):
        file = tmp_path / "easel.db"
        await upgrade(f"sqlite:///{file}")
        await asyncio.to_thread(damage, file)
        before = file.read_bytes()
        code, said = await run(tmp_path / "easel.toml")
        assert code == 2
        assert said[-1].startswith(f"easel: database_url: {file} cannot be used (it is damaged: ")
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
    await asyncio.to_thread(damage, file)
    if not killed:
        await (await Store.open(url, clock=FakeClock())).close()
        return
    file.with_name("easel.db-wal").write_bytes(b"\0" * 32)
    with pytest.raises(SettingsWrong, match="it is damaged"):
        await Store.open(url, clock=FakeClock())
