"""The Telegram of the tests, with the real python-telegram-bot against it."""

import io
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from PIL import Image
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, InputMediaDocument, InputMediaPhoto, Update
from telegram.error import BadRequest, RetryAfter
from telegram.ext import Application, ContextTypes, TypeHandler

from tests.telegram_server import UNLIMITED, Limits, Rate, TelegramServer

PICTURE = (1600, 1200)


def png(size: tuple[int, int] = PICTURE, colour: str = "teal") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


def size_of(data: bytes) -> tuple[str | None, tuple[int, int]]:
    with Image.open(io.BytesIO(data)) as picture:
        return picture.format, picture.size


def keyboard(text: str = "Cancel", data: str = "cancel") -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton(text, callback_data=data)]])


def bot_of(server: TelegramServer, token: str | None = None) -> Bot:
    base = server.api_base
    return Bot(token or server.token, base_url=f"{base}/bot", base_file_url=f"{base}/file/bot")


@pytest.fixture
async def server() -> AsyncGenerator[TelegramServer]:
    async with TelegramServer(limits=UNLIMITED) as server:
        yield server


@pytest.fixture
async def bot(server: TelegramServer) -> AsyncGenerator[Bot]:
    async with bot_of(server) as bot:
        yield bot


@pytest.fixture
def whole_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client warns of numbers where it will give timedelta; this asks for timedelta."""
    monkeypatch.setenv("PTB_TIMEDELTA", "true")


@asynccontextmanager
async def polling(server: TelegramServer) -> AsyncGenerator[list[Update]]:
    """The real Application, polling; what it was given, in order."""
    given: list[Update] = []

    async def keep(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        given.append(update)
        server.core.touch()

    app = (
        Application.builder()
        .token(server.token)
        .base_url(f"{server.api_base}/bot")
        .base_file_url(f"{server.api_base}/file/bot")
        .build()
    )
    app.add_handler(TypeHandler(Update, keep))
    async with app:
        await app.start()
        assert app.updater is not None
        await app.updater.start_polling(poll_interval=0.0, timeout=5, allowed_updates=Update.ALL_TYPES)
        yield given
        await app.updater.stop()
        await app.stop()


async def test_the_client_polls_and_answers(server: TelegramServer) -> None:
    ada = server.add_user("Ada", language_code="ru")
    chat = server.private(ada)
    async with polling(server) as given, bot_of(server) as bot:
        server.say(ada, chat, "/start hello")
        await server.until(lambda: given)
        message = given[0].message
        assert message is not None
        assert message.from_user is not None
        assert (message.text, message.from_user.language_code) == ("/start hello", "ru")
        assert [entity.type for entity in message.entities] == ["bot_command"]
        sent = await bot.send_message(chat.id, "Hello", reply_markup=keyboard())
        assert (chat.last.id, chat.last.text, chat.last.buttons) == (sent.message_id, "Hello", [("Cancel", "cancel")])
        pressed = server.press(ada, chat.last, "Cancel")
        await server.until(lambda: len(given) > 1)
        query = given[1].callback_query
        assert query is not None
        assert query.data == "cancel"
        await bot.answer_callback_query(query.id, "Stopped", show_alert=True)
        assert pressed.answer is not None
        assert (pressed.answer.text, pressed.answer.show_alert) == ("Stopped", True)


async def test_a_text_turns_into_a_picture_and_never_back(server: TelegramServer, bot: Bot) -> None:
    chat = server.private(server.add_user("Ada"), opened=True)
    sent = await bot.send_message(chat.id, "Painting …", reply_markup=keyboard())
    edited = await bot.edit_message_media(
        InputMediaPhoto(png(), caption="Done"), chat_id=chat.id, message_id=sent.message_id
    )
    message = chat.last
    assert isinstance(edited, type(sent))
    assert (edited.message_id, message.caption, message.text, message.buttons) == (sent.message_id, "Done", "", [])
    assert message.photo is not None
    assert size_of(message.photo) == ("JPEG", (1280, 960))
    assert [size.width for size in edited.photo] == [90, 320, 800, 1280]
    with pytest.raises(BadRequest, match="There is no text in the message to edit"):
        await bot.edit_message_text("Again", chat_id=chat.id, message_id=sent.message_id)
    assert message.edits == 1


async def test_an_album_is_sent_as_messages_of_one_group(server: TelegramServer, bot: Bot) -> None:
    chat = server.private(server.add_user("Ada"), opened=True)
    sent = await bot.send_media_group(chat.id, [InputMediaPhoto(png()), InputMediaPhoto(png((9, 9)), caption="two")])
    assert len({message.media_group_id for message in sent}) == 1
    assert [message.caption for message in chat.standing] == ["", "two"]
    with pytest.raises(BadRequest, match="Document can't be mixed with other media types"):
        await bot.send_media_group(chat.id, [InputMediaPhoto(png()), InputMediaDocument(png())])


async def test_sends_and_edits_draw_on_one_window(whole_seconds: None) -> None:
    limits = Limits(private=Rate(slots=2, period=10.0))
    async with TelegramServer(limits=limits, time=lambda: 0.0) as server, bot_of(server) as bot:
        chat = server.private(server.add_user("Ada"), opened=True)
        sent = await bot.send_message(chat.id, "one")
        await bot.edit_message_text("two", chat_id=chat.id, message_id=sent.message_id)
        with pytest.raises(RetryAfter) as refused:
            await bot.send_message(chat.id, "three")
        assert (refused.value.retry_after, len(server.refusals)) == (timedelta(seconds=10), 1)
        server.later(10)
        await bot.send_message(chat.id, "three")


async def test_an_incoming_picture_can_be_fetched(server: TelegramServer, bot: Bot) -> None:
    ada = server.add_user("Ada")
    message = server.photo(ada, server.private(ada), png(), caption="a cat", spoiler=True)
    (update,) = await bot.get_updates()
    assert update.message is not None
    assert update.message.has_media_spoiler
    file = await bot.get_file(update.message.photo[-1].file_id)
    assert bytes(await file.download_as_bytearray()) == message.photo
