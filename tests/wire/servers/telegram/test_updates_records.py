"""The test Telegram server with the real python-telegram-bot: recorded requests, violations and unknown fields."""

import os
from typing import cast

import aiohttp
import pytest
import telegram
from telegram import (
    Bot,
    InputMediaPhoto,
    Update,
)
from telegram.error import (
    EndPointNotFound,
)

from tests.servers.telegram import UNLIMITED, Chat, Message, TelegramServer, ViolationsError
from tests.servers.telegram.real_bot import make_bot
from tests.servers.telegram.scenes import Scene, invoice, keyboard, png, poll_updates


async def test_until_names_the_last_requests(place: Scene, bot: Bot) -> None:
    with pytest.raises(TimeoutError, match="getMe 200"):
        await place.server.until(lambda: False, seconds=0.01)


async def test_an_unknown_method_is_a_violation(place: Scene, bot: Bot) -> None:
    with pytest.raises(EndPointNotFound):
        await bot.do_api_request("paintPicture")
    assert place.server.violations == ["paintPicture: the server knows no such method"]
    place.server.violations.clear()


async def test_leaving_raises_what_went_wrong() -> None:
    async def ask_for_buttons_under_an_album() -> None:
        async with TelegramServer(limits=UNLIMITED) as server, make_bot(server) as bot:
            chat = server.private(server.add_user("Ada"), opened=True)
            media = [InputMediaPhoto(png()), InputMediaPhoto(png())]
            await bot.send_media_group(chat.id, media, api_kwargs={"reply_markup": keyboard()})

    with pytest.raises(ViolationsError, match="no reply_markup"):
        await ask_for_buttons_under_an_album()


@pytest.mark.skipif("EASEL_SPECS" not in os.environ, reason="EASEL_SPECS names no folder of API descriptions")
async def test_calls_are_held_to_the_published_description() -> None:
    async with TelegramServer() as server, make_bot(server) as bot, aiohttp.ClientSession() as session:
        chat = server.private(server.add_user("Ada"), opened=True)
        await bot.send_message(chat.id, "x", api_kwargs={"reply_to_message_id": 1})
        markup = {"inline_keyboard": [[{"text": "x", "callback_data": "x", "colour": "red"}]]}
        body = {"chat_id": chat.id, "text": "x", "reply_markup": markup, "disable_notification": 1}
        async with session.post(f"{server.api_base}/bot{server.token}/sendMessage", json=body) as response:
            assert response.status == 200
        async with session.post(f"{server.api_base}/bot{server.token}/sendChatAction", json={"chat_id": chat.id}):
            pass
        assert server.violations == [
            "sendMessage: parameters: unknown 'reply_to_message_id'",
            "sendMessage: reply_markup.inline_keyboard[0][0]: unknown 'colour'",
            "sendMessage: disable_notification: 1 is no Boolean",
            "the server's own answer to sendMessage: result.reply_markup.inline_keyboard[0][0]: unknown 'colour'",
            "sendChatAction: parameters: 'action' is missing",
        ]
        server.violations.clear()


async def test_the_client_knows_every_field_of_what_the_server_sends(place: Scene, bot: Bot) -> None:
    """Without a description the client's own classes are the measure: what they do not know is left over."""
    server, ada, chat = place.server, place.ada, place.chat
    await bot.get_updates(allowed_updates=Update.ALL_TYPES, timeout=0)
    forum = server.add_group("Forum", members=[ada], forum=True, privacy=False)
    topic = server.add_topic(forum, "Sketches")
    photo = server.photo(ada, forum, png(), spoiler=True, caption="a #cat", thread=topic)
    server.say(ada, chat, "look", reply_to=photo, quote="cat")
    server.document(ada, chat, png(), reply_to=server.sticker(ada, chat, b"tgs", kind="animated"))
    server.animation(ada, chat, b"mp4")
    server.restrict(forum, "photos")
    server.promote(forum)
    server.kick(forum)
    server.react(ada, await shown(bot, chat), "👍")
    server.press(ada, chat.last, "Cancel")
    server.inline_query(ada, "x", None)
    await invoice(bot, chat)
    await bot.answer_pre_checkout_query(server.pay(ada, chat.last).id, ok=True)
    server.say(ada, server.add_direct_messages(), "x")
    server.migrate(server.add_group("Small", members=[ada], supergroup=False))
    server.say(ada, server.add_channel(), "x")
    server.edit(server.forward(ada, chat, photo), "edited")
    server.guest_message(ada, server.add_group(bot_status="left"), "x")
    updates = await poll_updates(bot, place)
    assert len(updates) >= 20
    assert {kind for update in updates for kind in leftovers(update, "update")} == set()


async def shown(bot: Bot, chat: Chat) -> Message:
    await bot.send_photo(chat.id, png(), reply_markup=keyboard(), show_caption_above_media=True, caption="x")
    return chat.last


def leftovers(value: object, where: str) -> list[str]:
    """The fields in a client's object that its class does not know."""
    if isinstance(value, telegram.TelegramObject):
        known = [f"{where}.{name}" for name in value.api_kwargs]
        slots = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
        parts = {name: getattr(value, name, None) for name in slots if not name.startswith("_")}
        return known + [one for name, part in parts.items() for one in leftovers(part, f"{where}.{name}")]
    if isinstance(value, tuple | list):
        return [one for part in cast("tuple[object, ...]", value) for one in leftovers(part, where)]
    return []
