"""One bot's shards in several processes: shared out, taken over, handed back; nothing is lost or heard twice."""

import asyncio
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from discord.gateway import DiscordWebSocket, KeepAliveHandler
from discord.http import Route
from typing_extensions import override

from adapters.discord import shard_connections
from adapters.discord.client import DiscordAdapter
from bot.chat import Message
from bot.cluster.chat_routing import platform_role
from bot.ports import EVENTS, PAINTING, Cluster
from bot.settings import Settings
from tests.servers.discord import Channel
from tests.support.clusters import give_up, member
from tests.support.databases import execute, query
from tests.support.event_sinks import Quiet
from tests.support.waiting import wait_until
from tests.support.world import open_store
from tests.wire.discord.easel import DiscordWorld, discord_world

ROLES = (EVENTS, PAINTING, platform_role("discord"))
RESTING = "SELECT count(*) FROM lease WHERE holder IS NULL AND rest_until > now() + interval '1 minute'"


@dataclass(slots=True)
class Receiver(Quiet):
    """Keeps the texts of what comes in."""

    texts: list[str] = field(default_factory=list[str])

    @override
    async def receive_message(self, message: Message) -> bool:
        self.texts.append(message.text)
        return True


@dataclass(slots=True, kw_only=True)
class Process:
    """One process's adapter, and what it received."""

    adapter: DiscordAdapter
    cluster: Cluster
    received: Receiver

    @property
    def shards(self) -> list[int]:
        return self.adapter._share.held  # type: ignore[reportPrivateUsage]  # no user sees it


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, preloaded_texts: None) -> None:
    monkeypatch.setattr(shard_connections, "IDENTIFY_PERIOD_S", 0.01)
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", DiscordWebSocket.DEFAULT_GATEWAY)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[DiscordWorld]:
    async with discord_world(tmp_path, shards=2) as made:
        yield made
    assert not [each for each in threading.enumerate() if is_beating(each)]


def is_beating(thread: threading.Thread) -> bool:
    """Whether a connection's heartbeats still go on."""
    return isinstance(thread, KeepAliveHandler) and not thread._stop_ev.is_set()  # type: ignore[reportPrivateUsage]  # as above


@asynccontextmanager
async def process(world: DiscordWorld, url: str, **discord: Any) -> AsyncGenerator[Process]:
    """The adapter of another process, until it stops in order."""
    settings = Settings(**world.values({"discord": world.platform_settings()["discord"] | discord}))
    async with open_store(url, world.clock, migrate=False) as store, member(url, roles=ROLES) as cluster:
        adapter = DiscordAdapter(settings.discord, store.adapter_store, clock=world.clock, cluster=cluster)
        received = Receiver()
        try:
            await adapter.start(received)
            yield Process(adapter=adapter, cluster=cluster, received=received)
        finally:
            await adapter.close()


def open_sessions(world: DiscordWorld) -> list[int]:
    """The shards of sessions that somebody listens to."""
    return sorted(each.shard for each in world.server.gateway.sessions.values() if each.connection is not None)


async def say(world: DiscordWorld, channels: dict[int, Channel], text: str) -> list[str]:
    """Says it in a guild of each shard; returns what is to be received."""
    for shard_id, channel in channels.items():
        world.server.say(world.ada, channel, f"{world.bot_mention} {text} {shard_id}")
    return [f"{text} {shard_id}" for shard_id in sorted(channels)]


async def test_each_process_takes_its_share_and_a_stopped_one_hands_it_over(
    world: DiscordWorld, shared_url: str
) -> None:
    channels = world.channel_per_shard()
    async with process(world, shared_url) as first:
        await wait_until(lambda: first.shards == [0, 1] and world.server.gateway.connected == 2)
        assert not first.adapter.keeps_requests
        async with process(world, shared_url) as second:
            await wait_until(lambda: len(first.shards) == len(second.shards) == 1)
            await wait_until(lambda: world.server.gateway.connected == 2)
            said = await say(world, channels, "a fox")
            await wait_until(lambda: sorted(first.received.texts + second.received.texts) == said)
            assert len(first.received.texts) == 1
            await wait_until(lambda: first.adapter.keeps_requests)  # the other one receives them
            assert await first.adapter.problem() is None
        await wait_until(lambda: first.shards == [0, 1] and world.server.gateway.connected == 2)
        said += await say(world, channels, "a hen")
        await wait_until(lambda: sorted(first.received.texts + second.received.texts) == sorted(said))


async def test_a_closing_that_is_interrupted_leaves_no_heartbeats(world: DiscordWorld, shared_url: str) -> None:
    async with process(world, shared_url) as only:
        await wait_until(lambda: world.server.gateway.connected == 2)
        gateway = only.adapter._connection._gateway  # type: ignore[reportPrivateUsage]  # nobody else closes only these
        assert gateway is not None
        sockets: set[Any] = set(vars(gateway.connections)["_sockets"])
        closing = asyncio.create_task(gateway.connections._close_sockets(sockets, 4000))  # type: ignore[reportPrivateUsage]  # as above
        await asyncio.sleep(0)
        closing.cancel()
        await asyncio.gather(closing, return_exceptions=True)
        assert not [each for each in threading.enumerate() if is_beating(each)]


async def test_a_process_that_is_given_up_leaves_its_shards_and_sessions_to_another(
    world: DiscordWorld, shared_url: str
) -> None:
    channels = world.channel_per_shard()
    async with process(world, shared_url) as first, process(world, shared_url) as second:
        await wait_until(lambda: len(first.shards) == len(second.shards) == 1 and world.server.gateway.connected == 2)
        sessions = set(world.server.gateway.sessions)
        said = await say(world, channels, "a fox")
        await wait_until(lambda: sorted(first.received.texts + second.received.texts) == said)
        give_up(shared_url, second.cluster)
        said += await say(world, channels, "a hen")
        await wait_until(lambda: len(set(first.shards) | set(second.shards)) == 2)
        await wait_until(lambda: sorted(first.received.texts + second.received.texts) == sorted(said))
        assert sessions


async def test_a_shard_that_reconnects_while_it_is_handed_over_is_connected_once(
    world: DiscordWorld, shared_url: str
) -> None:
    gateway = world.server.gateway
    async with process(world, shared_url) as first:
        await wait_until(lambda: first.shards == [0, 1] and gateway.connected == 2)
        gateway.greets.clear()
        gateway.ask_to_reconnect(shard=1)
        await wait_until(lambda: gateway.connected == 1 and gateway.connections == 2)  # it waits to be greeted
        async with process(world, shared_url) as second:
            await wait_until(lambda: (first.shards, second.shards) == ([0], [1]))
            gateway.greets.set()
            await wait_until(lambda: gateway.connected == gateway.connections == 2)
            await wait_until(lambda: open_sessions(world) == [0, 1])
    await wait_until(lambda: gateway.connections == 0)


async def test_what_came_while_nobody_had_a_shard_comes_by_its_old_session(
    world: DiscordWorld, shared_url: str
) -> None:
    channels = world.channel_per_shard()
    async with process(world, shared_url) as first:
        await wait_until(lambda: first.shards == [0, 1] and world.server.gateway.connected == 2)
        said = await say(world, channels, "a fox")
        await wait_until(lambda: sorted(first.received.texts) == said)
    said = await say(world, channels, "a hen")  # while nobody listens
    async with process(world, shared_url) as second:
        await wait_until(lambda: sorted(second.received.texts) == said)
        await wait_until(lambda: len(world.server.gateway.identifies) == 4)
        said += await say(world, channels, "an owl")  # by both sessions, or one
        await wait_until(lambda: sorted(second.received.texts) == sorted(said))
    assert world.server.gateway.resumes == 2


async def test_processes_begin_sessions_of_a_bucket_one_after_the_other(
    world: DiscordWorld, shared_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shard_connections, "IDENTIFY_PERIOD_S", 3600.0)
    async with (
        process(world, shared_url, shard_count=2, shard_ids=[0]) as first,
        process(world, shared_url, shard_count=2, shard_ids=[1]) as second,
    ):
        await wait_until(lambda: len(world.server.gateway.identifies) == 1)
        await wait_until(lambda: (first.shards, second.shards) == ([0], [1]))
        problems = await first.adapter.problem(), await second.adapter.problem()
        assert sum(each is not None for each in problems) >= 1
        assert len(world.server.gateway.identifies) == 1
        await wait_until(lambda: query(shared_url, RESTING) == [(1,)])
        execute(shared_url, "UPDATE lease SET rest_until = now() - interval '1 second'")
        await wait_until(lambda: len(world.server.gateway.identifies) == 2)


async def test_buckets_do_not_wait_for_each_other(
    world: DiscordWorld, shared_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shard_connections, "IDENTIFY_PERIOD_S", 3600.0)
    world.server.gateway.max_concurrency = 2
    async with process(world, shared_url):
        await wait_until(lambda: len(world.server.gateway.identifies) == 2)


async def test_who_has_no_shard_stands_by_and_is_ready(tmp_path: Path, shared_url: str) -> None:
    async with (
        discord_world(tmp_path, shards=1) as world,
        process(world, shared_url) as first,
    ):
        await wait_until(lambda: first.shards == [0] and world.server.gateway.connected == 1)
        async with process(world, shared_url, shard_count=1) as second:

            async def stands_by() -> bool:
                return await second.adapter.problem() is None

            await wait_until(stands_by)
            assert second.shards == []
            give_up(shared_url, first.cluster)
            sessions = world.server.gateway.connected
            await wait_until(lambda: second.shards == [0] or first.shards == [0])
            await wait_until(lambda: world.server.gateway.connected == sessions)  # not in the middle of a handshake
