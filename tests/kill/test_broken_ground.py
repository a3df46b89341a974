"""The ground gives way below a process that paints: no room on the disk, a database that somebody holds, a file that
is no database, a clock that is set, a signal in the middle of ten jobs. Nothing is lost and nothing charged twice."""

import asyncio
import resource
import sqlite3
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from bot.errors import StoreFailed
from bot.sandbox import Sandbox
from bot.store.store import upgrade
from bot.texts import preload_locales, translate_error
from tests.flow.store.stores import books_agree
from tests.flow.world import World, settings
from tests.kill.house import PROJECT, House, Process, Seat, house
from tests.kill.steps import PLATFORMS
from tests.support.chat_world import open_app
from tests.support.clocks import ShiftedClock
from tests.support.platform import Platform
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(240)  # two processes; seconds on a quiet machine


@pytest.fixture(autouse=True, scope="module")
def words() -> None:
    """Read outside of the event loop, as the app does."""
    preload_locales()


@asynccontextmanager
async def painting(folder: Path, dialect: str) -> AsyncGenerator[tuple[House, Process, list[Seat], asyncio.Event]]:
    """A process with a job of each platform, painted until the event is set."""
    opened = asyncio.Event()

    async def held(_: float) -> None:
        await opened.wait()

    async with house(folder, dialect, sleep=held) as place, place.process() as running:
        seats = [place.seat(platform) for platform in PLATFORMS]
        for seat in seats:
            seat.say(f"a cat for {seat.user}")
        await place.discord.until(lambda: place.sandbox.running == len(seats), seconds=60)
        yield place, running, seats, opened


async def all_painted_and_paid_once(place: House, seats: list[Seat]) -> None:
    async with place.store() as store:
        await place.settled(store)
        for seat in seats:
            balance = await place.balance(store, seat)
            assert (balance.available, balance.reserved) == (49, 0)
            assert place.asked(f"a cat for {seat.user}") == 1

            async def pictured(seat: Seat = seat) -> bool:
                return [each.pictures for each in seat.standing()] == [1]

            await wait_until(pictured)
    assert await asyncio.to_thread(books_agree, place.database_url)


# ---------------------------------------------------------------- the disk


@pytest.mark.parametrize("dialect", ["chat", "tasks"])
async def test_no_room_for_a_while(tmp_path: Path, dialect: str) -> None:
    """No file of the process may grow, which is as near to a full disk as one comes without rights. What was painted
    waits for room; whoever asks meanwhile is told and charged nothing."""
    async with painting(tmp_path, dialect) as (place, running, seats, opened):
        before = resource.prlimit(running.child.pid, resource.RLIMIT_FSIZE)
        log = (tmp_path / "easel.db-wal").stat().st_size
        resource.prlimit(running.child.pid, resource.RLIMIT_FSIZE, (log, before[1]))
        late = place.seat("telegram")
        late.say("a dog")
        down = translate_error("en", StoreFailed())

        async def told() -> bool:
            return [each.text for each in late.standing()] == [down]

        await wait_until(told)
        opened.set()

        async def waits() -> bool:
            return running.logged("database failed, the job waits")

        await wait_until(waits)
        resource.prlimit(running.child.pid, resource.RLIMIT_FSIZE, before)
        await all_painted_and_paid_once(place, seats)
        async with place.store() as store:
            balance = await place.balance(store, late)
        assert (balance.available, balance.reserved, place.asked("a dog")) == (50, 0, 0)
        assert await running.stop() == 0


async def test_a_database_that_somebody_else_writes_to_is_waited_for(tmp_path: Path) -> None:
    async with painting(tmp_path, "chat") as (place, running, seats, opened):
        with closing(sqlite3.connect(tmp_path / "easel.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            opened.set()
            await place.discord.until(lambda: place.sandbox.painted >= len(seats), seconds=60)
            assert other.execute("SELECT count(*) FROM ledger WHERE kind = 'settle'").fetchone() == (0,)
            other.execute("COMMIT")
        await all_painted_and_paid_once(place, seats)
        assert await running.stop() == 0


# ---------------------------------------------------------------- files that are not to be used


@pytest.mark.parametrize("kind", ["damaged", "no database", "read-only", "newer"])
async def test_a_database_that_cannot_be_used_stops_the_start_and_stays_as_it_is(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "easel.db"
    url, says = f"sqlite:///{file}", "cannot be used"
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
            says = "written by a newer Easel"
    before = file.read_bytes()
    config = tmp_path / "easel.toml"
    config.write_text(
        f'database_url = "{url}"\nserver.port = 0\nplayground = {{ enabled = true, path = "{tmp_path}/room.db" }}\n'
        '[[providers]]\npreset = "sandbox"\nbase_url = "http://127.0.0.1:9"\napi_key = "sandbox"\n'
    )
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from adapters.cli import main; main()",
        "run",
        "--config",
        str(config),
        cwd=PROJECT,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await child.communicate()
    assert child.returncode == 2
    assert said.decode().splitlines()[-1].startswith("easel: database_url: ")
    assert says in said.decode()
    assert "Traceback" not in said.decode()
    assert file.read_bytes() == before


# ---------------------------------------------------------------- the clock


@pytest.mark.parametrize("seconds", [-400 * 86_400, -3600, 3600, 400 * 86_400])
async def test_a_clock_that_is_set_while_a_job_is_painted_changes_nothing_about_it(
    tmp_path: Path, seconds: float
) -> None:
    opened = asyncio.Event()

    async def held(_: float) -> None:
        await opened.wait()

    async with Sandbox(edge=64, sleep=held) as sandbox:
        platform, clock = Platform(), ShiftedClock()
        clock.move_on((clock.now().replace(hour=12) - clock.now()).total_seconds())  # an hour away is the same day
        async with open_app(settings(tmp_path, sandbox), {"memory": platform}, clock) as app:
            await app.start()
            easel = World(app=app, platform=platform, sandbox=sandbox)
            await easel.say("a cat")
            await wait_until(lambda: sandbox.running == 1)
            clock.move_on(seconds)
            opened.set()
            [post] = await easel.settled()
            assert len(post.images) == 1
            await easel.say("a dog")  # and life goes on
            assert len(await easel.settled(2)) == 2
            assert len(sandbox.requests) == 2
            balance = await app.store.balance("memory:amber", 50)
            assert balance.reserved == 0
            assert balance.available == (49 if seconds >= 86_400 else 48)  # a day that comes back gives nothing twice
    assert await asyncio.to_thread(books_agree, f"sqlite:///{tmp_path / 'easel.db'}")


# ---------------------------------------------------------------- the signal


@pytest.mark.parametrize("dialect", ["chat", "tasks"])
@pytest.mark.parametrize("drain", [0, 120])
async def test_asked_to_stop_in_the_middle_of_ten_jobs(tmp_path: Path, dialect: str, drain: int) -> None:
    """With time to drain all ten are finished by the first process. Without, it leaves at once, though the upstream
    would not answer until the second one has begun; that one brings them to their ends."""
    opened = asyncio.Event()

    async def held(_: float) -> None:
        await opened.wait()

    async with house(tmp_path, dialect, sleep=held) as place:
        place.configure(drain_s=drain)
        seats = [place.seat(PLATFORMS[number % len(PLATFORMS)]) for number in range(10)]
        async with place.process() as first:
            for seat in seats:
                seat.say(f"a cat for {seat.user}")
            await place.discord.until(lambda: place.sandbox.running == len(seats), seconds=60)
            first.child.terminate()
            if drain:

                async def draining() -> bool:
                    return first.logged("easel stops")

                await wait_until(draining)
                opened.set()
            assert await first.stop() == 0
        opened.set()
        pictures = dialect == "tasks" or drain > 0
        if drain:
            await all_painted_and_paid_once(place, seats)
        async with place.process() as second, place.store() as store:
            await place.settled(store)
            for seat in seats:

                async def final(seat: Seat = seat) -> bool:
                    return [each.pictures for each in seat.standing() if each.actions] == [int(pictures)] and all(
                        "retry" in each.actions for each in seat.standing()
                    )

                await wait_until(final)
                balance = await place.balance(store, seat)
                assert (balance.available, balance.reserved) == (50 - pictures, 0)
                assert place.asked(f"a cat for {seat.user}") == 1
            assert await second.stop() == 0
    assert await asyncio.to_thread(books_agree, place.database_url)
