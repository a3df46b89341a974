"""Failures of the environment while jobs run: a full disk, a locked or unusable database, a changed clock, a signal.

No job is lost and nothing is charged twice.
"""

import asyncio
import resource
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from bot.errors import MachineFailed
from bot.sandbox import Sandbox
from bot.store.maintenance import upgrade
from bot.texts import translate_error
from tests.flow.world import world
from tests.kill.kill_points import PLATFORMS
from tests.kill.world import KillWorld, PrivateUser, kill_world
from tests.support.clocks import ShiftedClock
from tests.support.databases import books_agree
from tests.support.easel_process import EaselProcess
from tests.support.forked import easel_command, forked
from tests.support.platform import Platform
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.timeout(240),  # seconds; two processes, which take a few seconds on an idle machine
    pytest.mark.usefixtures("preloaded_texts"),
]


@asynccontextmanager
async def painting_process(
    folder: Path, dialect: str
) -> AsyncGenerator[tuple[KillWorld, EaselProcess, list[PrivateUser], asyncio.Event]]:
    """A process with one job on each platform; the upstream finishes none before the event is set."""
    release = asyncio.Event()

    async def wait_for_release(_: float) -> None:
        await release.wait()

    async with kill_world(folder, dialect, sleep=wait_for_release) as world, world.process() as running:
        users = [world.add_user(platform) for platform in PLATFORMS]
        for user in users:
            user.say(f"a cat for {user.key}")
        await wait_until(lambda: world.sandbox.running == len(users))
        yield world, running, users, release


async def assert_painted_and_charged_once(world: KillWorld, users: list[PrivateUser]) -> None:
    await world.wait_until_settled()
    for user in users:
        balance = await world.balance(user.key)
        assert (balance.available, balance.reserved) == (49, 0)
        assert world.request_count(f"a cat for {user.key}") == 1

        async def shows_one_picture(user: PrivateUser = user) -> bool:
            return [each.pictures for each in user.messages()] == [1]

        await wait_until(shows_one_picture)
    assert await asyncio.to_thread(books_agree, world.database_url)


# ---------------------------------------------------------------- the disk


@pytest.mark.forms(1)
@pytest.mark.sqlite
@pytest.mark.parametrize("dialect", ["chat", "tasks"])
async def test_a_disk_that_is_full_for_a_while(tmp_path: Path, dialect: str) -> None:
    """No file of the process may grow: the closest to a full disk that needs no privileges. Finished pictures wait for
    space, and so does a request in the meantime, whose user is told."""
    async with painting_process(tmp_path, dialect) as (world, running, users, release):
        before = resource.prlimit(running.child.pid, resource.RLIMIT_FSIZE)
        wal_size = (tmp_path / "easel.db-wal").stat().st_size
        resource.prlimit(running.child.pid, resource.RLIMIT_FSIZE, (wal_size, before[1]))
        late = world.add_user("telegram")
        late.say("a dog")
        waits = translate_error("en", MachineFailed())

        async def user_notified() -> bool:
            return [each.text for each in late.messages()] == [waits]

        await wait_until(user_notified)
        release.set()

        async def job_waits() -> bool:
            return running.logged("database failed, the job waits")

        await wait_until(job_waits)
        resource.prlimit(running.child.pid, resource.RLIMIT_FSIZE, before)
        await assert_painted_and_charged_once(world, users)

        async def late_painted() -> bool:
            return [each.pictures for each in late.messages()] == [0, 1]

        await wait_until(late_painted)
        await world.wait_until_settled()
        balance = await world.balance(late.key)
        assert (balance.available, balance.reserved, world.request_count("a dog")) == (49, 0, 1)
        assert await running.stop() == 0


@pytest.mark.sqlite
async def test_a_database_locked_by_another_writer_is_waited_for(tmp_path: Path) -> None:
    async with painting_process(tmp_path, "chat") as (world, running, users, release):
        with closing(sqlite3.connect(tmp_path / "easel.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            release.set()
            await wait_until(lambda: world.sandbox.painted >= len(users))
            assert other.execute("SELECT count(*) FROM ledger WHERE kind = 'settle'").fetchone() == (0,)
            other.execute("COMMIT")
        await assert_painted_and_charged_once(world, users)
        assert await running.stop() == 0


# ---------------------------------------------------------------- unusable database files


@pytest.mark.sqlite
@pytest.mark.parametrize("kind", ["damaged", "no database", "read-only", "newer"])
async def test_an_unusable_database_stops_the_start_and_is_left_unchanged(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "easel.db"
    url, expected_message = f"sqlite:///{file}", "cannot be used"
    await upgrade(url)
    match kind:
        case "damaged":
            file.write_bytes(file.read_bytes()[:100] + b"\xff" * 20_000)
        case "no database":
            file.write_text("Dear diary, " * 500)
        case "read-only":
            url = f"sqlite:///file:{file}?mode=ro&uri=true"
        case _:
            with closing(sqlite3.connect(file)) as connection:
                connection.execute("UPDATE alembic_version SET version_num = '9999'")
                connection.commit()
            expected_message = "written by a newer Easel"
    before = file.read_bytes()
    config = tmp_path / "easel.toml"
    config.write_text(
        f'database_url = "{url}"\nserver.port = 0\nplayground = {{ enabled = true, path = "{tmp_path}/room.db" }}\n'
        '[[providers]]\npreset = "sandbox"\nbase_url = "http://127.0.0.1:9"\napi_key = "sandbox"\n'
    )
    log = tmp_path / "stderr"
    async with forked(easel_command, "run", "--config", str(config), stderr=log) as child:
        assert await child.wait() == 2
    stderr = log.read_text()
    assert stderr.splitlines()[-1].startswith(f"easel: {config}: database_url: ")
    assert expected_message in stderr
    assert "Traceback" not in stderr
    assert file.read_bytes() == before


# ---------------------------------------------------------------- the clock


@pytest.mark.forms(1)
@pytest.mark.parametrize("seconds", [-400 * 86_400, -3600, 3600, 400 * 86_400])
async def test_a_clock_change_during_a_job_does_not_affect_it(tmp_path: Path, seconds: float) -> None:
    release = asyncio.Event()

    async def wait_for_release(_: float) -> None:
        await release.wait()

    async with Sandbox(edge=64, sleep=wait_for_release) as sandbox:
        platform, clock = Platform(), ShiftedClock()
        clock.move_on(
            (clock.now().replace(hour=12) - clock.now()).total_seconds()
        )  # so that an hour earlier or later is the same day
        async with world(tmp_path, sandbox, platform, clock=clock) as easel:
            await easel.say("a cat")
            await wait_until(lambda: sandbox.running == 1)
            clock.move_on(seconds)
            release.set()
            [post] = await easel.settled()
            assert len(post.images) == 1
            await easel.say("a dog")  # the next job runs as usual
            assert len(await easel.settled(2)) == 2
            assert len(sandbox.requests) == 2
            balance = await easel.balance("memory:amber")
            assert balance.reserved == 0
            assert balance.available == (49 if seconds >= 86_400 else 48)  # a day that is repeated refills nothing
    assert await asyncio.to_thread(books_agree, easel.database_url)


# ---------------------------------------------------------------- the signal


@pytest.mark.forms(1)
@pytest.mark.parametrize("dialect", ["chat", "tasks"])
@pytest.mark.parametrize("drain", [0, 120])
async def test_sigterm_during_ten_jobs(tmp_path: Path, dialect: str, drain: int) -> None:
    """With time to drain the first process finishes all ten. Without, it exits at once, although the upstream does not
    answer before the second process has started; that one settles them."""
    release = asyncio.Event()

    async def wait_for_release(_: float) -> None:
        await release.wait()

    async with kill_world(tmp_path, dialect, sleep=wait_for_release) as world:
        world.settings["drain_s"] = drain
        users = [world.add_user(PLATFORMS[number % len(PLATFORMS)]) for number in range(10)]
        async with world.process() as first:
            for user in users:
                user.say(f"a cat for {user.key}")
            await wait_until(lambda: world.sandbox.running == len(users))
            first.child.terminate()
            if drain:

                async def draining() -> bool:
                    return first.logged("easel stops")

                await wait_until(draining)
                release.set()
            assert await first.child.wait() == 0
        release.set()
        pictures = dialect == "tasks" or drain > 0
        if drain:
            await assert_painted_and_charged_once(world, users)
        async with world.process() as second:
            await world.wait_until_settled()
            for user in users:

                async def final(user: PrivateUser = user) -> bool:
                    return [each.pictures for each in user.messages() if each.actions] == [int(pictures)] and all(
                        "retry" in each.actions for each in user.messages()
                    )

                await wait_until(final)
                balance = await world.balance(user.key)
                assert (balance.available, balance.reserved) == (50 - pictures, 0)
                assert world.request_count(f"a cat for {user.key}") == 1
            assert await second.stop() == 0
    assert await asyncio.to_thread(books_agree, world.database_url)
