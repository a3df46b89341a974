"""Many at once: commands, progress, shards, processes. No call is refused, no job waits for another's edits."""

import logging
from pathlib import Path

import pytest

from adapters.discord.client import CHANNEL_PERIOD_S, CHANNEL_SLOTS
from tests.servers.discord import Answered
from tests.servers.discord.limits import Limits, Rate
from tests.support.clocks import FastClock
from tests.wire.discord.easel import discord_world

SPEED = 20.0  # times as fast as the machine's


async def test_fifty_pictures_asked_for_at_once_are_each_acknowledged_and_painted(tmp_path: Path) -> None:
    async with discord_world(tmp_path) as world, world.gallery() as upstream, world.easel():
        members = [world.server.world.add_member(world.guild, f"member {number}") for number in range(50)]
        asked = [world.server.slash(each, world.channel, "imagine", {"prompt": "a fox"}) for each in members]
        await world.until(lambda: all(each.original and not each.original.loading for each in asked))
        assert {each.answered for each in asked} == {Answered.DEFER}
        upstream.open.set()
        await world.until(lambda: all(each.original and each.original.attachments for each in asked))
        await world.wait_until_settled()
        assert world.server.refused == []
        assert len(world.bot_messages()) == 50


async def test_late_posts_count_from_their_arrival_at_discord(tmp_path: Path) -> None:
    """Discord's window begins when it receives the first post, which may be long after it was sent."""
    clock = FastClock(SPEED)
    async with discord_world(tmp_path, clock=clock) as world, world.easel():
        gate = world.server.faults.hold("POST", "/channels/{channel_id}/messages", times=CHANNEL_SLOTS)
        for number in range(CHANNEL_SLOTS + 1):
            member = world.server.world.add_member(world.guild, f"member {number}")
            world.server.say(member, world.channel, f"{world.bot_mention} a fox")
        await gate.arrived.wait()
        await clock.sleep(1.5 * CHANNEL_PERIOD_S)
        gate.open()
        await world.until(lambda: len([one for one in world.bot_messages() if one.attachments]) == CHANNEL_SLOTS + 1)
        await world.wait_until_settled()
        assert world.server.refused == []


async def test_a_window_lasts_as_long_as_discord_says(tmp_path: Path) -> None:
    """Discord documents no limits, and may change them any day; its responses name them."""
    slow = Rate(slots=CHANNEL_SLOTS, period=4 * CHANNEL_PERIOD_S)
    limits = Limits(post=slow, edit=slow)
    async with discord_world(tmp_path, clock=FastClock(SPEED), limits=limits) as world, world.easel():
        for number in range(CHANNEL_SLOTS + 2):
            member = world.server.world.add_member(world.guild, f"member {number}")
            world.server.say(member, world.channel, f"{world.bot_mention} a fox")
        await world.until(lambda: len([one for one in world.bot_messages() if one.attachments]) == CHANNEL_SLOTS + 2)
        await world.wait_until_settled()
        assert world.server.refused == []


async def test_long_progress_is_paced_without_discord_py_sleeping(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with discord_world(tmp_path, pace=3.0) as world, world.easel():
        caplog.set_level(logging.DEBUG, "discord.http")
        caplog.set_level(logging.DEBUG, "discord.webhook.async_")
        bob = world.server.world.add_member(world.guild, "Bob")
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a red fox")
        world.server.say(bob, world.channel, f"{world.bot_mention} a blue fox")
        asked = world.server.slash(
            world.server.world.add_member(world.guild, "Cleo"), world.channel, "imagine", {"prompt": "a green fox"}
        )
        await world.until(lambda: len([one for one in world.bot_messages() if one.attachments]) == 3)
        assert world.server.refused == []
        assert asked.original is not None
        assert max(len(one.versions) for one in world.bot_messages()) >= 3  # progress was shown in between
        assert [
            each
            for each in caplog.records
            if "rate limit" in each.getMessage().lower() and "initial" not in each.getMessage()
        ] == []


async def test_one_process_connects_several_shards(tmp_path: Path) -> None:
    async with discord_world(tmp_path, shards=2) as world:
        where = world.channel_per_shard()
        async with world.easel() as easel:
            await world.until(lambda: world.server.gateway.connected == 2)
            assert [each["shard"] for each in world.server.gateway.identifies] == [[0, 2], [1, 2]]
            for channel in where.values():
                world.server.say(world.ada, channel, f"{world.bot_mention} a red fox")
            for channel in where.values():
                await world.wait_for_picture(channel)
            assert await easel.discord.problem() is None
            assert len(world.server.commands.writes) == 1
            world.server.gateway.cut()
            for channel in where.values():
                world.server.slash(world.ada, channel, "imagine", {"prompt": "a blue fox"})
            await world.until(lambda: world.server.gateway.resumes == 2)
            for channel in where.values():
                await world.until(
                    lambda channel=channel: len([m for m in world.bot_messages(channel) if m.attachments]) == 2
                )
            assert len(world.server.gateway.identifies) == 2
