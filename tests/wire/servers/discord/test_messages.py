"""The Discord of the tests: posting and editing, permissions, rate limits, faults, links."""

import asyncio
import io
from typing import Any

import aiohttp
import discord
import pytest
import yarl
from discord.http import handle_message_parameters

from tests.servers.discord import Channel, Kind, Limits, Permission, Rate, Upload
from tests.servers.discord.limits import Buckets
from tests.servers.discord.mentions import mentioned_by
from tests.servers.discord.sample_bot import SampleBot, Scene, channel_of, png, running
from tests.support.clocks import FakeClock

POST = "/channels/{channel_id}/messages"
MESSAGE = POST + "/{message_id}"
ORIGINAL = "/webhooks/{webhook_id}/{webhook_token}/messages/@original"


async def test_a_message_is_answered_edited_and_given_a_file(place: Scene) -> None:
    server = place.server
    async with running(server) as bot:
        asked = server.say(place.ada, place.channel, f"<@{server.world.bot.id}> a cat")
        heard = await bot.messages.get()
        answer = await heard.reply("working")
        stored = server.world.messages[answer.id]
        assert stored.reference is not None
        assert stored.reference.message is asked
        await answer.edit(content="done", attachments=[discord.File(io.BytesIO(png()), "cat.png")])
        assert stored.versions == ["working", "done"]
        assert [(one.filename, one.data, one.width) for one in stored.attachments] == [("cat.png", png(), 3)]
        assert stored.unguarded == 0
        assert server.pinged() == []


async def test_attachments_are_kept_appended_replaced_and_removed(place: Scene) -> None:
    def file(name: str) -> discord.File:
        return discord.File(io.BytesIO(name.encode()), name)

    async with running(place.server) as bot:
        message = await channel_of(bot, place.channel).send("x", files=[file("a"), file("b")])
        stored = place.channel.last

        def names() -> list[str]:
            return [one.filename for one in stored.attachments]

        message = await message.edit(content="y")
        assert names() == ["a", "b"]
        message = await message.add_files(file("c"))
        assert names() == ["a", "b", "c"]
        message = await message.edit(attachments=[file("d"), message.attachments[1]])
        assert names() == ["b", "d"]  # new ones come last
        await message.edit(attachments=[])
        assert names() == []


async def test_too_much_of_anything_is_refused(place: Scene) -> None:
    async def code(**what: Any) -> int:
        with pytest.raises(discord.HTTPException) as failure:
            await where.send(**what)
        return failure.value.code

    async with running(place.server) as bot:
        where = channel_of(bot, place.channel)
        assert await code(content="x" * 2001) == 50035
        assert await code(content="") == 50006
        small = [discord.File(io.BytesIO(b"x"), f"{number}.txt") for number in range(11)]
        large = discord.File(io.BytesIO(bytes(place.guild.file_limit + 1)), "big.bin")
        assert await code(content="x", files=small) == 50035
        assert await code(content="x", file=large) == 40005
        view = discord.ui.View()
        for _ in range(2):
            view.add_item(discord.ui.Button(label="x", custom_id="same"))
        assert await code(content="x", view=view) == 50035
        assert place.channel.messages == []
        place.server.violations.clear()  # with the description at hand, some of these are violations too


async def test_a_lost_answer_does_not_post_twice(place: Scene) -> None:
    async with running(place.server) as bot:
        where = channel_of(bot, place.channel)
        for _ in range(2):
            await bot.http.send_message(where.id, params=handle_message_parameters("once", nonce="n1"))
        assert [message.content for message in place.channel.messages] == ["once"]


async def test_permissions_are_asked_for(place: Scene) -> None:
    world = place.server.world
    mute = world.add_channel(place.guild, "mute", denied=Permission.SEND_MESSAGES)
    text_only = world.add_channel(place.guild, "text", denied=Permission.ATTACH_FILES)
    unread = world.add_channel(place.guild, "unread", denied=Permission.READ_MESSAGE_HISTORY)
    hidden = world.add_channel(place.guild, "hidden", denied=Permission.VIEW_CHANNEL)
    forum = world.add_channel(place.guild, "forum", kind=Kind.FORUM)
    post = world.add_thread(forum, "a post")
    old = place.server.say(place.ada, unread, "old")
    async with running(place.server) as bot:

        async def code(channel: Channel, **what: Any) -> int:
            with pytest.raises(discord.HTTPException) as failure:
                await bot.get_partial_messageable(channel.id).send("x", **what)
            return failure.value.code

        assert not channel_of(bot, mute).permissions_for(channel_of(bot, mute).guild.me).send_messages
        assert await code(mute) == 50013
        assert await code(text_only, file=discord.File(io.BytesIO(b"x"), "x")) == 50013
        assert await code(hidden) == 50001
        assert await code(forum) == 50008
        reference = discord.MessageReference(message_id=old.id, channel_id=unread.id)
        assert await code(unread, reference=reference) == 160002
        await bot.get_partial_messageable(post.id).send("x")
        assert post.last.content == "x"


async def test_an_archived_thread_takes_new_messages_but_no_edits(place: Scene) -> None:
    thread = place.server.world.add_thread(place.channel)
    async with running(place.server) as bot:
        message = await bot.get_partial_messageable(thread.id).send("x")
        place.server.archive(thread)
        with pytest.raises(discord.HTTPException) as failure:
            await message.edit(content="y")
        assert failure.value.code == 50083
        await bot.get_partial_messageable(thread.id).send("z")
        assert not thread.archived
        await message.edit(content="y")


async def test_deleted_and_foreign_messages_cannot_be_edited(place: Scene) -> None:
    theirs = place.server.say(place.ada, place.channel, "hers")
    async with running(place.server) as bot:
        where = channel_of(bot, place.channel)
        mine = await where.send("x")
        await mine.add_reaction("👀")
        assert place.channel.last.reactions == {"👀": [place.server.world.bot]}
        await mine.delete()
        for message_id, code in ((mine.id, 10008), (theirs.id, 50005)):
            with pytest.raises(discord.HTTPException) as failure:
                await where.get_partial_message(message_id).edit(content="y")
            assert failure.value.code == code


async def test_direct_messages_are_opened_and_may_be_closed_to_the_bot(place: Scene) -> None:
    place.server.world.add_user("Cleo")
    shy = place.server.world.add_member(place.guild, place.server.world.add_user("Shy", dms_open=False))
    async with running(place.server) as bot:
        await (await bot.fetch_user(place.ada.id)).send("hello")
        assert place.server.world.open_dm(place.ada).last.content == "hello"
        with pytest.raises(discord.Forbidden) as failure:
            await (await bot.fetch_user(shy.id)).send("hello")
        assert failure.value.code == 50007


def test_who_is_pinged_follows_allowed_mentions() -> None:
    text = "@everyone <@1> <@!2> <@&3> <@1>"
    assert mentioned_by(text, None, replied_to=9) == ["user:9", "user:1", "user:2", "role:3", "everyone"]
    assert mentioned_by(text, {"parse": []}, replied_to=9) == []
    assert mentioned_by(text, {"parse": [], "users": ["2"], "replied_user": True}, replied_to=9) == [
        "user:9",
        "user:2",
    ]
    assert mentioned_by(text, {"parse": ["roles", "everyone"]}) == ["role:3", "everyone"]


async def test_an_unguarded_text_is_on_record_with_whom_it_rang(place: Scene) -> None:
    bot = SampleBot()
    bot._connection.allowed_mentions = None  # pyright: ignore[reportPrivateUsage] - a client without the default
    async with running(place.server, bot):
        await channel_of(bot, place.channel).send(f"hi <@{place.ada.id}>")
        assert place.channel.last.unguarded == 1
        assert [who for _, who in place.server.pinged()] == [f"user:{place.ada.id}"]


def test_a_bucket_refuses_until_its_window_is_over() -> None:
    clock = FakeClock()
    moment = [clock.monotonic()]
    buckets = Buckets(Limits(), lambda: moment[0])
    slots = [buckets.take_slot("POST", POST, {"channel_id": "1"}) for _ in range(6)]
    assert [slot.remaining for slot in slots] == [4, 3, 2, 1, 0, 0]
    assert [slot.scope for slot in slots] == [None] * 5 + ["user"]
    assert buckets.take_slot("POST", POST, {"channel_id": "2"}).scope is None
    assert buckets.take_slot("PATCH", MESSAGE, {"channel_id": "1", "message_id": "3"}).scope is None
    moment[0] += 5.0
    assert buckets.take_slot("POST", POST, {"channel_id": "1"}).scope is None


def test_all_calls_together_have_a_limit_and_interactions_are_outside_it() -> None:
    buckets = Buckets(Limits(), lambda: 0.0)
    for number in range(50):
        assert buckets.take_slot("POST", POST, {"channel_id": str(number)}).scope is None
    assert buckets.take_slot("POST", POST, {"channel_id": "51"}).scope == "global"
    assert buckets.take_slot("PATCH", ORIGINAL, {"webhook_token": "t"}).scope is None


async def test_the_client_waits_out_a_full_bucket_and_is_never_refused(place: Scene) -> None:
    async with running(place.server) as bot:
        for number in range(11):
            await channel_of(bot, place.channel).send(f"{number}")
        assert len(place.channel.messages) == 11
        assert place.server.refused == []


async def test_calls_that_do_not_wait_are_refused_and_come_back(place: Scene) -> None:
    """Two clients that do not know of each other share the channel's bucket."""
    server = place.server
    server.core.buckets.limits = Limits(post=Rate(slots=1, period=1.0))
    async with running(server) as bot, aiohttp.ClientSession() as other:
        url = f"{server.api_base}/channels/{place.channel.id}/messages"
        answer = await other.post(url, json={"content": "x"}, headers={"Authorization": f"Bot {server.token}"})
        assert answer.headers["X-RateLimit-Remaining"] == "0"
        await channel_of(bot, place.channel).send("y")
        assert [message.content for message in place.channel.messages] == ["x", "y"]
        assert server.refused
        assert {one.scope for one in server.refused} == {"user"}


async def test_a_limit_can_be_asked_for(place: Scene) -> None:
    server = place.server
    server.faults.limit("POST", POST, retry_after=0.01, scope="shared")
    async with running(server) as bot:
        await channel_of(bot, place.channel).send("x")
        assert [one.status for one in server.calls("POST", POST)] == [429, 200]
        assert server.invalid_requests == 0


async def test_edits_of_messages_older_than_an_hour_have_a_limit_of_their_own(place: Scene) -> None:
    place.server.core.buckets.limits = Limits(old_edit=Rate(slots=1, period=1.0))
    async with running(place.server) as bot:
        message = await channel_of(bot, place.channel).send("x")
        place.server.advance_clocks(3601)
        await message.edit(content="y")
        await message.edit(content="z")
        assert place.channel.last.content == "z"
        assert 429 in [one.status for one in place.server.calls("PATCH", MESSAGE)]


async def test_faults_come_as_planned(place: Scene) -> None:
    server = place.server
    async with running(server) as bot:
        where = channel_of(bot, place.channel)
        message = await where.send("x")
        server.faults.fail("PATCH", MESSAGE, status=503)
        with pytest.raises(discord.DiscordServerError):
            await message.edit(content="y")
        server.faults.drop("PATCH", MESSAGE)
        with pytest.raises((aiohttp.ClientError, OSError)):
            await message.edit(content="before")
        assert place.channel.last.content == "x"
        server.faults.drop("PATCH", MESSAGE, when="after")
        with pytest.raises((aiohttp.ClientError, OSError)):
            await message.edit(content="after")
        assert place.channel.last.content == "after"
        gate = server.faults.hold("PATCH", MESSAGE)
        edit = asyncio.create_task(message.edit(content="held"))
        await gate.arrived.wait()
        assert place.channel.last.content == "after"
        gate.open()
        await edit
        assert place.channel.last.content == "held"


async def test_links_are_signed_and_expire(place: Scene) -> None:
    server = place.server
    picture = Upload(filename="a cat.png", data=png())
    message = server.say(place.ada, place.channel, f"<@{server.world.bot.id}>", files=[picture])
    async with running(server) as bot:
        where = channel_of(bot, place.channel)
        seen = (await where.fetch_message(message.id)).attachments[0]
        assert {"ex", "is", "hm"} <= set(yarl.URL(seen.url).query)
        assert await seen.read() == png()
        server.advance_clocks(86_400)
        with pytest.raises(discord.NotFound):
            await seen.read()
        fresh = (await where.fetch_message(message.id)).attachments[0]
        assert await fresh.read() == png()
        async with aiohttp.ClientSession() as session:
            forged = await session.get(fresh.url.replace("hm=", "hm=0"))
            assert forged.status == 404
    assert [one.status for one in server.cdn.downloads] == [200, 404, 200, 404]
