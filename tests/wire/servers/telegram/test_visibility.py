"""Which messages the test server shows to the real python-telegram-bot, and in which form."""

import io

import telegram
from PIL import Image
from telegram import Bot

from tests.servers.telegram import AlbumItem, TelegramServer
from tests.servers.telegram.real_bot import make_bot
from tests.servers.telegram.scenes import Scene, one_message, png, poll_updates


async def test_privacy_mode(place: Scene, bot: Bot) -> None:
    server, ada, group = place.server, place.ada, place.group
    photo = server.photo(ada, group, png(), caption="@easel_bot look")
    server.say(ada, group, "@easel_bot paint a cat")
    server.say(ada, group, "/paint a cat")  # no bot has spoken last
    server.say(ada, group, "/paint@other_bot a cat")
    assert not server.pending
    edit = server.say(ada, group, "/edit@Easel_Bot make it blue", reply_to=photo)
    message = await one_message(bot, place)
    assert message.message_id == edit.id
    assert message.reply_to_message is not None
    assert (len(message.reply_to_message.photo), message.reply_to_message.caption) == (1, "@easel_bot look")

    sent = await bot.send_message(group.id, "here")
    server.say(ada, group, "/paint a dog")
    server.say(server.add_user("Other", username="other_bot", bot=True), group, "woof")
    server.say(ada, group, "/paint a cow")
    server.say(ada, group, "thanks", reply_to=group.messages[sent.message_id])
    server.say(ada, group, "via", via_bot=server.bot)
    texts = [update.message.text for update in await poll_updates(bot, place) if update.message]
    assert texts == ["/paint a dog", "thanks", "via"]

    server.promote(group)
    server.say(ada, group, "anything")
    assert (await poll_updates(bot, place))[-1].effective_message is not None


async def test_without_privacy_the_bot_sees_all() -> None:
    async with TelegramServer(can_read_all_group_messages=True) as server, make_bot(server) as bot:
        ada = server.add_user("Ada", language_code=None)
        server.say(ada, server.add_group("Open", members=[ada]), "anything")
        (update,) = await bot.get_updates()
        assert update.effective_user is not None
        assert update.effective_user.language_code is None


async def test_a_reply_is_shown_one_level_deep_and_elsewhere_as_external(place: Scene, bot: Bot) -> None:
    server, ada, chat = place.server, place.ada, place.chat
    first = server.photo(ada, chat, png(), spoiler=True)
    second = server.say(ada, chat, "it is a cat", reply_to=first)
    server.say(ada, chat, "bluer", reply_to=second, quote="a cat")
    abroad = server.photo(ada, place.group, png())
    server.say(ada, chat, "and this", reply_to=abroad)
    server.forward(ada, chat, abroad)
    updates = await poll_updates(bot, place)
    third, fourth, fifth = [update.message for update in updates if update.message][2:]
    assert third.reply_to_message is not None
    assert third.reply_to_message.text == "it is a cat"
    assert third.reply_to_message.reply_to_message is None
    assert third.quote is not None
    assert (third.quote.text, third.quote.position) == ("a cat", 6)
    assert fourth.reply_to_message is None
    assert fourth.external_reply is not None
    assert fourth.external_reply.photo
    assert isinstance(fifth.forward_origin, telegram.MessageOriginUser)
    server.delete(second)
    server.say(ada, chat, "gone?", reply_to=second)
    assert (await one_message(bot, place)).reply_to_message is None


async def test_an_album_comes_in_parts_in_any_order(place: Scene, bot: Bot) -> None:
    server = place.server
    items = [png(), AlbumItem(data=png(), spoiler=True), AlbumItem(data=None, kind="document", size=30 << 20)]
    messages = server.album(place.ada, place.chat, items, caption="both", deliver=[1, 0])
    updates = [update.message for update in await poll_updates(bot, place) if update.message]
    assert [message.message_id for message in updates] == [messages[1].id, messages[0].id]
    assert [message.caption for message in updates] == [None, "both"]
    assert len({message.media_group_id for message in updates}) == 1
    assert updates[0].has_media_spoiler
    server.deliver(messages[2])
    late = await one_message(bot, place)
    assert late.document is not None
    assert (late.media_group_id, late.document.file_size) == (updates[0].media_group_id, 30 << 20)


async def test_a_correction_is_an_update_of_its_own(place: Scene, bot: Bot) -> None:
    asked = place.server.say(place.ada, place.chat, "a cta")
    place.server.edit(asked, "a cat")
    edited = (await poll_updates(bot, place))[1].edited_message
    assert edited is not None
    assert (edited.text, edited.edit_date is not None, asked.edits) == ("a cat", True, 1)


async def test_stickers_and_moving_pictures(place: Scene, bot: Bot) -> None:
    server, ada, chat = place.server, place.ada, place.chat
    out = io.BytesIO()
    Image.new("RGBA", (512, 300)).save(out, "WEBP")
    server.sticker(ada, chat, out.getvalue())
    server.sticker(ada, chat, b"tgs", kind="animated", thumbnail=png())
    server.sticker(ada, chat, b"webm", kind="video")
    server.animation(ada, chat, b"mp4", thumbnail=png(), caption="a loop")
    server.video(ada, chat, b"mp4")
    server.voice(ada, chat, b"ogg")
    messages = [update.message for update in await poll_updates(bot, place) if update.message]
    stickers = [message.sticker for message in messages if message.sticker]
    assert [(one.width, one.is_animated, one.is_video) for one in stickers] == [
        (512, False, False),
        (512, True, False),
        (512, False, True),
    ]
    assert [one.thumbnail is not None for one in stickers] == [True, True, False]
    loop = messages[3]
    assert loop.animation is not None
    assert loop.document is not None
    assert (loop.caption, loop.document.file_id) == ("a loop", loop.animation.file_id)
    assert (messages[4].video is not None, messages[5].voice is not None) == (True, True)
