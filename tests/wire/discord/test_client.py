"""Discord as a ChatPort, call by call: what is shown, replaced, stored; what a lane draws on; what is gone."""

import pytest

from adapters.discord import ids
from bot.chat import Action, Attachment, Button, Card, Chat, MessageRef
from bot.errors import ChatGone, MessageGone, PictureGone, PictureTooLarge
from bot.painting import Image
from tests.support import provenance
from tests.support.images import png
from tests.wire.discord.easel import DiscordWorld, photo

CANCEL = (Button(action=Action.CANCEL, job_id="j1", label="Cancel"),)


def image(color: str = "red") -> Image:
    return Image(data=png(color), media_type="image/png", width=64, height=48)


def core_chat(world: DiscordWorld) -> Chat:
    return ids.make_chat(world.guild.id, world.channel.id, direct=False)


async def test_a_preview_is_shown_kept_and_replaced(world: DiscordWorld) -> None:
    async with world.easel() as easel:
        port, preview = easel.discord, image("grey")
        ref = await port.post(core_chat(world), Card(text="10 %", buttons=CANCEL), reply_to=None, key="a")
        message = world.bot_messages()[0]
        await port.edit(ref, Card(text="40 %", buttons=CANCEL, preview=preview))
        (shown,) = message.attachments
        await port.edit(ref, Card(text="50 %", buttons=CANCEL, preview=preview))
        assert message.attachments == [shown]  # not sent a second time
        await port.edit(ref, Card(text="60 %", buttons=CANCEL, preview=image("white")))
        assert len(message.attachments) == 1
        assert message.attachments != [shown]
        delivered = await port.deliver(core_chat(world), ref, Card(text="done"), [image()], reply_to=None, key="a")
        assert [each.data for each in message.attachments] == [png()]
        assert message.versions == ["10 %", "40 %", "50 %", "60 %", "done"]
        assert await port.fetch(delivered.attachments[0], limit=10_000) == png()


@pytest.mark.parametrize("kind", provenance.FILES)
async def test_what_a_file_says_of_its_origin_arrives_byte_for_byte(world: DiscordWorld, kind: str) -> None:
    data = provenance.FILES[kind]()
    async with world.gallery(data) as upstream, world.easel():
        upstream.open.set()
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a red fox")
        picture = await world.wait_for_picture()
        assert [each.data for each in picture.attachments] == [data]


async def test_a_failure_removes_the_preview(world: DiscordWorld) -> None:
    async with world.easel() as easel:
        port = easel.discord
        card = Card(text="40 %", buttons=CANCEL, preview=image())
        ref = await port.post(core_chat(world), card, reply_to=None, key="a")
        assert len(world.bot_messages()[0].attachments) == 1
        await port.edit(ref, Card(text="failed"))
        assert world.bot_messages()[0].attachments == []
        assert world.bot_messages()[0].components == []


async def test_a_repeated_key_posts_once(world: DiscordWorld) -> None:
    async with world.easel() as easel:
        refs = [
            await easel.discord.post(core_chat(world), Card(text=text), reply_to=None, key="a")
            for text in ("one", "two")
        ]
        assert refs[0] == refs[1]
        assert [one.content for one in world.bot_messages()] == ["two"]


async def test_a_deleted_request_is_answered_without_a_reply_reference(world: DiscordWorld) -> None:
    async with world.easel() as easel:
        asked = world.server.say(world.ada, world.channel, "hello")
        world.server.delete(asked)
        await easel.discord.post(core_chat(world), Card(text="here"), reply_to=str(asked.id), key="a")
        assert world.bot_messages()[0].content == "here"


async def test_ten_pictures_go_into_one_message(world: DiscordWorld) -> None:
    async with world.easel() as easel:
        images = [image("red") for _ in range(10)]
        delivered = await easel.discord.deliver(
            core_chat(world), None, Card(text="done", alt_text="ten"), images, reply_to=None, key="a"
        )
        assert len(world.bot_messages()[0].attachments) == len(delivered.attachments) == 10
        assert {each.description for each in world.bot_messages()[0].attachments} == {"ten"}


async def test_calls_on_deleted_messages_and_chats_say_that_they_are_gone(world: DiscordWorld) -> None:
    async with world.easel() as easel:
        port = easel.discord
        ref = await port.post(core_chat(world), Card(text="x"), reply_to=None, key="a")
        world.server.delete(world.bot_messages()[0])
        with pytest.raises(MessageGone):
            await port.edit(ref, Card(text="y"))
        nowhere = ids.make_chat(world.guild.id, 5, direct=False)
        with pytest.raises(ChatGone):
            await port.post(nowhere, Card(text="x"), reply_to=None, key="b")
        with pytest.raises(ChatGone):
            await port.edit(MessageRef(chat=nowhere, message_id="6"), Card(text="x"))


async def test_fetching_a_missing_or_too_large_picture_is_refused(world: DiscordWorld) -> None:
    async with world.easel() as easel:
        port = easel.discord
        asked = world.server.say(world.ada, world.channel, f"{world.bot_mention} hello", files=[photo()])
        stored = asked.attachments[0]
        handle = f"m/{world.channel.id}/{asked.id}/{stored.id}"
        picture = Attachment(ref=handle, media_type="image/png", filename="photo.png")
        assert await port.fetch(picture, limit=10_000) == stored.data
        with pytest.raises(PictureTooLarge):
            await port.fetch(picture, limit=10)
        with pytest.raises(PictureTooLarge):
            await port.fetch(Attachment(ref=handle, media_type="image/png", size=11), limit=10)
        for ref in (handle[:-1], f"m/{world.channel.id}/5/6", "k/5", "nonsense"):
            with pytest.raises(PictureGone):
                await port.fetch(Attachment(ref=ref, media_type="image/png"), limit=10_000)


async def test_a_failed_read_is_retried(world: DiscordWorld) -> None:
    async with world.easel() as easel:
        asked = world.server.say(world.ada, world.channel, f"{world.bot_mention}", files=[photo()])
        route = "/channels/{channel_id}/messages/{message_id}"
        world.server.faults.limit("GET", route, retry_after=0.05)
        world.server.faults.drop("GET", route)
        handle = f"m/{world.channel.id}/{asked.id}/{asked.attachments[0].id}"
        await world.wait_for_reply()
        found = await easel.discord.fetch(Attachment(ref=handle, media_type="image/png"), limit=10_000)
        assert found == asked.attachments[0].data


async def test_a_lane_is_the_tokens_until_it_expires_and_then_the_channels(world: DiscordWorld) -> None:
    async with world.gallery(), world.easel() as easel:
        world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a red fox"})
        message = await world.wait_for_reply()
        ref = MessageRef(chat=core_chat(world), message_id=str(message.id))
        own, every = easel.discord.lane(core_chat(world), ref).budgets
        assert own.key.startswith("discord:token:i")
        assert (own.slots, own.shared) == (5, False)
        world.advance_clock(15 * 60)
        channel, overall, every_as_well = easel.discord.lane(core_chat(world), ref).budgets
        assert every is every_as_well
        assert channel.key == f"discord:{world.channel.id}"
        assert (overall.key, overall.shared) == ("discord", True)
        assert (
            easel.discord.message_link(ref)
            == f"https://discord.com/channels/{world.guild.id}/{world.channel.id}/{message.id}"
        )


async def test_a_long_history_fits_into_one_message(world: DiscordWorld) -> None:
    async with world.gallery() as upstream, world.easel():
        upstream.open.set()
        home = world.server.world.open_dm(world.ada)
        for number in range(12):
            asked = world.server.slash(world.ada, home, "imagine", {"prompt": f"number {number} " + "*" * 50})
            await world.until(lambda asked=asked: asked.original and asked.original.attachments)
        asked = world.server.slash(world.ada, home, "history")
        await world.until(lambda: asked.original and not asked.original.loading)
        assert asked.original is not None
        (embed,) = asked.original.embeds
        assert embed["description"].count("https://discord.com/channels/@me/") == 12
