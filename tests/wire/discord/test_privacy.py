"""Privacy and closed doors in Discord: answers for the member alone, uploads that go, nobody left "thinking"."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.errors import Banned, ChatBanned, Closed, TooFast
from bot.handlers.admission import REPLIES_PER_WINDOW
from bot.texts import LOCALES, translate, translate_error
from tests.flow.store.stores import query
from tests.servers.discord import Interaction, Message, Permission
from tests.wire.discord.easel import DiscordWorld, discord_world, photo


@pytest.fixture
async def place(tmp_path: Path) -> AsyncGenerator[DiscordWorld]:
    async with discord_world(tmp_path) as made:
        yield made


async def answered(place: DiscordWorld, asked: Interaction) -> str:
    """What the member alone is told."""
    await place.until(lambda: asked.original and not asked.original.loading)
    assert asked.original is not None
    assert asked.original.ephemeral
    return asked.original.content.replace("\\", "")


def kept(place: DiscordWorld) -> int:
    """How many uploads lie in the database."""
    [(count,)] = query(f"sqlite:///{place.folder / 'easel.db'}", "SELECT COUNT(*) FROM blob_cache")
    return int(str(count))


@pytest.mark.parametrize("locale", LOCALES)
async def test_privacy_is_told_to_the_member_alone(place: DiscordWorld, locale: str) -> None:
    place.settings |= {"privacy": {"retention_days": 30}}
    jade = place.server.world.add_member(place.guild, "Jade", locale={"zh": "zh-CN", "en": "en-US"}.get(locale, locale))
    async with place.easel():
        said = await answered(place, place.server.slash(jade, place.channel, "privacy"))
        assert said == translate(locale, "answer-privacy", days=30)


async def test_forgetting_takes_uploads_along(place: DiscordWorld) -> None:
    async with place.easel() as easel:
        place.server.slash(place.ada, place.channel, "imagine", {"prompt": "make it night", "image": photo()})
        await place.picture()
        assert kept(place) == 1
        said = await answered(place, place.server.slash(place.ada, place.channel, "forget"))
        assert said == translate("en", "answer-forgotten", count=1)
        assert kept(place) == 0
        assert await easel.app.store.history(f"discord:{place.ada.id}") == []
        history = await answered(place, place.server.slash(place.ada, place.channel, "history"))
        assert history == translate("en", "answer-history-empty")


async def test_nobody_who_is_turned_away_is_left_thinking(place: DiscordWorld) -> None:
    place.settings |= {"access": {"blocked_users": [f"discord:{place.ada.id}"]}}
    async with place.easel():
        for _ in range(3):
            asked = place.server.slash(place.ada, place.channel, "quota")
            assert await answered(place, asked) == translate_error("en", Banned())
        place.server.slash(place.ada, place.channel, "imagine", {"prompt": "a fox"})
        assert (await place.answer()).content == translate_error("en", Banned())
        assert place.sandbox.requests == []


async def test_a_flood_of_mentions_leaves_the_channel_to_the_others(place: DiscordWorld) -> None:
    bob = place.server.world.add_member(place.guild, "Bob")
    place.settings |= {"limits": {"user_per_minute": 5}}
    async with place.easel():
        for _ in range(300):
            place.server.say(place.ada, place.channel, f"{place.me} /help")
        place.server.say(bob, place.channel, f"{place.me} a fox")
        await place.picture()
        too_fast = [translate_error("en", TooFast(seconds=seconds)) for seconds in range(1, 61)]
        words = [one.content.replace("\\", "") for one in place.mine() if one.content]
        assert len([text for text in words if text in too_fast]) <= 1
        assert len(words) <= 5 + 1 + 1  # what was let in, the one refusal, the picture


async def test_a_thread_is_no_way_around_a_blocked_channel(place: DiscordWorld) -> None:
    world = place.server.world
    place.settings |= {"access": {"blocked_chats": [f"discord:{place.guild.id}/{place.channel.id}"]}}
    async with place.easel():
        thread = world.add_thread(place.channel)
        place.server.say(place.ada, thread, f"{place.me} a fox")
        assert (await place.answer(thread)).content == translate_error("en", ChatBanned())
        asked = place.server.slash(place.ada, thread, "quota")
        assert await answered(place, asked) == translate_error("en", ChatBanned())
        other = world.add_channel(place.guild, "elsewhere")
        place.server.say(place.ada, other, f"{place.me} a fox")
        await place.picture(other)
        assert len(place.sandbox.requests) == 1


async def test_a_server_is_opened_with_all_that_lies_in_it(place: DiscordWorld) -> None:
    place.settings |= {"access": {"allowed_chats": [f"discord:{place.guild.id}"]}}
    async with place.easel():
        place.server.say(place.ada, place.channel, f"{place.me} a fox")
        await place.picture()
        thread = place.server.world.add_thread(place.channel)
        place.server.slash(place.ada, thread, "imagine", {"prompt": "a hare"})
        await place.picture(thread)
        home = place.server.world.open_dm(place.ada)
        place.server.say(place.ada, home, "a fox")
        assert (await place.answer(home)).content == translate_error("en", Closed())


@pytest.mark.parametrize("mute", [False, True])
async def test_a_flood_of_what_cannot_be_done_is_answered_a_little(place: DiscordWorld, mute: bool) -> None:
    """Words of the adapter's own: that permissions are missing, said in private; that it may not read something."""
    world = place.server.world
    where = world.add_channel(place.guild, denied=Permission.SEND_MESSAGES) if mute else place.channel
    bob = world.add_member(place.guild, "Bob")
    theirs = place.server.say(bob, where, "look", files=[photo()])
    async with place.easel():
        for _ in range(40):
            place.server.say(place.ada, where, f"{place.me} make it night", reply_to=theirs)
        place.server.say(bob, place.channel, f"{place.me} a fox")
        await place.picture()

        def told() -> list[Message]:
            said = place.mine(world.open_dm(place.ada)) if mute else place.mine()
            return [one for one in said if not one.attachments]

        await place.until(lambda: len(told()) >= REPLIES_PER_WINDOW + 1)  # Discord lets five be said in five seconds
    assert len(told()) == REPLIES_PER_WINDOW + 1  # and the one refusal
