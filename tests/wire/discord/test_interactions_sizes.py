"""Pictures near the upload limit of a Discord guild: sent as they are, or shrunk with a note."""

import asyncio
import random

import pytest
from PIL import Image

from bot.texts import translate
from tests.support.images import encode_image
from tests.wire.discord.easel import DiscordWorld


def noise(edge: int) -> bytes:
    """A picture that no PNG makes smaller: three bytes a pixel."""
    return encode_image(Image.frombytes("RGB", (edge, edge), random.Random(1).randbytes(3 * edge * edge)))


@pytest.mark.thorough
async def test_a_picture_of_twelve_megabytes_arrives_smaller_and_says_so(world: DiscordWorld) -> None:
    large = await asyncio.to_thread(noise, 2048)
    assert len(large) > 12_000_000
    async with world.gallery(large) as upstream, world.easel():
        upstream.open.set()
        world.server.slash(world.ada, world.channel, "imagine", {"prompt": "noise"})
        message = await world.wait_for_picture()
        assert len(message.attachments[0].data) <= 10 * 1024 * 1024
        assert message.attachments[0].content_type == "image/jpeg"
        assert message.content.endswith(translate("en", "note-shrunk"))


@pytest.mark.thorough
async def test_a_picture_of_twelve_megabytes_is_unchanged_in_a_boosted_guild(world: DiscordWorld) -> None:
    large = await asyncio.to_thread(noise, 2048)
    guild = world.server.world.add_guild("boosted", tier=2)
    channel = world.server.world.add_channel(guild)
    world.server.world.add_member(guild, world.ada)
    async with world.gallery(large) as upstream, world.easel():
        upstream.open.set()
        world.server.say(world.ada, channel, f"{world.bot_mention} noise")
        message = await world.wait_for_picture(channel)
        assert message.attachments[0].data == large


async def test_a_smaller_upload_limit_than_assumed_is_found_by_trying(world: DiscordWorld) -> None:
    large = await asyncio.to_thread(noise, 2048)
    guild = world.server.world.add_guild("boosted", tier=2)
    channel = world.server.world.add_channel(guild)
    world.server.world.add_member(guild, world.ada)
    async with world.gallery(large) as upstream, world.easel():
        guild.tier = 0  # and the bot was not told
        upstream.open.set()
        world.server.say(world.ada, channel, f"{world.bot_mention} noise")
        message = await world.wait_for_picture(channel)
        assert len(message.attachments[0].data) <= 10 * 1024 * 1024
        assert message.content.endswith(translate("en", "note-shrunk"))
