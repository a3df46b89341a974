"""Buttons, inline queries and guest queries of the test server, with the real python-telegram-bot."""

import pytest
import telegram
from telegram import (
    Bot,
    InlineQueryResultArticle,
    InlineQueryResultCachedPhoto,
    InputMediaPhoto,
    InputTextMessageContent,
)
from telegram.error import BadRequest

from tests.servers.telegram.scenes import Scene, keyboard, png, poll_updates


async def test_a_button_is_answered_once_in_time_and_shortly(place: Scene, bot: Bot) -> None:
    server = place.server
    await bot.send_message(place.chat.id, "x", reply_markup=keyboard())
    first = server.press(place.ada, place.chat.last, "cancel")
    with pytest.raises(BadRequest, match="Message_too_long"):
        await bot.answer_callback_query(first.id, "x" * 201)
    await bot.answer_callback_query(first.id)
    late = server.press(place.ada, place.chat.last, "cancel", accessible=False)
    server.advance_clocks(61)
    for pressed in (first, late):
        with pytest.raises(BadRequest, match="Query is too old and response timeout expired or query id is invalid"):
            await bot.answer_callback_query(pressed.id)
    shown, hidden = [update.callback_query for update in await poll_updates(bot, place)]
    assert shown is not None
    assert hidden is not None
    assert isinstance(shown.message, telegram.Message)
    assert shown.message.reply_markup is not None
    assert hidden.message is not None
    assert hidden.message.date == telegram.constants.ZERO_DATE  # the client's sign of a message that is not shown
    with pytest.raises(AssertionError, match="no button"):
        server.press(place.ada, place.chat.last, "Delete")


async def test_an_inline_result_is_chosen_and_edited(place: Scene, bot: Bot) -> None:
    server = place.server
    stored = await bot.send_photo(place.chat.id, png())
    file_id = stored.photo[-1].file_id
    asked = server.inline_query(place.ada, "a cat", "supergroup")
    (update,) = await poll_updates(bot, place)
    assert update.inline_query is not None
    assert (update.inline_query.query, update.inline_query.chat_type) == ("a cat", "supergroup")
    article = InlineQueryResultArticle("go", "Paint", InputTextMessageContent("Painting …"), reply_markup=keyboard())
    await bot.answer_inline_query(
        asked.id, [article, InlineQueryResultCachedPhoto("old", file_id)], cache_time=0, is_personal=True
    )
    assert (asked.cache_time, asked.personal, len(asked.results or [])) == (0, True, 2)
    message = server.choose_result(place.ada, asked, "go")
    (update,) = await poll_updates(bot, place)
    assert update.chosen_inline_result is not None
    number = update.chosen_inline_result.inline_message_id
    assert number is not None
    assert server.inline_messages[number] is message
    with pytest.raises(BadRequest, match="Invalid message content specified"):
        await bot.edit_message_media(InputMediaPhoto(png()), inline_message_id=number)
    assert await bot.edit_message_text("Half", inline_message_id=number, reply_markup=keyboard()) is True
    pressed = server.press(place.ada, message, "Cancel")
    (update,) = await poll_updates(bot, place)
    assert update.callback_query is not None
    assert update.callback_query.inline_message_id == number
    await bot.answer_callback_query(pressed.id)
    assert await bot.edit_message_media(InputMediaPhoto(file_id), inline_message_id=number) is True
    assert message.photo == place.chat.last.photo
    assert server.choose_result(place.ada, asked, "old").inline_id is None, "it had no keyboard"


async def test_a_guest_is_answered_in_a_chat_the_bot_is_not_in(place: Scene, bot: Bot) -> None:
    server = place.server
    abroad = server.add_group("Abroad", members=[place.ada], bot_status="left")
    photo = server.photo(place.ada, abroad, png())
    asked = server.guest_message(place.ada, abroad, "@easel_bot make it blue", reply_to=photo)
    (update,) = await poll_updates(bot, place)
    guest = update.guest_message
    assert guest is not None
    assert guest.reply_to_message is not None
    assert guest.reply_to_message.photo
    answer = await bot.answer_guest_query(
        str(guest.guest_query_id),
        InlineQueryResultArticle("1", "Paint", InputTextMessageContent("Painting …"), reply_markup=keyboard()),
    )
    assert asked.answer is not None
    assert server.inline_messages[answer.inline_message_id] is asked.answer
    stored = await bot.send_photo(place.chat.id, png())
    await bot.edit_message_media(InputMediaPhoto(stored.photo[-1].file_id), inline_message_id=answer.inline_message_id)
    assert abroad.last.photo == place.chat.last.photo
    with pytest.raises(BadRequest, match="Query is too old"):
        await bot.answer_guest_query(asked.id, InlineQueryResultArticle("1", "Paint", InputTextMessageContent("Twice")))
