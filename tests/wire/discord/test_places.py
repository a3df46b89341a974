"""Channels that do not take pictures: known before anything is painted, and said once."""

import pytest

from adapters.discord import ids
from bot.chat import Action, Card
from bot.job import State
from bot.texts import translate
from tests.servers.discord import Permission
from tests.servers.discord.entities import NOTHING
from tests.support.waiting import wait_until
from tests.support.world import reference_sizes
from tests.wire.discord.easel import DiscordWorld, button, done, photo

FILES = translate("en", "discord-no-permission", missing="Attach Files")


async def test_where_no_files_may_be_attached_it_is_said_once_and_nothing_is_painted(
    world: DiscordWorld,
) -> None:
    world.channel.denied = Permission.ATTACH_FILES
    async with world.easel():
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a fox")
        said = await world.wait_for_reply()
        asked = world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a fox"})
        await world.until(lambda: asked.answered)
        assert (said.content.replace("\\", ""), said.components) == (FILES, [])
        assert world.bot_messages() == [said, asked.original]
        assert world.sandbox.requests == []
        world.channel.denied = NOTHING  # which Discord has not told yet
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a fox")
        await world.wait_for_picture()
        assert await world.available_credits() == 49


@pytest.mark.forms(2)
@pytest.mark.parametrize(
    ("denied", "names"),
    [
        (Permission.SEND_MESSAGES, "Send Messages"),
        (Permission.READ_MESSAGE_HISTORY, "Read Message History"),
        (Permission.ATTACH_FILES | Permission.SEND_MESSAGES, "Send Messages, Attach Files"),
    ],
)
async def test_what_else_is_missing_is_named(world: DiscordWorld, denied: Permission, names: str) -> None:
    world.channel.denied = denied
    async with world.easel():
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a fox")
        said = await world.wait_for_reply(world.server.world.open_dm(world.ada))
        assert said.content == translate("en", "discord-no-permission", missing=names)
        assert world.sandbox.requests == []


async def test_without_embed_links_pictures_come_and_long_texts_are_cut(world: DiscordWorld) -> None:
    world.channel.denied = Permission.EMBED_LINKS
    async with world.easel() as easel:
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a fox")
        await world.wait_for_picture()
        chat = ids.make_chat(world.guild.id, world.channel.id, direct=False)
        ref = await easel.discord.post(chat, Card(text="word " * 600), reply_to=None, key="long")
        [long] = [one for one in world.bot_messages() if str(one.id) == ref.message_id]
        assert long.content.startswith("word word")
        assert len(long.content) <= 2000


async def test_a_thread_needs_permissions_of_its_own(world: DiscordWorld) -> None:
    world.channel.denied = Permission.SEND_MESSAGES
    thread = world.server.world.add_thread(world.channel)
    async with world.easel():
        world.server.say(world.ada, thread, f"{world.bot_mention} a fox")
        await world.wait_for_picture(thread)
        world.server.deny(world.channel, Permission.SEND_MESSAGES_IN_THREADS)
        world.server.say(world.ada, thread, f"{world.bot_mention} a fox")
        said = await world.wait_for_reply(world.server.world.open_dm(world.ada))
        assert said.content == translate("en", "discord-no-permission", missing="Send Messages in Threads")


@pytest.mark.forms(1)
@pytest.mark.parametrize("way", ["command", "menu", "retry", "edit"])
async def test_a_command_or_button_where_no_files_may_be_attached_is_answered_to_its_user_alone(
    world: DiscordWorld, way: str
) -> None:
    async with world.easel():
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a fox")
        picture = await world.wait_for_picture()
        painted = len(world.sandbox.requests)
        world.channel.denied = Permission.ATTACH_FILES
        if way == "command":
            asked = world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a fox"})
        elif way == "menu":
            target = world.server.say(world.ada, world.channel, "look", files=[photo()])
            asked = world.server.message_menu(world.ada, translate("en", "discord-menu-edit"), target)
        else:
            asked = world.server.click(world.ada, picture, button(picture, Action(way)))
        said = await world.until(lambda: asked.original)
        assert said is not None
        assert (said.content.replace("\\", ""), said.ephemeral) == (FILES, True)
        assert len(world.sandbox.requests) == painted


@pytest.mark.forms(1)
@pytest.mark.parametrize("slash", [False, True])
async def test_a_picture_that_was_refused_is_not_painted_again(world: DiscordWorld, slash: bool) -> None:
    """Discord has not told of the change: what it refuses counts."""
    async with world.gallery() as upstream, world.easel():
        if slash:
            world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a fox"})
        else:
            world.server.say(world.ada, world.channel, f"{world.bot_mention} a fox")
        status = await world.wait_for_reply()
        await upstream.fetched.wait()
        world.channel.denied = Permission.ATTACH_FILES
        upstream.open.set()
        await world.until(lambda: status.content == translate("en", "failed-undelivered"))
        await world.wait_until_settled()
        assert status.custom_ids == []
        assert await world.available_credits() == 50
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a fox")
        assert (await world.wait_for_reply(after=status)).content == FILES
        assert upstream.asked == 1


@pytest.mark.forms(1)
@pytest.mark.parametrize("gone", ["guild", "channel"])
async def test_what_waits_in_a_place_that_is_gone_is_not_painted(world: DiscordWorld, gone: str) -> None:
    world.settings["jobs"] = {"concurrency": 1}
    async with world.gallery() as upstream, world.easel() as easel:
        home = world.server.world.open_dm(world.ada)
        world.server.say(world.ada, home, "a dog")
        await upstream.fetched.wait()
        bob = world.server.world.add_member(world.guild, "Bob")
        world.server.say(bob, world.channel, f"{world.bot_mention} a fox")
        await world.wait_for_reply()
        if gone == "guild":
            world.server.kick(world.guild)
        else:
            world.server.remove_channel(world.channel)

        async def ended() -> bool:
            [job] = await easel.app.store.history(f"discord:{bob.id}")
            return job.state is State.CANCELLED

        await wait_until(ended)
        upstream.open.set()
        await world.until(lambda: done(world.bot_messages(home)[-1]))
        await world.wait_until_settled()
        assert upstream.asked == 1


# ---------------------------------------------------------------- AutoMod


@pytest.mark.forms(1)
@pytest.mark.parametrize("slash", [False, True])
async def test_a_picture_whose_caption_is_moderated_is_delivered_without_the_prompt(
    world: DiscordWorld, slash: bool
) -> None:
    world.guild.blocked_words = ("fox",)
    async with world.easel():
        if slash:
            world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a red fox"})
        else:
            world.server.say(world.ada, world.channel, f"{world.bot_mention} a red fox")
        picture = await world.wait_for_picture()
        assert len(picture.attachments) == 1
        assert "fox" not in picture.content
        assert "1 credit" in picture.content
        assert picture.attachments[0].description is None
        assert await world.available_credits() == 49
        assert reference_sizes(world.sandbox) == []


async def test_a_message_none_of_whose_words_are_let_through_is_tried_once_and_remembered(world: DiscordWorld) -> None:
    world.guild.blocked_words = ("painting", "getting ready", "sending", "waiting", "credit", "fox")
    async with world.easel():
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a red fox")
        picture = await world.wait_for_picture()
        assert len(picture.attachments) == 1
        refused = [one for one in world.server.requests if one.status == 400]
        assert len(refused) <= 4  # the first post, and the picture with its prompt: each with its plain words
