"""A gateway that breaks, ends or falls silent: whatever ends it, it begins again, and says so meanwhile."""

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from adapters.discord import connection, shard_connections
from adapters.discord.gateway import GatewayClient
from adapters.discord.gateway_socket import GatewaySocket
from tests.servers.discord.gateway import MISSING
from tests.support.waiting import wait_until
from tests.wire.discord.easel import DiscordWorld, Easel, discord_world
from tests.wire.discord.test_unreadable_events import answers, is_ready


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway that ended begins again soon."""
    monkeypatch.setattr(connection, "RESTART_PAUSE_S", 0.05)
    monkeypatch.setattr(shard_connections, "RECONNECT_PAUSE_S", 0.05)

    async def at_once(*_: object, **__: object) -> None:
        """In place of discord.py's five seconds between two identifies."""

    monkeypatch.setattr(GatewayClient, "before_identify_hook", at_once)


async def test_a_session_whose_ready_cannot_be_read_is_begun_again(world: DiscordWorld) -> None:
    discord = world.server.gateway
    async with world.easel() as easel:
        discord.odd["READY"] = {"user": MISSING}
        discord.invalidate()
        await world.until(lambda: len(discord.identifies) >= 2)
        await wait_until(lambda: has_problem(easel, "shard 0: "))
        del discord.odd["READY"]
        await wait_until(lambda: is_ready(easel))
        await answers(world)


async def has_problem(easel: Easel, part: str) -> bool:
    return part in (await easel.discord.problem() or "")


async def test_a_gateway_whose_socket_breaks_is_begun_again_and_says_so_meanwhile(
    world: DiscordWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    poll_event = GatewaySocket.poll_event
    async with world.easel() as easel:
        with monkeypatch.context() as patched:

            async def fails(socket: GatewaySocket) -> None:
                if socket.is_session_open:
                    raise RuntimeError("secret")
                await poll_event(socket)

            patched.setattr(GatewaySocket, "poll_event", fails)
            world.server.say(world.ada, world.channel, "its turn is over")
            await wait_until(lambda: has_problem(easel, "discord gateway: RuntimeError"))
        await wait_until(lambda: is_ready(easel))
        await answers(world)


async def test_the_end_of_the_clients_connection_is_survived(
    world: DiscordWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect, ended = GatewayClient.connect, asyncio.Event()

    async def ends_once(client: GatewayClient, *, reconnect: bool = True) -> None:
        connecting = asyncio.ensure_future(connect(client, reconnect=reconnect))
        end = asyncio.ensure_future(ended.wait())
        await asyncio.wait((connecting, end), return_when=asyncio.FIRST_COMPLETED)
        connecting.cancel()
        raise KeyError("secret")

    monkeypatch.setattr(GatewayClient, "connect", ends_once)
    with capture_logs() as logs:
        async with world.easel() as easel:
            monkeypatch.undo()
            ended.set()
            await wait_until(lambda: has_problem(easel, "discord gateway: KeyError"))
            await wait_until(lambda: len(world.server.gateway.identifies) == 2)
            await wait_until(lambda: is_ready(easel))
            await answers(world)
    assert len(world.server.gateway.identifies) == 2
    assert ("task ended", "discord gateway") in [(each["event"], each.get("task")) for each in logs]


# ---------------------------------------------------------------- signs of life


async def test_a_gateway_that_acknowledges_no_heartbeat_is_not_ready_and_begun_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "LIFE_CHECK_S", 0.02)
    async with discord_world(tmp_path, heartbeat_interval=0.1) as world, world.easel() as easel:
        world.server.gateway.acknowledges = False
        await wait_until(lambda: has_problem(easel, "shard 0: heartbeat not acknowledged"))
        await answers(world)  # what still comes in is handled
        with monkeypatch.context() as patched:
            patched.setattr(connection, "MAX_SILENCE_S", 0.1)
            await world.until(lambda: len(world.server.gateway.identifies) >= 2)
        world.server.gateway.acknowledges = True
        await wait_until(lambda: is_ready(easel))
        await answers(world)


async def test_each_shard_is_judged_by_itself(tmp_path: Path) -> None:
    async with discord_world(tmp_path, shards=2) as world, world.easel() as easel:
        await wait_until(lambda: is_ready(easel))
        with pytest.MonkeyPatch.context() as patched:

            def problem(socket: GatewaySocket) -> str | None:
                return "lost" if socket.shard_id == 1 else None

            patched.setattr(GatewaySocket, "problem", problem)
            assert await easel.discord.problem() == "shard 1: lost"
