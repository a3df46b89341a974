"""Discord as a ChatPort, call by call: what is shown, replaced, stored; what a lane draws on; what is gone."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from adapters.discord import ids
from bot.chat import Action, Attachment, Button, Card, Chat, MessageRef
from bot.errors import ChatGone, MessageGone, PictureGone, PictureTooLarge
from bot.painting import Image
from tests.support.images import png
from tests.wire.discord.easel import DiscordWorld, discord_world, photo

CANCEL = (Button(action=Action.CANCEL, job_id="j1", label="Cancel"),)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncGenerator[DiscordWorld]:
    async with discord_world(tmp_path) as made:
        yield made


def image(color: str = "red") -> Image:
    return Image(data=png(color), media_type="image/png", width=64, height=48)


def square(place: DiscordWorld) -> Chat:
    return ids.make_chat(place.guild.id, place.channel.id, direct=False)


async def test_an_unfinished_picture_is_shown_kept_and_replaced(place: DiscordWorld) -> None:
    async with place.easel() as easel:
        port, preview = easel.discord, image("grey")
        ref = await port.post(square(place), Card(text="10 %", buttons=CANCEL), reply_to=None, key="a")
        message = place.mine()[0]
        await port.edit(ref, Card(text="40 %", buttons=CANCEL, preview=preview))
        (shown,) = message.attachments
        await port.edit(ref, Card(text="50 %", buttons=CANCEL, preview=preview))
        assert message.attachments == [shown]  # not sent a second time
        await port.edit(ref, Card(text="60 %", buttons=CANCEL, preview=image("white")))
        assert len(message.attachments) == 1
        assert message.attachments != [shown]
        delivered = await port.deliver(square(place), ref, Card(text="done"), [image()], reply_to=None, key="a")
        assert [each.data for each in message.attachments] == [png()]
        assert message.versions == ["10 %", "40 %", "50 %", "60 %", "done"]
        assert await port.fetch(delivered.attachments[0], limit=10_000) == png()


async def test_a_failure_takes_the_unfinished_picture_away(place: DiscordWorld) -> None:
    async with place.easel() as easel:
        port = easel.discord
        card = Card(text="40 %", buttons=CANCEL, preview=image())
        ref = await port.post(square(place), card, reply_to=None, key="a")
        assert len(place.mine()[0].attachments) == 1
        await port.edit(ref, Card(text="failed"))
        assert place.mine()[0].attachments == []
        assert place.mine()[0].components == []


async def test_the_same_occasion_posts_once(place: DiscordWorld) -> None:
    async with place.easel() as easel:
        refs = [
            await easel.discord.post(square(place), Card(text=text), reply_to=None, key="a") for text in ("one", "two")
        ]
        assert refs[0] == refs[1]
        assert [one.content for one in place.mine()] == ["two"]


async def test_a_request_that_was_deleted_is_answered_all_the_same(place: DiscordWorld) -> None:
    async with place.easel() as easel:
        asked = place.server.say(place.ada, place.channel, "hello")
        place.server.delete(asked)
        await easel.discord.post(square(place), Card(text="here"), reply_to=str(asked.id), key="a")
        assert place.mine()[0].content == "here"


async def test_ten_pictures_go_into_one_message(place: DiscordWorld) -> None:
    async with place.easel() as easel:
        images = [image("red") for _ in range(10)]
        delivered = await easel.discord.deliver(
            square(place), None, Card(text="done", alt_text="ten"), images, reply_to=None, key="a"
        )
        assert len(place.mine()[0].attachments) == len(delivered.attachments) == 10
        assert {each.description for each in place.mine()[0].attachments} == {"ten"}


async def test_what_was_deleted_is_gone(place: DiscordWorld) -> None:
    async with place.easel() as easel:
        port = easel.discord
        ref = await port.post(square(place), Card(text="x"), reply_to=None, key="a")
        place.server.delete(place.mine()[0])
        with pytest.raises(MessageGone):
            await port.edit(ref, Card(text="y"))
        nowhere = ids.make_chat(place.guild.id, 5, direct=False)
        with pytest.raises(ChatGone):
            await port.post(nowhere, Card(text="x"), reply_to=None, key="b")
        with pytest.raises(ChatGone):
            await port.edit(MessageRef(chat=nowhere, message_id="6"), Card(text="x"))


async def test_a_picture_that_is_gone_or_too_large_is_a_refusal(place: DiscordWorld) -> None:
    async with place.easel() as easel:
        port = easel.discord
        asked = place.server.say(place.ada, place.channel, f"{place.me} hello", files=[photo()])
        stored = asked.attachments[0]
        handle = f"m/{place.channel.id}/{asked.id}/{stored.id}"
        picture = Attachment(ref=handle, media_type="image/png", filename="photo.png")
        assert await port.fetch(picture, limit=10_000) == stored.data
        with pytest.raises(PictureTooLarge):
            await port.fetch(picture, limit=10)
        with pytest.raises(PictureTooLarge):
            await port.fetch(Attachment(ref=handle, media_type="image/png", size=11), limit=10)
        for ref in (handle[:-1], f"m/{place.channel.id}/5/6", "k/5", "nonsense"):
            with pytest.raises(PictureGone):
                await port.fetch(Attachment(ref=ref, media_type="image/png"), limit=10_000)


async def test_a_reading_that_stumbles_is_repeated(place: DiscordWorld) -> None:
    async with place.easel() as easel:
        asked = place.server.say(place.ada, place.channel, f"{place.me}", files=[photo()])
        route = "/channels/{channel_id}/messages/{message_id}"
        place.server.faults.limit("GET", route, retry_after=0.05)
        place.server.faults.drop("GET", route)
        handle = f"m/{place.channel.id}/{asked.id}/{asked.attachments[0].id}"
        await place.answer()
        found = await easel.discord.fetch(Attachment(ref=handle, media_type="image/png"), limit=10_000)
        assert found == asked.attachments[0].data


async def test_a_lane_is_the_tokens_while_it_lives_and_the_channels_after(place: DiscordWorld) -> None:
    async with place.gallery(), place.easel() as easel:
        place.server.slash(place.ada, place.channel, "imagine", {"prompt": "a red fox"})
        message = await place.answer()
        ref = MessageRef(chat=square(place), message_id=str(message.id))
        (own,) = easel.discord.lane(square(place), ref).budgets
        assert own.key.startswith("discord:token:i")
        assert (own.slots, own.shared) == (5, False)
        place.later(15 * 60)
        channel, overall = easel.discord.lane(square(place), ref).budgets
        assert channel.key == f"discord:{place.channel.id}"
        assert (overall.key, overall.shared) == ("discord", True)
        assert (
            easel.discord.message_link(ref)
            == f"https://discord.com/channels/{place.guild.id}/{place.channel.id}/{message.id}"
        )


async def test_a_long_history_fits_into_one_message(place: DiscordWorld) -> None:
    async with place.gallery() as upstream, place.easel():
        upstream.open.set()
        home = place.server.world.open_dm(place.ada)
        for number in range(12):
            asked = place.server.slash(place.ada, home, "imagine", {"prompt": f"number {number} " + "*" * 50})
            await place.until(lambda asked=asked: asked.original and asked.original.attachments)
        asked = place.server.slash(place.ada, home, "history")
        await place.until(lambda: asked.original and not asked.original.loading)
        assert asked.original is not None
        (embed,) = asked.original.embeds
        assert embed["description"].count("https://discord.com/channels/@me/") == 12
