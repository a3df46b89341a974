"""Every long-lived task of `easel run`, on real platforms' protocols: killed by an unexpected exception, told, back."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route
from structlog.testing import capture_logs

from adapters.discord.gateway import GatewayClient
from bot.runtime.supervision import SupervisedTask
from tests.support.clocks import ShiftedClock
from tests.support.waiting import wait_until
from tests.wire.discord.easel import DiscordWorld, discord_world
from tests.wire.telegram.easel import TelegramWorld, telegram_world

TASKS = {
    "status calls": "core",
    "status refresh": "core",
    "retention": "core",
    "store write queue": "database",
    "membership": "cluster",
    "leases": "cluster",
    "bus": "cluster",
    "job queue": "core",
    "job recovery": "core",
    "queue positions": "core",
    "telegram connection": "telegram",
    "telegram inbox": "telegram",
    "telegram updates of others": "telegram",
    "telegram moves": "telegram",
    "chat owners telegram": "telegram",
    "requests of users": "core",
    "telegram commands": "telegram",
    "discord events": "discord",
    "discord events set aside": "discord",
    "discord slow messages": "discord",
    "discord tokens": "discord",
    "discord commands": "discord",
    "discord events of before": "discord",
    "discord gateway": "discord",
    "discord shards": "discord",
    "playground balances": "playground",
    "event loop lag": "metrics",
    "error groups": "errors",
    "alerting": "alerting",
}
"""Names of tasks, and of the readiness checks that tell of them."""
SHARED_TASKS = {"membership", "leases", "bus", "job queue", "job recovery", "queue positions"}
"""Those of processes that share a database."""
PAUSE_S = 0.05  # that a task must run after a restart until it counts as healthy


class HeldClock(ShiftedClock):
    """A pause before a restart lasts until the test ends it."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        await self.go.wait()


class Victims:
    """All supervised tasks that were made, the latest by its name; each can be killed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = HeldClock()
        self.tasks: dict[str, SupervisedTask] = {}
        self._kills: dict[str, asyncio.Event] = {}
        make = SupervisedTask.__init__

        def make_victim(task: SupervisedTask, name: str, work: Any, _: Any, **given: Any) -> None:
            kill = self._kills[name] = asyncio.Event()

            async def run() -> None:
                working, killed = asyncio.ensure_future(work()), asyncio.ensure_future(kill.wait())
                try:
                    await asyncio.wait((working, killed), return_when=asyncio.FIRST_COMPLETED)
                    if kill.is_set():
                        kill.clear()
                        raise KeyError("a secret")
                    working.result()
                finally:
                    for each in (working, killed):
                        each.cancel()
                    await asyncio.gather(working, killed, return_exceptions=True)

            pauses: dict[str, Any] = {"first_pause_s": PAUSE_S, "max_pause_s": PAUSE_S}
            make(task, name, run, self.clock, **(given | pauses))
            self.tasks[name] = task

        monkeypatch.setattr(SupervisedTask, "__init__", make_victim)

    def kill(self, name: str) -> None:
        self.clock.go.clear()
        self._kills[name].set()
        self.tasks[name].start()  # a worker that has nothing to do


async def reasons(address: str) -> dict[str, str]:
    async with aiohttp.ClientSession() as session, session.get(f"{address}/readyz") as response:
        body: dict[str, Any] = await response.json()
        assert (response.status == 200) == body["ready"] == (not body["reasons"])
        return body["reasons"]


async def works(world: DiscordWorld, telegram: TelegramWorld) -> None:
    """Somebody is answered on both platforms, from the database."""
    before = len(telegram.bot_messages())
    telegram.server.say(telegram.ada, telegram.private, "/quota")
    await telegram.until(lambda: len(telegram.bot_messages()) > before)
    asked = world.server.slash(world.ada, world.channel, "quota")
    await world.until(lambda: asked.original and not asked.original.loading)


async def test_each_is_logged_told_and_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(*_: object, **__: object) -> None:
        """In place of discord.py's five seconds between two identifies."""

    monkeypatch.setattr(GatewayClient, "before_identify_hook", at_once)
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", DiscordWebSocket.DEFAULT_GATEWAY)
    victims = Victims(monkeypatch)
    folders = tmp_path / "telegram", tmp_path / "discord"
    for folder in folders:
        folder.mkdir()
    async with telegram_world(folders[0]) as telegram, discord_world(folders[1]) as world:
        world.settings |= telegram.platform_settings()
        world.settings["notifications"] = {"webhook": "http://127.0.0.1:9/nobody"}
        world.settings["playground"] = {"enabled": True, "path": str(tmp_path / "playground.db")}
        async with world.served() as address:

            async def is_ready() -> bool:
                return not await reasons(address)

            async def is_told(check: str, name: str) -> bool:
                return f"{name}: KeyError" in (await reasons(address)).get(check, "")

            await wait_until(is_ready)
            await works(world, telegram)
            tasks = dict(TASKS)
            of_engine = {"store write queue"}, SHARED_TASKS
            for name in of_engine[world.database_url.startswith("sqlite")]:
                del tasks[name]  # a server's transactions need no queue, and a file has one process
            assert set(victims.tasks) == set(tasks)
            for name, check in tasks.items():
                with capture_logs() as logs:
                    victims.kill(name)
                    await wait_until(lambda check=check, name=name: is_told(check, name))
                ended = [each for each in logs if each["event"] == "task ended"]
                assert [each["task"] for each in ended] == [name]
                assert "a secret" not in str(await reasons(address))
                victims.clock.go.set()
                await wait_until(is_ready)
            await works(world, telegram)
