"""The test Telegram server with the real python-telegram-bot: messages it refuses, and markup it parses."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    MessageEntity,
    ReplyParameters,
    WebAppInfo,
)
from telegram.error import (
    BadRequest,
    NetworkError,
)

from tests.servers.telegram.scenes import Scene, keyboard, png

Try = Callable[[Bot, int], Awaitable[Any]]
REFUSED: Mapping[str, tuple[Try, str]] = {
    "empty": (lambda bot, chat: bot.send_message(chat, "  \n"), "Message text is empty"),
    "long": (lambda bot, chat: bot.send_message(chat, "я" * 4097), "Message is too long"),
    "caption": (lambda bot, chat: bot.send_photo(chat, png(), caption="x" * 1025), "Message caption is too long"),
    "no chat": (lambda bot, _: bot.send_message(1, "x"), "Chat not found"),
    "no message": (lambda bot, chat: bot.edit_message_text("x", chat, 99_999), "Message to edit not found"),
    "no reply": (
        lambda bot, chat: bot.send_message(chat, "x", reply_parameters=ReplyParameters(99_999)),
        "Message to be replied not found",
    ),
    "no thread": (lambda bot, chat: bot.send_message(chat, "x", message_thread_id=99_999), "Message thread not found"),
    "button": (
        lambda bot, chat: bot.send_message(chat, "x", reply_markup=keyboard("x", "й" * 33)),
        "Button_data_invalid",
    ),
    "not https": (
        lambda bot, chat: bot.send_message(
            chat,
            "x",
            reply_markup=InlineKeyboardMarkup.from_button(InlineKeyboardButton("x", web_app=WebAppInfo("http://x"))),
        ),
        "Only HTTPS links are allowed",
    ),
    "no action": (
        lambda bot, chat: bot.send_message(
            chat, "x", reply_markup=InlineKeyboardMarkup.from_button(InlineKeyboardButton("x"))
        ),
        "Text buttons are unallowed",
    ),
    "markdown": (
        lambda bot, chat: bot.send_message(chat, "51.8%", parse_mode="MarkdownV2"),
        "Can't parse entities: character '.' is reserved",
    ),
    "unclosed": (
        lambda bot, chat: bot.send_message(chat, "a *b", parse_mode="MarkdownV2"),
        "can't find end of Bold entity at byte offset 2",
    ),
    "tag": (
        lambda bot, chat: bot.send_message(chat, "я <blink>", parse_mode="HTML"),
        'unsupported start tag "blink" at byte offset 3',
    ),
    "end": (
        lambda bot, chat: bot.send_message(chat, "<b><i>x</b></i>", parse_mode="HTML"),
        'unmatched end tag at byte offset 7, expected "</i>", found "</b>"',
    ),
    "open": (
        lambda bot, chat: bot.send_message(chat, "<b>x", parse_mode="HTML"),
        'can\'t find end tag corresponding to start tag "b"',
    ),
    "old markdown": (
        lambda bot, chat: bot.send_message(chat, "cat_1", parse_mode="Markdown"),
        "can't find end of the entity starting at byte offset 3",
    ),
    "bounds": (
        lambda bot, chat: bot.send_message(chat, "x", entities=[MessageEntity("bold", 0, 2)]),
        "Entity beginning at UTF-16 offset 0 ends after the end of the text at UTF-16 offset 2",
    ),
    "half": (
        lambda bot, chat: bot.send_message(chat, "x🎨", entities=[MessageEntity("bold", 0, 2)]),
        "Entity beginning at UTF-16 offset 0 ends in a middle of a UTF-16 symbol at byte offset 5",
    ),
    "source": (lambda bot, chat: bot.send_message(chat, "<b></b>" * 4700, parse_mode="HTML"), "Text is too long"),
    "business": (
        lambda bot, chat: bot.send_message(chat, "x", business_connection_id="b"),
        "Business connection not found",
    ),
    "action": (lambda bot, chat: bot.send_chat_action(chat, "typing", 99_999), "Message thread not found"),
    "surrogate": (
        lambda bot, chat: bot.send_message(chat, "🎨x", entities=[MessageEntity("bold", 1, 2)]),
        "Entity begins in a middle of a UTF-16 symbol at byte offset 4",
    ),
    "sides": (lambda bot, chat: bot.send_photo(chat, png((9990, 20))), "Photo_invalid_dimensions"),
    "ratio": (lambda bot, chat: bot.send_photo(chat, png((210, 10))), "Photo_invalid_dimensions"),
    "no picture": (lambda bot, chat: bot.send_photo(chat, b"<svg/>"), "Image_process_failed"),
    "heavy": (
        lambda bot, chat: bot.send_photo(chat, png() + bytes(10 << 20)),
        "is too big for a photo; the maximum size is 10485760 bytes",
    ),
    "nothing": (lambda bot, chat: bot.send_document(chat, b"", filename="a"), "File must be non-empty"),
    "quote": (
        lambda bot, chat: bot.send_message(chat, "x", reply_parameters=ReplyParameters(101, quote="never said")),
        "Quote_text_invalid",
    ),
}


@pytest.mark.forms(5)
@pytest.mark.parametrize(("attempt", "words"), REFUSED.values(), ids=REFUSED)
async def test_what_telegram_refuses(place: Scene, bot: Bot, attempt: Try, words: str) -> None:
    first = place.server.say(place.ada, place.chat, "hello")
    assert first.id == 101
    with pytest.raises(BadRequest) as refused:
        await attempt(bot, place.chat.id)
    assert words.lower() in refused.value.message.lower()
    assert place.chat.visible_messages == [first]
    assert place.server.requests[-1].error is not None


async def test_an_edit_that_changes_nothing_is_refused(place: Scene, bot: Bot) -> None:
    sent = await bot.send_message(place.chat.id, "same", reply_markup=keyboard())
    with pytest.raises(BadRequest, match="Message is not modified: specified new message content and reply markup"):
        await bot.edit_message_text("same", place.chat.id, sent.message_id, reply_markup=keyboard())
    await bot.edit_message_text("same", place.chat.id, sent.message_id)
    photo = await bot.send_photo(place.chat.id, png())
    with pytest.raises(BadRequest, match="Message is not modified"):
        await bot.edit_message_media(
            InputMediaPhoto(photo.photo[-1].file_id), chat_id=place.chat.id, message_id=photo.message_id
        )
    with pytest.raises(BadRequest, match="Message_too_long"):
        await bot.edit_message_text("x" * 4097, place.chat.id, sent.message_id)
    theirs = place.server.say(place.ada, place.chat, "theirs")
    with pytest.raises(BadRequest, match="Message can't be edited"):
        await bot.edit_message_text("mine", place.chat.id, theirs.id)
    with pytest.raises(BadRequest, match="There is no caption in the message to edit"):
        await bot.edit_message_caption(place.chat.id, sent.message_id, caption="x")


async def test_an_upload_beyond_fifty_megabytes_is_not_even_read(place: Scene, bot: Bot) -> None:
    with pytest.raises(NetworkError, match="Request Entity Too Large"):
        await bot.send_document(place.chat.id, bytes((50 << 20) + 1), filename="big.bin")
    assert place.server.requests[-1].status == 413


async def test_a_reply_may_go_without_what_it_replies_to(place: Scene, bot: Bot) -> None:
    gone = place.server.say(place.ada, place.chat, "gone")
    place.server.delete(gone)
    await bot.send_message(
        place.chat.id, "still", reply_parameters=ReplyParameters(gone.id, allow_sending_without_reply=True)
    )
    assert place.chat.last.reply_to is None


async def test_markup_is_read_like_telegram_reads_it(place: Scene, bot: Bot) -> None:
    texts = {
        "MarkdownV2": "*b _bi_* ~s~ ||p|| `c` [l](http://x.y/) \\.\n```py\nx=1```\n>q",
        "HTML": '<b>b <i>bi</i></b> <s>s</s> <tg-spoiler>p</tg-spoiler> <code>c</code> <a href="http://x.y/">l</a> .\n'
        '<pre><code class="language-py">x=1</code></pre>\n<blockquote>q</blockquote>',
    }
    seen: list[tuple[str, list[Any]]] = []
    for mode, text in texts.items():
        await bot.send_message(place.chat.id, text, parse_mode=mode)
        message = place.chat.last
        seen.append((message.text, message.entities))
    assert seen[0] == seen[1]
    text, entities = seen[0]
    assert text == "b bi s p c l .\nx=1\nq"
    assert [(one["type"], one["offset"], one["length"]) for one in entities] == [
        ("bold", 0, 4),
        ("italic", 2, 2),
        ("strikethrough", 5, 1),
        ("spoiler", 7, 1),
        ("code", 9, 1),
        ("text_link", 11, 1),
        ("pre", 15, 3),
        ("blockquote", 19, 1),
    ]
    assert (entities[5]["url"], entities[6]["language"]) == ("http://x.y/", "py")
    await bot.send_message(place.chat.id, "&lt;&#39;&gt;&nope; *1*", parse_mode="HTML")
    assert place.chat.last.text == "<'>&nope; *1*"


async def test_white_space_at_the_ends_goes_and_entities_move(place: Scene, bot: Bot) -> None:
    await bot.send_message(place.chat.id, "  🎨 x ", entities=[MessageEntity("italic", 2, 4)])
    assert place.chat.last.text == "🎨 x"
    assert place.chat.last.entities == [{"type": "italic", "offset": 0, "length": 4}]
