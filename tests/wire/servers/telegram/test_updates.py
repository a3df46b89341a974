"""The test Telegram server with the real python-telegram-bot: long polling, offsets, tokens and logging out."""

import asyncio

import aiohttp
import pytest
from telegram import (
    Bot,
    Update,
)
from telegram.error import (
    BadRequest,
    Conflict,
    InvalidToken,
    RetryAfter,
)

from tests.servers.telegram import TelegramServer
from tests.servers.telegram.real_bot import make_bot, polling_application
from tests.servers.telegram.scenes import Scene, keyboard, one_message, poll_updates


async def test_the_client_polls_and_answers(place: Scene) -> None:
    server, ada, chat = place.server, place.ada, place.chat
    async with polling_application(server) as heard, make_bot(server) as bot:
        server.say(ada, chat, "/start hello")
        await server.until(lambda: heard.updates)
        message = heard.updates[0].message
        assert message is not None
        assert (message.text, [entity.type for entity in message.entities]) == ("/start hello", ["bot_command"])
        sent = await bot.send_message(chat.id, "Hello", reply_markup=keyboard())
        assert (chat.last.id, chat.last.text, chat.last.buttons) == (sent.message_id, "Hello", [("Cancel", "cancel")])
        pressed = server.press(ada, chat.last, "Cancel")
        await server.until(lambda: len(heard.updates) > 1)
        query = heard.updates[1].callback_query
        assert query is not None
        assert (query.data, pressed.answered) == ("cancel", False)
        await bot.answer_callback_query(query.id, "Stopped", show_alert=True)
        assert pressed.answer is not None
        assert (pressed.answer.text, pressed.answer.show_alert) == ("Stopped", True)


async def test_an_offset_confirms_and_a_limit_holds_back(place: Scene, bot: Bot) -> None:
    for number in range(3):
        place.server.say(place.ada, place.chat, str(number))
    first = await bot.get_updates(limit=2)
    assert [update.effective_message.text for update in first if update.effective_message] == ["0", "1"]
    assert len(await bot.get_updates()) == 3, "nothing was confirmed"
    (last,) = await bot.get_updates(offset=first[-1].update_id + 1)
    assert last.update_id == first[-1].update_id + 1
    (last,) = await bot.get_updates(offset=-1)
    assert len(place.server.pending) == 1


async def test_allowed_updates_stay_until_they_are_changed(place: Scene, bot: Bot) -> None:
    server = place.server
    await bot.get_updates(allowed_updates=["callback_query"], timeout=0)
    server.say(place.ada, place.chat, "unheard")
    await bot.get_updates(timeout=0)
    server.say(place.ada, place.chat, "unheard too")
    assert not server.updates
    await bot.get_updates(allowed_updates=[], timeout=0)
    server.say(place.ada, place.chat, "heard")
    server.react(place.ada, place.chat.last, "👍")  # only by name
    assert [update.kind for update in server.updates] == ["message"]
    await bot.get_updates(allowed_updates=Update.ALL_TYPES, timeout=0)
    server.react(place.ada, place.chat.last, None)
    assert server.updates[-1].payload["old_reaction"] == [{"type": "emoji", "emoji": "👍"}]


async def test_updates_wait_for_a_day_and_no_longer(place: Scene, bot: Bot) -> None:
    place.server.say(place.ada, place.chat, "old")
    place.server.advance_clocks(24 * 3600 + 1)
    place.server.say(place.ada, place.chat, "new")
    assert (await one_message(bot, place)).text == "new"


async def test_an_update_can_come_twice(place: Scene, bot: Bot) -> None:
    place.server.say(place.ada, place.chat, "once")
    (first,) = await poll_updates(bot, place)
    place.server.redeliver(place.server.updates[0])
    (again,) = await bot.get_updates(offset=first.update_id + 1)
    assert again.update_id == first.update_id
    assert not await bot.get_updates(offset=first.update_id + 1)


async def test_a_second_poller_ends_the_first(place: Scene, bot: Bot) -> None:
    server = place.server
    waiting = asyncio.create_task(bot.get_updates(timeout=30))
    await server.until(lambda: server.core.updates.polled)
    async with make_bot(server) as other:
        second = asyncio.create_task(other.get_updates(timeout=30))
        with pytest.raises(Conflict, match="terminated by other getUpdates request"):
            await waiting
        server.say(place.ada, place.chat, "for the second")
        assert len(await second) == 1


async def test_a_wrong_token_is_refused(place: Scene) -> None:
    async with aiohttp.ClientSession() as session:
        for token, status in (("700001:wrong", 401), ("nonsense", 404)):
            async with session.get(f"{place.server.api_base}/bot{token}/getMe") as response:
                assert (response.status, (await response.json())["error_code"]) == (status, status)
    bot = make_bot(place.server, "700001:wrong")
    with pytest.raises(InvalidToken):
        await bot.initialize()
    await bot.shutdown()


async def test_get_me_tells_what_botfather_switched_on() -> None:
    async with (
        TelegramServer(username="brush_bot", can_read_all_group_messages=True, supports_guest_queries=False) as server,
        make_bot(server) as bot,
    ):
        me = bot.bot
        assert (me.username, me.can_read_all_group_messages, me.supports_guest_queries) == ("brush_bot", True, False)
        assert (me.supports_inline_queries, me.can_connect_to_business, me.has_topics_enabled) == (True, False, False)


async def test_logging_out_of_the_cloud_ends_everything(place: Scene, bot: Bot, whole_seconds: None) -> None:
    with pytest.raises(RetryAfter):
        await bot.close()
    place.server.advance_clocks(601)
    assert await bot.close()
    await bot.log_out()
    with pytest.raises(BadRequest, match="Logged out"):
        await bot.get_me()
