"""Privacy and access lists in Discord: ephemeral replies, deleted uploads, no interaction left "thinking"."""

import pytest

from bot.errors import Banned, ChatBanned, Closed, TooFast
from bot.handlers.admission import REPLIES_PER_WINDOW
from bot.texts import LOCALES, translate, translate_error
from tests.servers.discord import Interaction, Message, Permission
from tests.support.databases import query
from tests.wire.discord.easel import DiscordWorld, photo


async def answered(world: DiscordWorld, asked: Interaction) -> str:
    """The ephemeral reply to a command."""
    await world.until(lambda: asked.original and not asked.original.loading)
    assert asked.original is not None
    assert asked.original.ephemeral
    return asked.original.content.replace("\\", "")


def kept(world: DiscordWorld) -> int:
    """Number of uploads in the database."""
    [(count,)] = query(world.database_url, "SELECT COUNT(*) FROM blob_cache")
    return int(str(count))


@pytest.mark.forms(2)
@pytest.mark.parametrize("locale", LOCALES)
async def test_the_reply_to_privacy_is_ephemeral(world: DiscordWorld, locale: str) -> None:
    world.settings |= {"privacy": {"retention_days": 30}}
    jade = world.server.world.add_member(world.guild, "Jade", locale={"zh": "zh-CN", "en": "en-US"}.get(locale, locale))
    async with world.easel():
        said = await answered(world, world.server.slash(jade, world.channel, "privacy"))
        assert said == translate(locale, "answer-privacy", days=30)


async def test_forget_deletes_uploads_too(world: DiscordWorld) -> None:
    async with world.easel() as easel:
        world.server.slash(world.ada, world.channel, "imagine", {"prompt": "make it night", "image": photo()})
        await world.wait_for_picture()
        assert kept(world) == 1
        said = await answered(world, world.server.slash(world.ada, world.channel, "forget"))
        assert said == translate("en", "answer-forgotten", count=1)
        assert kept(world) == 0
        assert await easel.app.store.history(f"discord:{world.ada.id}") == []
        history = await answered(world, world.server.slash(world.ada, world.channel, "history"))
        assert history == translate("en", "answer-history-empty")


async def test_every_refused_interaction_is_answered(world: DiscordWorld) -> None:
    world.settings |= {"access": {"blocked_users": [f"discord:{world.ada.id}"]}}
    async with world.easel():
        for _ in range(3):
            asked = world.server.slash(world.ada, world.channel, "quota")
            assert await answered(world, asked) == translate_error("en", Banned())
        world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a fox"})
        assert (await world.wait_for_reply()).content == translate_error("en", Banned())
        assert world.sandbox.requests == []


async def test_a_flood_of_mentions_leaves_the_channel_to_the_others(world: DiscordWorld) -> None:
    bob = world.server.world.add_member(world.guild, "Bob")
    world.settings |= {"limits": {"user_per_minute": 5}}
    async with world.easel():
        for _ in range(300):
            world.server.say(world.ada, world.channel, f"{world.bot_mention} /help")
        world.server.say(bob, world.channel, f"{world.bot_mention} a fox")
        await world.wait_for_picture()
        too_fast = [translate_error("en", TooFast(seconds=seconds)) for seconds in range(1, 61)]
        words = [one.content.replace("\\", "") for one in world.bot_messages() if one.content]
        assert len([text for text in words if text in too_fast]) <= 1
        assert len(words) <= 5 + 1 + 1  # what was let in, the one refusal, the picture


async def test_a_thread_of_a_blocked_channel_is_blocked(world: DiscordWorld) -> None:
    server_world = world.server.world
    world.settings |= {"access": {"blocked_chats": [f"discord:{world.guild.id}/{world.channel.id}"]}}
    async with world.easel():
        thread = server_world.add_thread(world.channel)
        world.server.say(world.ada, thread, f"{world.bot_mention} a fox")
        assert (await world.wait_for_reply(thread)).content == translate_error("en", ChatBanned())
        asked = world.server.slash(world.ada, thread, "quota")
        assert await answered(world, asked) == translate_error("en", ChatBanned())
        other = server_world.add_channel(world.guild, "elsewhere")
        world.server.say(world.ada, other, f"{world.bot_mention} a fox")
        await world.wait_for_picture(other)
        assert len(world.sandbox.requests) == 1


async def test_an_allowed_server_allows_all_its_channels(world: DiscordWorld) -> None:
    world.settings |= {"access": {"allowed_chats": [f"discord:{world.guild.id}"]}}
    async with world.easel():
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a fox")
        await world.wait_for_picture()
        thread = world.server.world.add_thread(world.channel)
        world.server.slash(world.ada, thread, "imagine", {"prompt": "a hare"})
        await world.wait_for_picture(thread)
        home = world.server.world.open_dm(world.ada)
        world.server.say(world.ada, home, "a fox")
        assert (await world.wait_for_reply(home)).content == translate_error("en", Closed())


@pytest.mark.forms(1)
@pytest.mark.parametrize("mute", [False, True])
@pytest.mark.thorough
async def test_a_flood_of_invalid_requests_gets_few_replies(world: DiscordWorld, mute: bool) -> None:
    """Replies of the adapter itself: missing permissions, in a direct message; a message that it may not read."""
    server_world = world.server.world
    where = server_world.add_channel(world.guild, denied=Permission.SEND_MESSAGES) if mute else world.channel
    bob = server_world.add_member(world.guild, "Bob")
    theirs = world.server.say(bob, where, "look", files=[photo()])
    async with world.easel():
        for _ in range(40):
            world.server.say(world.ada, where, f"{world.bot_mention} make it night", reply_to=theirs)
        world.server.say(bob, world.channel, f"{world.bot_mention} a fox")
        await world.wait_for_picture()

        def told() -> list[Message]:
            said = world.bot_messages(server_world.open_dm(world.ada)) if mute else world.bot_messages()
            return [one for one in said if not one.attachments]

        await world.until(lambda: len(told()) >= REPLIES_PER_WINDOW + 1)  # Discord lets five be said in five seconds
    assert len(told()) == REPLIES_PER_WINDOW + 1  # and the one refusal
