"""Mentions, replies, direct messages, threads: from the gateway's event to the picture in the same message."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.texts import translate
from tests.servers.discord import Intent, Kind, Permission, Upload
from tests.support.chat_world import reference_sizes
from tests.support.images import png
from tests.wire.discord.easel import DiscordWorld, discord_world, photo


@pytest.fixture
async def place(tmp_path: Path) -> AsyncGenerator[DiscordWorld]:
    async with discord_world(tmp_path) as made:
        yield made


@pytest.fixture
async def open_place(tmp_path: Path) -> AsyncGenerator[DiscordWorld]:
    async with discord_world(tmp_path, allowed=Intent.MESSAGE_CONTENT) as made:
        yield made


def shot(width: int) -> Upload:
    return Upload(filename=f"{width}.png", data=png(size=(width, 40)))


async def test_a_mention_becomes_one_message_that_becomes_the_picture(place: DiscordWorld) -> None:
    async with place.easel():
        asked = place.server.say(place.ada, place.channel, f"{place.me} a red fox", files=[photo()])
        message = await place.picture()
        assert message.reference is not None
        assert message.reference.message is asked
        assert len(message.attachments) == 1
        assert message.attachments[0].description == "a red fox"
        assert "a red fox" in message.content
        assert len(place.mine()) == 1
        assert place.server.pinged() == []
        assert message.unguarded == 0
        assert not place.server.refused


async def test_five_references_arrive_in_order(place: DiscordWorld) -> None:
    async with place.easel():
        files = [shot(width) for width in (50, 51, 52, 53, 54)]
        place.server.say(place.ada, place.channel, f"{place.me} together", files=files)
        await place.picture()
        assert reference_sizes(place.sandbox) == [(width, 40) for width in (50, 51, 52, 53, 54)]


async def test_a_reply_to_a_result_starts_from_that_result(place: DiscordWorld) -> None:
    async with place.easel():
        place.server.say(place.ada, place.channel, f"{place.me} a red fox")
        first = await place.picture()
        place.server.say(place.ada, place.channel, "make it night", files=[shot(50)], reply_to=first)
        second = await place.picture(after=first)
        result = first.attachments[0]
        assert reference_sizes(place.sandbox) == [(result.width, result.height), (50, 40)]
        assert "make it night" in second.content


async def test_a_reply_whose_mention_is_switched_off_is_told_how_to_go_on(place: DiscordWorld) -> None:
    async with place.easel():
        place.server.say(place.ada, place.channel, f"{place.me} a red fox")
        first = await place.picture()
        place.server.say(place.ada, place.channel, "make it night", reply_to=first, ping=False)
        told = await place.answer(after=first)
        assert told.content == translate("en", "discord-hidden", menu="Edit image")


async def test_a_direct_message_needs_no_mention(place: DiscordWorld) -> None:
    async with place.easel():
        home = place.server.world.open_dm(place.ada)
        place.server.say(place.ada, home, "a lighthouse", files=[shot(50)])
        message = await place.picture(home)
        assert "a lighthouse" in message.content
        assert reference_sizes(place.sandbox) == [(50, 40)]


async def test_a_picture_of_somebody_else_that_the_bot_may_not_read_is_pointed_to_the_menu(place: DiscordWorld) -> None:
    async with place.easel():
        bob = place.server.world.add_member(place.guild, "Bob")
        theirs = place.server.say(bob, place.channel, "look", files=[shot(50)])
        place.server.say(place.ada, place.channel, f"{place.me} make it night", reply_to=theirs)
        told = await place.answer()
        assert told.content == translate("en", "discord-hidden", menu="Edit image")
        assert place.sandbox.requests == []


@pytest.mark.parametrize("resolved", [True, False])
async def test_a_picture_of_somebody_else_is_taken_where_the_bot_may_read(
    open_place: DiscordWorld, resolved: bool
) -> None:
    place = open_place
    async with place.easel(message_content=True):
        bob = place.server.world.add_member(place.guild, "Bob")
        theirs = place.server.say(bob, place.channel, "look", files=[shot(50)])
        place.server.say(place.ada, place.channel, f"{place.me} make it night", reply_to=theirs, resolved=resolved)
        await place.picture()
        assert reference_sizes(place.sandbox) == [(50, 40)]


async def test_a_forwarded_picture_counts(place: DiscordWorld) -> None:
    async with place.easel():
        bob = place.server.world.add_member(place.guild, "Bob")
        theirs = place.server.say(bob, place.channel, "look", files=[shot(50)])
        home = place.server.world.open_dm(place.ada)
        forwarded = place.server.forward(place.ada, home, theirs)
        asked = await place.answer(home)
        assert asked.content == translate("en", "refusal-pictures-without-prompt")
        place.server.say(place.ada, home, "make it night", reply_to=forwarded)
        await place.picture(home)
        assert reference_sizes(place.sandbox) == [(50, 40)]
        place.server.violations.clear()  # the description forbids what Discord shows: a reply to a forward


async def test_the_picture_of_an_embed_counts(place: DiscordWorld) -> None:
    async with place.easel():
        stored = place.server.world.store(shot(50))
        address = place.server.cdn.link(stored, place.channel.id)
        embed = {
            "type": "image",
            "url": "https://example.org/a.png",
            "thumbnail": {"url": address, "proxy_url": address},
        }
        place.server.say(place.ada, place.channel, f"{place.me} this, at night", embeds=[embed])
        await place.picture()
        assert reference_sizes(place.sandbox) == [(50, 40)]


async def test_a_reply_to_a_deleted_message_is_answered_in_words(place: DiscordWorld) -> None:
    async with place.easel():
        bob = place.server.world.add_member(place.guild, "Bob")
        theirs = place.server.say(bob, place.channel, "look", files=[shot(50)])
        place.server.delete(theirs)
        place.server.say(place.ada, place.channel, f"{place.me} make it night", reply_to=theirs)
        assert (await place.answer()).content == translate("en", "refusal-reply-gone")


async def test_nothing_in_a_prompt_pings_or_formats(place: DiscordWorld) -> None:
    async with place.easel():
        bob = place.server.world.add_member(place.guild, "Bob")
        prompt = f"@everyone <@{bob.id}> <@1> **loud** [here](https://evil.example) https://evil.example `x`"
        place.server.slash(place.ada, place.channel, "imagine", {"prompt": prompt})
        message = await place.picture()
        assert place.server.pinged() == []
        assert message.unguarded == 1  # "thinking" carries no text
        assert "\\<@1" in message.content
        assert "@everyone" not in message.content
        assert "**" not in message.content.replace("\\*", "")
        assert "https://evil" not in message.content
        sent = place.sandbox.requests[0].prompt
        assert "@everyone" in sent
        assert "**loud**" in sent


async def test_what_is_not_meant_for_the_bot_is_left_alone(open_place: DiscordWorld) -> None:
    place = open_place
    async with place.easel(message_content=True):
        bob = place.server.world.add_member(place.guild, "Bob")
        place.server.say(bob, place.channel, "hello")
        other = place.server.world.add_user("another bot", bot=True)
        place.server.say(other, place.channel, f"{place.me} a red fox")
        place.server.say(place.ada, place.channel, f"{place.me} a blue fox")
        message = await place.picture()
        assert place.mine() == [message]


@pytest.mark.parametrize("kind", ["thread", "post", "voice"])
async def test_it_works_in_threads_forum_posts_and_voice_channels(place: DiscordWorld, kind: str) -> None:
    async with place.easel():
        world = place.server.world
        where = (
            world.add_channel(place.guild, kind=Kind.VOICE)
            if kind == "voice"
            else world.add_thread(place.channel)
            if kind == "thread"
            else world.add_thread(world.add_channel(place.guild, kind=Kind.FORUM))
        )
        place.server.say(place.ada, where, f"{place.me} a red fox")
        await place.picture(where)


async def test_a_thread_that_was_archived_meanwhile_still_gets_its_picture(place: DiscordWorld) -> None:
    async with place.gallery() as upstream, place.easel():
        thread = place.server.world.add_thread(place.channel)
        place.server.say(place.ada, thread, f"{place.me} a red fox")
        await place.answer(thread)
        await upstream.fetched.wait()
        place.server.archive(thread)
        upstream.open.set()
        await place.picture(thread)
        assert not thread.archived


async def test_missing_permissions_are_said_to_the_member(place: DiscordWorld) -> None:
    async with place.easel():
        mute = place.server.world.add_channel(place.guild, denied=Permission.SEND_MESSAGES)
        bare = place.server.world.add_channel(place.guild, denied=Permission.ATTACH_FILES)
        place.server.say(place.ada, mute, f"{place.me} a red fox")
        home = place.server.world.open_dm(place.ada)
        assert "Send Messages" in (await place.answer(home)).content
        place.server.say(place.ada, bare, f"{place.me} a red fox")
        assert "Attach Files" in (await place.answer(bare)).content
        assert place.sandbox.requests == []


async def test_a_deleted_status_message_cancels_the_job(place: DiscordWorld) -> None:
    async with place.gallery(), place.easel() as easel:
        place.server.say(place.ada, place.channel, f"{place.me} a red fox")
        message = await place.answer()
        place.server.delete(message)
        await place.settled(easel)
        assert place.mine() == []
        history = await easel.app.store.history(f"discord:{place.ada.id}")
        assert [job.state.value for job in history] == ["cancelled"]


async def test_a_spoiler_stays_one(place: DiscordWorld) -> None:
    async with place.easel():
        hidden = Upload(filename="SPOILER_50.png", data=png(size=(50, 40)))
        place.server.say(place.ada, place.channel, f"{place.me} a red fox", files=[hidden])
        message = await place.picture()
        assert message.attachments[0].spoiler


async def test_a_channel_may_hide_all_pictures(place: DiscordWorld) -> None:
    async with place.easel(spoiler_channels=[str(place.channel.id)]):
        place.server.say(place.ada, place.channel, f"{place.me} a red fox")
        assert (await place.picture()).attachments[0].spoiler


async def test_roles_give_credits(place: DiscordWorld) -> None:
    artist = place.server.world.add_role(place.guild, "artist")
    patron = place.server.world.add_role(place.guild, "patron")
    place.settings["limits"] = {"roles": {str(artist.id): 70, f"discord:role:{patron.id}": 90}}
    bob = place.server.world.add_member(place.guild, "Bob", roles=[artist, patron])
    async with place.easel():
        place.server.slash(bob, place.channel, "quota")
        assert (await place.answer()).content.startswith("90 credits left")
        place.server.slash(place.ada, place.channel, "quota")
        assert (await place.answer(after=place.mine()[-1])).content.startswith("50 credits left")
        home = place.server.world.open_dm(bob)
        place.server.slash(bob, home, "quota")
        assert (await place.answer(home)).content.startswith("90 credits left")
