"""SIGTERM while pictures are painted: they are finished, nobody is left without an answer, and a second one ends it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from bot.texts import translate
from tests.kill.world import KillWorld, PrivateUser, kill_world
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.usefixtures("preloaded_texts"), pytest.mark.timeout(240)]  # seconds; two processes


@asynccontextmanager
async def blocked_upstream(folder: Path) -> AsyncGenerator[tuple[KillWorld, asyncio.Event]]:
    """A world whose upstream paints once the event is set."""
    release = asyncio.Event()

    async def wait_for_release(_: float) -> None:
        await release.wait()

    async with kill_world(folder, "chat", sleep=wait_for_release) as world:
        world.settings["drain_s"] = 120
        yield world, release


async def shown(user: PrivateUser, text: str) -> None:
    """Waits until a message of the bot contains the text."""

    async def found() -> bool:
        return any(text in each.text for each in user.messages())

    await wait_until(found)


async def test_running_jobs_are_finished_and_new_requests_are_answered_or_wait(tmp_path: Path) -> None:
    async with blocked_upstream(tmp_path) as (world, release):
        platforms = ("telegram", "discord command", "discord message")
        running = [world.add_user(platform) for platform in platforms]
        on_telegram, by_command, by_message = (world.add_user(platform) for platform in platforms)
        async with world.process() as first:
            for user in running:
                user.say("a cat")
            await wait_until(lambda: world.sandbox.running == len(running))
            first.child.terminate()
            for user in running[1:]:
                await shown(user, translate("en", "status-restarts-after"))
            async with aiohttp.ClientSession() as client, client.get(f"{first.address}/readyz") as response:
                assert response.status == 503
                assert (await response.json())["reasons"]["easel"] == "stopping"
            for user in (on_telegram, by_command, by_message):
                user.say("a dog")
            for user in (by_command, by_message):
                await shown(user, translate("en", "refusal-restarting"))
            release.set()
            assert await first.child.wait() == 0
        for user in running:
            assert [each.pictures for each in user.messages()] == [1]
            assert "restarts" not in user.messages()[0].text
        assert on_telegram.messages() == []
        async with world.process() as second:
            await wait_until(lambda: any(each.pictures for each in on_telegram.messages()))
            await world.wait_until_settled()
            assert await second.stop() == 0
        assert [world.request_count(prompt) for prompt in ("a cat", "a dog")] == [len(running), 1]


async def test_a_second_signal_does_not_wait_for_the_running_jobs(tmp_path: Path) -> None:
    async with blocked_upstream(tmp_path) as (world, release):
        user = world.add_user("discord command")
        async with world.process() as first:
            user.say("a cat")
            await wait_until(lambda: world.sandbox.running == 1)
            first.child.terminate()
            await shown(user, translate("en", "status-restarts-after"))
            first.child.terminate()
            assert await asyncio.wait_for(first.child.wait(), 60) == 0
        release.set()
        async with world.process() as second:
            await shown(user, translate("en", "failed-restarted"))
            await world.wait_until_settled()
            assert await second.stop() == 0
        assert len(user.messages()) == 1
