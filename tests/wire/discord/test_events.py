"""Mentions, replies, direct messages, threads: from the gateway's event to the picture in the same message."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.texts import translate
from tests.servers.discord import Intent, Kind, Permission, Upload
from tests.support.images import png
from tests.support.world import reference_sizes
from tests.wire.discord.easel import DiscordWorld, discord_world, photo


@pytest.fixture
async def open_place(tmp_path: Path) -> AsyncGenerator[DiscordWorld]:
    async with discord_world(tmp_path, allowed=Intent.MESSAGE_CONTENT) as made:
        yield made


def shot(width: int) -> Upload:
    return Upload(filename=f"{width}.png", data=png(size=(width, 40)))


async def test_a_mention_becomes_one_message_that_becomes_the_picture(world: DiscordWorld) -> None:
    async with world.easel():
        asked = world.server.say(world.ada, world.channel, f"{world.bot_mention} a red fox", files=[photo()])
        message = await world.wait_for_picture()
        assert message.reference is not None
        assert message.reference.message is asked
        assert len(message.attachments) == 1
        assert message.attachments[0].description == "a red fox"
        assert "a red fox" in message.content
        assert len(world.bot_messages()) == 1
        assert world.server.pinged() == []
        assert message.unguarded == 0
        assert not world.server.refused


async def test_five_references_arrive_in_order(world: DiscordWorld) -> None:
    async with world.easel():
        files = [shot(width) for width in (50, 51, 52, 53, 54)]
        world.server.say(world.ada, world.channel, f"{world.bot_mention} together", files=files)
        await world.wait_for_picture()
        assert reference_sizes(world.sandbox) == [(width, 40) for width in (50, 51, 52, 53, 54)]


async def test_a_reply_to_a_result_starts_from_that_result(world: DiscordWorld) -> None:
    async with world.easel():
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a red fox")
        first = await world.wait_for_picture()
        world.server.say(world.ada, world.channel, "make it night", files=[shot(50)], reply_to=first)
        second = await world.wait_for_picture(after=first)
        result = first.attachments[0]
        assert reference_sizes(world.sandbox) == [(result.width, result.height), (50, 40)]
        assert "make it night" in second.content


async def test_a_reply_without_a_mention_is_answered_with_a_hint(world: DiscordWorld) -> None:
    async with world.easel():
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a red fox")
        first = await world.wait_for_picture()
        world.server.say(world.ada, world.channel, "make it night", reply_to=first, ping=False)
        told = await world.wait_for_reply(after=first)
        assert told.content == translate("en", "discord-hidden", menu="Edit image")


async def test_a_direct_message_needs_no_mention(world: DiscordWorld) -> None:
    async with world.easel():
        home = world.server.world.open_dm(world.ada)
        world.server.say(world.ada, home, "a lighthouse", files=[shot(50)])
        message = await world.wait_for_picture(home)
        assert "a lighthouse" in message.content
        assert reference_sizes(world.sandbox) == [(50, 40)]


async def test_a_reply_to_a_hidden_picture_of_another_user_is_answered_with_the_menu(world: DiscordWorld) -> None:
    async with world.easel():
        bob = world.server.world.add_member(world.guild, "Bob")
        theirs = world.server.say(bob, world.channel, "look", files=[shot(50)])
        world.server.say(world.ada, world.channel, f"{world.bot_mention} make it night", reply_to=theirs)
        told = await world.wait_for_reply()
        assert told.content == translate("en", "discord-hidden", menu="Edit image")
        assert world.sandbox.requests == []


@pytest.mark.forms(1)
@pytest.mark.parametrize("resolved", [True, False])
async def test_a_picture_of_another_user_is_a_reference_where_the_bot_may_read_it(
    open_place: DiscordWorld, resolved: bool
) -> None:
    world = open_place
    async with world.easel(message_content=True):
        bob = world.server.world.add_member(world.guild, "Bob")
        theirs = world.server.say(bob, world.channel, "look", files=[shot(50)])
        world.server.say(
            world.ada, world.channel, f"{world.bot_mention} make it night", reply_to=theirs, resolved=resolved
        )
        await world.wait_for_picture()
        assert reference_sizes(world.sandbox) == [(50, 40)]


async def test_a_forwarded_picture_is_a_reference(world: DiscordWorld) -> None:
    async with world.easel():
        bob = world.server.world.add_member(world.guild, "Bob")
        theirs = world.server.say(bob, world.channel, "look", files=[shot(50)])
        home = world.server.world.open_dm(world.ada)
        forwarded = world.server.forward(world.ada, home, theirs)
        asked = await world.wait_for_reply(home)
        assert asked.content == translate("en", "refusal-pictures-without-prompt")
        world.server.say(world.ada, home, "make it night", reply_to=forwarded)
        await world.wait_for_picture(home)
        assert reference_sizes(world.sandbox) == [(50, 40)]
        world.server.violations.clear()  # the description forbids what Discord shows: a reply to a forward


async def test_the_picture_of_an_embed_is_a_reference(world: DiscordWorld) -> None:
    async with world.easel():
        stored = world.server.world.store(shot(50))
        address = world.server.cdn.link(stored, world.channel.id)
        embed = {
            "type": "image",
            "url": "https://example.org/a.png",
            "thumbnail": {"url": address, "proxy_url": address},
        }
        world.server.say(world.ada, world.channel, f"{world.bot_mention} this, at night", embeds=[embed])
        await world.wait_for_picture()
        assert reference_sizes(world.sandbox) == [(50, 40)]


async def test_a_reply_to_a_deleted_message_is_answered_in_words(world: DiscordWorld) -> None:
    async with world.easel():
        bob = world.server.world.add_member(world.guild, "Bob")
        theirs = world.server.say(bob, world.channel, "look", files=[shot(50)])
        world.server.delete(theirs)
        world.server.say(world.ada, world.channel, f"{world.bot_mention} make it night", reply_to=theirs)
        assert (await world.wait_for_reply()).content == translate("en", "refusal-reply-gone")


@pytest.mark.forms(1)
@pytest.mark.parametrize("how", ["message", "slash", "form"])
async def test_discords_markup_is_read_as_words(world: DiscordWorld, how: str) -> None:
    async with world.easel():
        role, channel = world.guild.roles[-1], world.channel
        prompt = f"a <:fox:123> for <#{channel.id}> and <@&{role.id}>"
        if how == "message":
            world.server.say(world.ada, channel, f"{world.bot_mention} {prompt}")
        elif how == "slash":
            world.server.slash(world.ada, channel, "imagine", {"prompt": f"{world.bot_mention} {prompt}"})
        else:
            world.server.say(world.ada, channel, world.bot_mention)
            asked = await world.wait_for_reply()
            opened = world.server.click(world.ada, asked, asked.custom_ids[0])
            await world.until(lambda: opened.modal)
            world.server.modal_submit(opened, {"prompt": prompt})
        await world.wait_for_picture()
        read = f"a :fox: for #{channel.name} and @{role.name.removeprefix('@')}"
        assert [each.prompt for each in world.sandbox.requests] == [read]


async def test_nothing_in_a_prompt_pings_or_formats(world: DiscordWorld) -> None:
    async with world.easel():
        bob = world.server.world.add_member(world.guild, "Bob")
        prompt = f"@everyone <@{bob.id}> <@1> **loud** [here](https://evil.example) https://evil.example `x`"
        world.server.slash(world.ada, world.channel, "imagine", {"prompt": prompt})
        message = await world.wait_for_picture()
        assert world.server.pinged() == []
        assert message.unguarded == 1  # "thinking" carries no text
        assert "\\<@1" in message.content
        assert "@everyone" not in message.content
        assert "**" not in message.content.replace("\\*", "")
        assert "https://evil" not in message.content
        sent = world.sandbox.requests[0].prompt
        assert "@everyone" in sent
        assert "**loud**" in sent


async def test_messages_not_addressed_to_the_bot_are_ignored(open_place: DiscordWorld) -> None:
    world = open_place
    async with world.easel(message_content=True):
        bob = world.server.world.add_member(world.guild, "Bob")
        world.server.say(bob, world.channel, "hello")
        other = world.server.world.add_user("another bot", bot=True)
        world.server.say(other, world.channel, f"{world.bot_mention} a red fox")
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a blue fox")
        message = await world.wait_for_picture()
        assert world.bot_messages() == [message]


@pytest.mark.forms(1)
@pytest.mark.parametrize("kind", ["thread", "post", "voice"])
async def test_it_works_in_threads_forum_posts_and_voice_channels(world: DiscordWorld, kind: str) -> None:
    async with world.easel():
        server_world = world.server.world
        where = (
            server_world.add_channel(world.guild, kind=Kind.VOICE)
            if kind == "voice"
            else server_world.add_thread(world.channel)
            if kind == "thread"
            else server_world.add_thread(server_world.add_channel(world.guild, kind=Kind.FORUM))
        )
        world.server.say(world.ada, where, f"{world.bot_mention} a red fox")
        await world.wait_for_picture(where)


async def test_a_thread_that_was_archived_meanwhile_still_gets_its_picture(world: DiscordWorld) -> None:
    async with world.gallery() as upstream, world.easel():
        thread = world.server.world.add_thread(world.channel)
        world.server.say(world.ada, thread, f"{world.bot_mention} a red fox")
        await world.wait_for_reply(thread)
        await upstream.fetched.wait()
        world.server.archive(thread)
        upstream.open.set()
        await world.wait_for_picture(thread)
        assert not thread.archived


async def test_missing_permissions_are_reported_to_the_user(world: DiscordWorld) -> None:
    async with world.easel():
        mute = world.server.world.add_channel(world.guild, denied=Permission.SEND_MESSAGES)
        bare = world.server.world.add_channel(world.guild, denied=Permission.ATTACH_FILES)
        world.server.say(world.ada, mute, f"{world.bot_mention} a red fox")
        home = world.server.world.open_dm(world.ada)
        assert "Send Messages" in (await world.wait_for_reply(home)).content
        world.server.say(world.ada, bare, f"{world.bot_mention} a red fox")
        assert "Attach Files" in (await world.wait_for_reply(bare)).content
        assert world.sandbox.requests == []


async def test_a_deleted_status_message_cancels_the_job(world: DiscordWorld) -> None:
    async with world.gallery(), world.easel() as easel:
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a red fox")
        message = await world.wait_for_reply()
        world.server.delete(message)
        await world.wait_until_settled()
        assert world.bot_messages() == []
        history = await easel.app.store.history(f"discord:{world.ada.id}")
        assert [job.state.value for job in history] == ["cancelled"]


async def test_a_reference_marked_as_a_spoiler_gives_a_spoiler(world: DiscordWorld) -> None:
    async with world.easel():
        hidden = Upload(filename="SPOILER_50.png", data=png(size=(50, 40)))
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a red fox", files=[hidden])
        message = await world.wait_for_picture()
        assert message.attachments[0].spoiler


async def test_a_channel_setting_makes_every_picture_a_spoiler(world: DiscordWorld) -> None:
    async with world.easel(spoiler_channels=[str(world.channel.id)]):
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a red fox")
        assert (await world.wait_for_picture()).attachments[0].spoiler


async def test_roles_give_credits(world: DiscordWorld) -> None:
    artist = world.server.world.add_role(world.guild, "artist")
    patron = world.server.world.add_role(world.guild, "patron")
    world.settings["limits"] = {"roles": {str(artist.id): 70, f"discord:role:{patron.id}": 90}}
    bob = world.server.world.add_member(world.guild, "Bob", roles=[artist, patron])
    async with world.easel():
        world.server.slash(bob, world.channel, "quota")
        assert (await world.wait_for_reply()).content.startswith("90 credits left")
        world.server.slash(world.ada, world.channel, "quota")
        assert (await world.wait_for_reply(after=world.bot_messages()[-1])).content.startswith("50 credits left")
        home = world.server.world.open_dm(bob)
        world.server.slash(bob, home, "quota")
        assert (await world.wait_for_reply(home)).content.startswith("90 credits left")
