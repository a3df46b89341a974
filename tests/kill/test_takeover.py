"""Two processes on one PostgreSQL share a bot's Discord shards: what one leaves when it dies goes on elsewhere."""

import asyncio
import signal
from pathlib import Path

import pytest

from tests.servers.discord import Channel
from tests.support.databases import query
from tests.support.easel_process import EaselProcess
from tests.support.waiting import wait_until
from tests.wire.discord.easel import DiscordWorld, discord_world

HOLDERS = """SELECT process.pid, lease.name FROM lease JOIN process ON process.id = lease.holder
             WHERE lease.name LIKE 'discord.shard.2.%'"""
LOST_AFTER_S = 5.0  # the default


def shards(url: str) -> dict[int, set[int]]:
    """The shards of each process, by its number."""
    found: dict[int, set[int]] = {}
    for pid, name in query(url, HOLDERS):
        found.setdefault(int(str(pid)), set()).add(int(str(name).rpartition(".")[2]))
    return found


async def shared_out(world: DiscordWorld, url: str, *processes: EaselProcess) -> dict[int, set[int]]:
    """Waits until each process has its part of both shards."""
    pids = {each.child.pid for each in processes}
    await wait_until(lambda: shards(url).keys() == pids and world.server.gateway.connected >= len(pids))
    return shards(url)


async def slash_and_wait(world: DiscordWorld, channel: Channel, prompt: str) -> None:
    world.server.slash(world.ada, channel, "imagine", {"prompt": prompt})
    await world.until(lambda: any(prompt in each.content and each.attachments for each in world.bot_messages(channel)))


@pytest.mark.thorough
async def test_a_killed_processes_shard_is_served_by_another(tmp_path: Path, shared_url: str) -> None:
    async with discord_world(tmp_path, shards=2) as world:
        world.server.gateway.max_concurrency = 16
        world.settings |= {"database_url": shared_url}
        channels = world.channel_per_shard()
        async with world.process() as first, world.process() as second:
            parts = await shared_out(world, shared_url, first, second)
            await wait_until(lambda: bool(world.server.commands.all()))
            (lost,) = parts[first.child.pid]
            await slash_and_wait(world, channels[lost], "a red fox")
            resumes = world.server.gateway.resumes
            await first.kill()
            await slash_and_wait(world, channels[lost], "a blue hen")  # said while nobody listens
            assert world.server.gateway.resumes == resumes + 1
            assert len(world.bot_messages(channels[lost])) == 2
            assert await second.stop() == 0


@pytest.mark.soak
async def test_a_stopped_processes_shard_is_served_by_another_and_it_comes_back(
    tmp_path: Path, shared_url: str
) -> None:
    async with discord_world(tmp_path, shards=2) as world:
        world.server.gateway.identify_period = 5.0
        world.settings |= {"database_url": shared_url}
        channels = world.channel_per_shard()
        async with world.process() as first, world.process() as second:
            parts = await shared_out(world, shared_url, first, second)
            await wait_until(lambda: bool(world.server.commands.all()))
            (lost,) = parts[first.child.pid]
            first.child.send_signal(signal.SIGSTOP)
            await slash_and_wait(world, channels[lost], "a blue hen")
            first.child.send_signal(signal.SIGCONT)
            await wait_until(lambda: first.logged("this process was given up, and begins anew"))
            await shared_out(world, shared_url, first, second)
            for number, channel in channels.items():
                await slash_and_wait(world, channel, f"an owl {number}")
            await asyncio.sleep(LOST_AFTER_S)
            assert len(world.bot_messages(channels[lost])) == 2
            assert await first.stop() == 0
            assert await second.stop() == 0
        assert not world.server.violations
