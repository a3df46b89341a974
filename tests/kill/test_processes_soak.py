"""Three `easel run` and two workers on one PostgreSQL, killed and stopped at random while members ask for pictures.

In the end everybody has asked often enough for each picture, has it once, and has paid for it once.
"""

import asyncio
import os
import random
import signal
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bot.store.maintenance import upgrade
from tests.kill.kill_points import DIALECTS, PLATFORMS
from tests.kill.processes import LOST_AFTER_S, ProcessesWorld, on_postgres
from tests.kill.test_soak import SoakFigures, is_final, judge_user
from tests.kill.world import PrivateUser, kill_world
from tests.servers.telegram import Limits as TelegramLimits
from tests.support.databases import books_agree
from tests.support.easel_process import EaselProcess
from tests.support.postgres import (
    Cluster,
    Server,
    interrupt_cluster,
    resume_cluster,
    start_cluster,
    stop_cluster,
)
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("preloaded_texts")

JOBS = int(os.environ.get("SOAK_JOBS", "300"))
KILLS = int(os.environ.get("SOAK_KILLS", "1000"))
SEED = int(os.environ.get("SOAK_SEED", "7"))  # another one for each part of a soak that is run in parts
OUTAGE_S = 3.0  # that PostgreSQL is away in the middle
PACE = 0.05  # of the upstream: a picture takes 0.4 s
CREDITS = 10_000
USERS = 9
MAX_PAUSE_S = 0.05  # between two requests
MAX_ROUNDS = 20  # of asking again for what was lost with its process
NOT_JOINED = "SettingsWrong: database_url"
MAX_STARTING = 2  # of five processes; with fewer that run, jobs get nowhere
MAX_LIFE_S = 0.8  # between two disturbances; a job takes about half as long


@dataclass(slots=True)
class Running:
    """A process, and how another one like it is started."""

    process: EaselProcess
    stack: AsyncExitStack
    is_worker: bool
    stopped: asyncio.Task[None] | None = None
    """Lets it run on after a SIGSTOP."""


@dataclass(slots=True, kw_only=True)
class Fleet:
    """The processes of one Easel."""

    world: ProcessesWorld
    server: Server | None = None
    """The PostgreSQL of this Easel alone; None: it is others' as well."""
    kills: int = 0
    stops: int = 0
    outages: int = 0
    running: list[Running] = field(default_factory=list[Running])
    starting: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set whenever a process was killed, or runs."""

    async def start(self, *, is_worker: bool) -> None:
        """Starts a process; again, as every supervisor of processes does, where a busy database let it not join."""
        while True:
            stack = AsyncExitStack()
            start = self.world.worker() if is_worker else self.world.receiver(paints=3)
            try:
                self.running.append(Running(await stack.enter_async_context(start), stack, is_worker))
            except AssertionError as not_started:
                if NOT_JOINED not in str(not_started):
                    raise
            else:
                self.changed.set()
                return

    async def kill(self, one: Running) -> None:
        """SIGKILL; another one takes its place, and starts while the others go on."""
        self.kills += 1
        self.running.remove(one)
        if one.stopped is not None:
            one.stopped.cancel()
        await one.process.kill()
        await one.stack.aclose()
        self.starting.add(asyncio.create_task(self.start(is_worker=one.is_worker), name="a process starts"))
        self.changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits until processes were killed, or run, so that the condition holds. Raises what a start raised."""
        while not condition():
            self.changed.clear()
            await self.changed.wait()

    async def until_starting(self, at_most: int) -> None:
        """Waits until so few processes are on their way. Raises what a start raised."""
        while len(self.starting) > at_most:
            ended, self.starting = await asyncio.wait(self.starting, return_when=asyncio.FIRST_COMPLETED)
            for each in ended:
                each.result()

    def stop(self, one: Running, seconds: float) -> None:
        """SIGSTOP, and SIGCONT after a while."""
        self.stops += 1
        one.process.child.send_signal(signal.SIGSTOP)

        async def run_on() -> None:
            await asyncio.sleep(seconds)
            one.process.child.send_signal(signal.SIGCONT)
            one.stopped = None

        one.stopped = asyncio.create_task(run_on(), name="a stopped process runs on")

    async def interrupt_database(self) -> None:
        """PostgreSQL stops as by a crash, and starts again after a while."""
        assert self.server is not None
        self.outages += 1
        await asyncio.to_thread(interrupt_cluster, self.server)
        await asyncio.sleep(OUTAGE_S)
        await asyncio.to_thread(resume_cluster, self.server)

    async def run_on(self) -> None:
        """Returns when no process is stopped."""
        await asyncio.gather(*(one.stopped for one in self.running if one.stopped is not None))

    async def end(self) -> None:
        """Stops all in order."""
        await self.until_starting(0)
        for one in self.running:
            assert await one.process.stop() == 0
            await one.stack.aclose()
        self.running.clear()


@asynccontextmanager
async def fleet(
    world: ProcessesWorld, *, receivers: int, workers: int, server: Server | None = None
) -> AsyncGenerator[Fleet]:
    made = Fleet(world=world, server=server)
    try:
        for is_worker in [False] * receivers + [True] * workers:
            await made.start(is_worker=is_worker)
        yield made
    finally:
        await asyncio.gather(*made.starting, return_exceptions=True)
        for one in made.running:
            one.process.child.kill()
            await one.stack.aclose()


Disturbance = Callable[[Fleet, asyncio.Event, random.Random], Coroutine[Any, Any, None]]
"""What happens to the processes while pictures are asked for, until the event is set."""


async def ask_and_disturb(
    postgres: tuple[Cluster, str],
    folder: Path,
    *,
    jobs: int,
    receivers: int,
    disturb: Disturbance,
    server: Server | None = None,
) -> tuple[Fleet, SoakFigures]:
    """`jobs` pictures are asked for while `disturb` goes on, until its event is set, and again where they were lost."""
    dice, figures = random.Random(SEED), SoakFigures()
    with on_postgres(*postgres):
        async with kill_world(
            folder, "chat", pace=PACE, kind=ProcessesWorld, telegram_limits=TelegramLimits()
        ) as world:
            world.settings = {
                "limits": {"user_daily": CREDITS, "user_per_minute": 10_000, "user_waiting": 10_000},
                "providers": [
                    world.provider(name=each, dialect=each, label=each, max_concurrency=200, timeout_s=30.0)
                    for each in DIALECTS
                ],
            }
            users = [world.add_user(PLATFORMS[number % len(PLATFORMS)]) for number in range(min(USERS, jobs))]
            sent: dict[str, list[str]] = {user.key: [] for user in users}

            def ask(user: PrivateUser) -> None:
                figures.requests += 1
                prompt = f"a cat {figures.requests}"
                sent[user.key].append(prompt)
                user.say(f"{prompt} --model {DIALECTS[figures.requests % len(DIALECTS)]}")

            async with fleet(world, receivers=receivers, workers=2, server=server) as processes:
                over = asyncio.Event()
                disturbing = asyncio.create_task(disturb(processes, over, dice), name="disturbance")
                disturbing.add_done_callback(lambda _: processes.changed.set())
                for number in range(jobs):
                    if server is not None:
                        due = KILLS * number // jobs
                        await processes.until(lambda due=due: processes.kills >= due or disturbing.done())
                    ask(users[number % len(users)])
                    await asyncio.sleep(dice.uniform(0.0, MAX_PAUSE_S))
                over.set()
                await disturbing
                await processes.run_on()
                wanted = {user.key: len(range(number, jobs, len(users))) for number, user in enumerate(users)}
                for _ in range(MAX_ROUNDS):
                    with suppress(TimeoutError):
                        await world.wait_until_settled()
                    await all_final(users)
                    lost = [(user, wanted[user.key] - sum(each.pictures for each in user.messages())) for user in users]
                    if all(missing <= 0 for _, missing in lost):
                        break
                    for user, missing in lost:
                        for _ in range(missing):
                            ask(user)
                    await all_seen(world, users, sent)
                await processes.end()
                figures.kills, figures.stops = processes.kills, processes.stops
            for user in users:
                await judge_user(world, user, sent[user.key], figures)
            assert figures.pictures == jobs
            assert (world.telegram.refusals, world.discord.refused) == ([], [])  # no budget was overdrawn
            assert await asyncio.to_thread(books_agree, world.database_url)
    return processes, figures


async def all_final(users: list[PrivateUser]) -> None:
    """Waits until every message says how its job ended."""
    with suppress(TimeoutError):
        await wait_until(lambda: all(is_final(each) for user in users for each in user.messages()))


async def all_seen(world: ProcessesWorld, users: list[PrivateUser], sent: dict[str, list[str]]) -> None:
    """Waits until the latest request of everybody has become a job."""

    async def seen() -> bool:
        async with world.store() as store:
            for user in users:
                jobs = await store.history(user.key, limit=1)
                if not jobs or jobs[0].prompt != sent[user.key][-1]:
                    return False
        return True

    with suppress(TimeoutError):
        await wait_until(seen)


async def every_kind_once(fleet: Fleet, over: asyncio.Event, dice: random.Random) -> None:
    """One worker is killed, and another is stopped for longer than it may be silent."""
    await wait_until(lambda: fleet.world.sandbox.running > 0)
    workers = [one for one in fleet.running if one.is_worker]
    fleet.stop(workers[0], 2 * LOST_AFTER_S)
    await fleet.kill(workers[1])
    await over.wait()


async def at_random(fleet: Fleet, over: asyncio.Event, dice: random.Random) -> None:
    """Several times a job's length a process is killed, or stopped for a while that may be longer than it may be
    silent; in the middle the database is away."""
    while fleet.kills < KILLS or not over.is_set():
        await asyncio.sleep(dice.uniform(0.0, MAX_LIFE_S))
        await fleet.until_starting(MAX_STARTING - 1)
        if fleet.kills >= KILLS // 2 and not fleet.outages:
            await fleet.run_on()
            await fleet.until_starting(0)
            await fleet.interrupt_database()
        one = dice.choice([one for one in fleet.running if one.stopped is None] or fleet.running)
        if dice.random() < 0.4 and one.stopped is None:
            fleet.stop(one, dice.uniform(0.1, 3 * LOST_AFTER_S))
        else:
            await fleet.kill(one)


@pytest.mark.thorough
@pytest.mark.timeout(400)  # seconds; four processes
async def test_a_kill_and_a_stop_lose_and_double_nothing(
    tmp_path: Path, postgres: Cluster, postgres_template: str
) -> None:
    _, figures = await ask_and_disturb(
        (postgres, postgres_template), tmp_path, jobs=9, receivers=1, disturb=every_kind_once
    )
    assert (figures.lost, figures.doubled, figures.strays) == ([], [], [])
    assert (figures.kills, figures.stops) == (1, 1)


@pytest.mark.soak
@pytest.mark.timeout(4 * 3600)
async def test_random_kills_and_stops_under_load(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    server = start_cluster(durable=True)  # of its own: nobody else's tests lose it
    try:
        databases = Cluster(server)
        template = await asyncio.to_thread(databases.create)
        await upgrade(databases.url(template))
        processes, figures = await ask_and_disturb(
            (databases, template), tmp_path, jobs=JOBS, receivers=3, disturb=at_random, server=server
        )
    finally:
        stop_cluster(server)
    record_property("table", figures.row("all", 0))
    assert (figures.lost, figures.doubled, figures.strays) == ([], [], [])
    assert figures.kills >= KILLS
    assert processes.outages == 1
