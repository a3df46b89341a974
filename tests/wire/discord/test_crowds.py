"""Many at once: commands, progress, shards, processes. Nobody is refused, nobody waits for somebody else's edits."""

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
    async with discord_world(tmp_path) as place, place.gallery() as upstream, place.easel() as easel:
        members = [place.server.world.add_member(place.guild, f"member {number}") for number in range(50)]
        asked = [place.server.slash(each, place.channel, "imagine", {"prompt": "a fox"}) for each in members]
        await place.until(lambda: all(each.original and not each.original.loading for each in asked))
        assert {each.answered for each in asked} == {Answered.DEFER}
        upstream.open.set()
        await place.until(lambda: all(each.original and each.original.attachments for each in asked))
        await place.settled(easel)
        assert place.server.refused == []
        assert len(place.mine()) == 50


async def test_posts_that_reach_discord_late_count_from_then_on(tmp_path: Path) -> None:
    """Its window begins when it gets the first of them, which may be long after they were sent."""
    clock = FastClock(SPEED)
    async with discord_world(tmp_path, clock=clock) as place, place.easel() as easel:
        gate = place.server.faults.hold("POST", "/channels/{channel_id}/messages", times=CHANNEL_SLOTS)
        for number in range(CHANNEL_SLOTS + 1):
            member = place.server.world.add_member(place.guild, f"member {number}")
            place.server.say(member, place.channel, f"{place.me} a fox")
        await gate.arrived.wait()
        await clock.sleep(1.5 * CHANNEL_PERIOD_S)
        gate.open()
        await place.until(lambda: len([one for one in place.mine() if one.attachments]) == CHANNEL_SLOTS + 1)
        await place.settled(easel)
        assert place.server.refused == []


async def test_a_window_lasts_as_long_as_discord_says(tmp_path: Path) -> None:
    """Its limits are not written down anywhere, and may change any day; its answers tell them."""
    slow = Rate(slots=CHANNEL_SLOTS, period=4 * CHANNEL_PERIOD_S)
    limits = Limits(post=slow, edit=slow)
    async with discord_world(tmp_path, clock=FastClock(SPEED), limits=limits) as place, place.easel() as easel:
        for number in range(CHANNEL_SLOTS + 2):
            member = place.server.world.add_member(place.guild, f"member {number}")
            place.server.say(member, place.channel, f"{place.me} a fox")
        await place.until(lambda: len([one for one in place.mine() if one.attachments]) == CHANNEL_SLOTS + 2)
        await place.settled(easel)
        assert place.server.refused == []


async def test_long_progress_is_paced_and_discord_py_never_sleeps(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with discord_world(tmp_path, pace=3.0) as place, place.easel():
        caplog.set_level(logging.DEBUG, "discord.http")
        caplog.set_level(logging.DEBUG, "discord.webhook.async_")
        bob = place.server.world.add_member(place.guild, "Bob")
        place.server.say(place.ada, place.channel, f"{place.me} a red fox")
        place.server.say(bob, place.channel, f"{place.me} a blue fox")
        asked = place.server.slash(
            place.server.world.add_member(place.guild, "Cleo"), place.channel, "imagine", {"prompt": "a green fox"}
        )
        await place.until(lambda: len([one for one in place.mine() if one.attachments]) == 3)
        assert place.server.refused == []
        assert asked.original is not None
        assert max(len(one.versions) for one in place.mine()) >= 3  # progress was shown in between
        assert [
            each
            for each in caplog.records
            if "rate limit" in each.getMessage().lower() and "initial" not in each.getMessage()
        ] == []


async def test_one_process_may_hold_several_shards(tmp_path: Path) -> None:
    async with discord_world(tmp_path, shards=2) as place:
        where = place.squares()
        async with place.easel() as easel:
            await place.until(lambda: place.server.gateway.connected == 2)
            assert [each["shard"] for each in place.server.gateway.identifies] == [[0, 2], [1, 2]]
            for square in where.values():
                place.server.say(place.ada, square, f"{place.me} a red fox")
            for square in where.values():
                await place.picture(square)
            assert await easel.discord.problem() is None
            assert len(place.server.commands.writes) == 1
            place.server.gateway.cut()
            for square in where.values():
                place.server.slash(place.ada, square, "imagine", {"prompt": "a blue fox"})
            await place.until(lambda: place.server.gateway.resumes == 2)
            for square in where.values():
                await place.until(lambda square=square: len([m for m in place.mine(square) if m.attachments]) == 2)
            assert len(place.server.gateway.identifies) == 2
