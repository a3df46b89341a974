"""Marks in Discord: a member draws on the bot's picture and replies with it; nothing else moves."""

import pytest

from bot.providers.marks import MARKS_WORDS
from tests.servers.discord import Upload
from tests.support.marked_copies import INSIDE, OUTSIDE, differ, encircled
from tests.wire.discord.easel import DiscordWorld


async def test_what_is_encircled_changes_and_the_rest_is_as_it_was(world: DiscordWorld) -> None:
    async with world.easel():
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a red fox")
        first = await world.wait_for_picture()
        [picture] = first.attachments
        marked = Upload(filename="marked.jpg", data=encircled(picture.data))
        world.server.say(world.ada, world.channel, "make it night", files=[marked], reply_to=first)
        second = await world.wait_for_picture(after=first)
        assert world.sandbox.requests[-1].prompt == "make it night" + MARKS_WORDS
        [edited] = second.attachments
        assert differ(picture.data, edited.data, INSIDE)
        assert not differ(picture.data, edited.data, OUTSIDE)
        assert "make it night" in second.content
        assert MARKS_WORDS.strip() not in second.content
        assert await world.available_credits() == 48


@pytest.mark.thorough
async def test_a_model_that_takes_marks_as_a_layer_gets_them_so_and_the_others_stand_in_with_the_copy(
    world: DiscordWorld,
) -> None:
    taking = world.provider(name="layer", dialect="images", model="gpt-image-2.6-flare", markup=True)
    world.settings["providers"] = [taking, world.provider(name="copy")]
    async with world.easel():
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a red fox")
        first = await world.wait_for_picture()
        [picture] = first.attachments
        for words, is_layer in (("make it night", True), ("make it night [[images/500]]", False)):
            marked = Upload(filename="marked.jpg", data=encircled(picture.data))
            asked = world.server.say(world.ada, world.channel, words, files=[marked], reply_to=first)
            second = await world.wait_for_picture(after=asked)
            sent = world.sandbox.requests[-1]
            assert (sent.markup is not None, len(sent.references)) == (is_layer, 1 if is_layer else 2)
            assert sent.prompt.endswith(MARKS_WORDS) != is_layer
            [edited] = second.attachments
            assert differ(picture.data, edited.data, INSIDE)
            assert not differ(picture.data, edited.data, OUTSIDE)
