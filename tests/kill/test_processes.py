"""Several processes on one PostgreSQL: a job goes on wherever its process went, and only one of them ever shows it."""

import asyncio
import signal
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.texts import translate
from tests.kill.processes import ProcessesWorld, on_postgres
from tests.kill.world import PrivateUser, kill_world
from tests.support.postgres import Cluster
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.usefixtures("preloaded_texts"), pytest.mark.timeout(300)]  # seconds; several processes

TELEGRAM, COMMAND, MESSAGE = "telegram", "discord command", "discord message"


@pytest.fixture(autouse=True)
def postgresql(postgres: Cluster, postgres_template: str) -> Generator[None]:
    with on_postgres(postgres, postgres_template):
        yield


@asynccontextmanager
async def processes_world(
    folder: Path, dialect: str = "chat", blocked: bool = True
) -> AsyncGenerator[tuple[ProcessesWorld, asyncio.Event]]:
    """A world whose upstream paints once the event is set; with `blocked` False at once."""
    release = asyncio.Event()
    if not blocked:
        release.set()

    async def wait_for_release(_: float) -> None:
        await release.wait()

    async with kill_world(folder, dialect, sleep=wait_for_release, kind=ProcessesWorld) as world:
        yield world, release


def pictures(user: PrivateUser) -> list[int]:
    """Finished pictures in each of the bot's messages."""
    return [each.pictures for each in user.messages()]


def ahead_of(user: PrivateUser) -> list[int]:
    """How many are ahead, as the user's messages say it."""
    words = {ahead: translate("en", "status-place", ahead=ahead) for ahead in range(3)}
    return [ahead for each in user.messages() for ahead, text in words.items() if text in each.text]


async def delivered_once(world: ProcessesWorld, *users: PrivateUser) -> None:
    """Every user has one message, which is the picture, and paid for it."""
    await wait_until(lambda: all(any(pictures(user)) for user in users))
    await world.wait_until_settled()
    for user in users:
        assert pictures(user) == [1], [each.text for each in user.messages()]
        balance = await world.balance(user.key)
        assert (balance.available, balance.reserved) == (49, 0)


async def test_a_worker_paints_what_another_process_accepts(tmp_path: Path) -> None:
    async with processes_world(tmp_path, blocked=False) as (world, _):
        users = [world.add_user(platform) for platform in (TELEGRAM, COMMAND, MESSAGE)]
        async with world.receiver() as receiver:
            for user in users:
                user.say("a cat")
            # nobody paints yet: everybody sees how many are ahead
            await wait_until(lambda: sorted(each for user in users for each in ahead_of(user)) == [0, 1, 2])
            async with world.worker() as worker:
                await delivered_once(world, *users)
                assert not receiver.logged("job taken from the queue")
                assert worker.logged("job taken from the queue")
                assert [await each.stop() for each in (worker, receiver)] == [0, 0]
        assert len(world.discord.gateway.identifies) == 1  # the worker neither connects nor polls
        assert not [each for each in world.telegram.refusals if each.method == "getUpdates"]


async def test_the_job_of_a_killed_worker_goes_on_in_another(tmp_path: Path) -> None:
    async with processes_world(tmp_path, "tasks") as (world, release):
        users = [world.add_user(platform) for platform in (TELEGRAM, COMMAND)]
        async with world.receiver(), world.worker() as first:
            for user in users:
                user.say("a cat")
            await world.wait_for_requests("a cat", 2)
            await world.wait_for_checkpoint("accepted")
            async with world.worker():
                await first.kill()
                release.set()
                await delivered_once(world, *users)
        assert world.request_count("a cat") == 2


async def test_a_worker_that_was_only_stopped_posts_and_charges_nothing(tmp_path: Path) -> None:
    async with processes_world(tmp_path, "tasks") as (world, release):
        user = world.add_user(TELEGRAM)
        async with world.receiver(), world.worker() as first:
            user.say("a cat")
            await world.wait_for_checkpoint("accepted")
            first.child.send_signal(signal.SIGSTOP)
            async with world.worker() as second:
                await wait_until(lambda: second.logged("job taken from the queue"))
                release.set()
                await delivered_once(world, user)
                shown = user.messages()
                first.child.send_signal(signal.SIGCONT)
                await wait_until(lambda: first.logged("this process was given up"))
                user.say("a dog")
                await wait_until(lambda: sum(pictures(user)) == 2)
                await world.wait_until_settled()
        assert user.messages()[:1] == shown
        assert pictures(user) == [1, 1]
        assert (await world.balance(user.key)).available == 48


@pytest.mark.thorough
async def test_a_cancel_reaches_the_process_that_paints(tmp_path: Path) -> None:
    async with processes_world(tmp_path) as (world, _):
        user = world.add_user(TELEGRAM)
        async with world.receiver() as receiver, world.worker() as worker:
            user.say("a cat")
            await world.wait_for_requests("a cat")
            user.say("/cancel")
            await world.wait_until_settled()
            await wait_until(lambda: len(user.messages()) == 2)
            await wait_until(lambda: world.sandbox.running == 0)  # the upstream was let go
            assert [await each.stop() for each in (worker, receiver)] == [0, 0]
        assert (await world.balance(user.key)).available == 50
        assert world.request_count("a cat") == 1


@pytest.mark.thorough
async def test_a_worker_that_is_stopped_in_order_hands_its_jobs_over(tmp_path: Path) -> None:
    async with processes_world(tmp_path, "tasks") as (world, release):
        users = [world.add_user(platform) for platform in (TELEGRAM, MESSAGE)]
        async with world.receiver(), world.worker() as first:
            for user in users:
                user.say("a cat")
            await world.wait_for_requests("a cat", 2)
            async with world.worker() as second:
                assert await first.stop() == 0
                await wait_until(lambda: second.logged("job taken from the queue"))
                release.set()
                await delivered_once(world, *users)
        assert world.request_count("a cat") == 2


async def test_a_rolling_restart_hands_over_what_runs_and_leaves_no_message_behind(tmp_path: Path) -> None:
    async with processes_world(tmp_path, "tasks") as (world, release):
        users = [world.add_user(platform) for platform in (TELEGRAM, COMMAND, MESSAGE)]
        async with world.receiver(paints=3) as old:
            for user in users:
                user.say("a cat")
            await world.wait_for_requests("a cat", len(users))
            await wait_until(lambda: all(user.messages() for user in users))
            async with world.receiver(paints=3) as new:
                assert await old.stop() == 0
                await wait_until(lambda: new.logged("job taken from the queue"))
                release.set()
                await delivered_once(world, *users)
                for user in users:
                    user.say("a dog")
                await wait_until(lambda: all(pictures(user) == [1, 1] for user in users))
                await world.wait_until_settled()
                assert await new.stop() == 0
        assert [world.request_count(prompt) for prompt in ("a cat", "a dog")] == [len(users), len(users)]
