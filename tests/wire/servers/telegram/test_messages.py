"""The Telegram of the tests, with the real python-telegram-bot against it: sends, edits, refusals, files, floods."""

import io
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import telegram
from PIL import Image
from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaDocument,
    InputMediaPhoto,
    MessageEntity,
    ReplyParameters,
    WebAppInfo,
)
from telegram.error import (
    BadRequest,
    NetworkError,
    RetryAfter,
)

from tests.servers.telegram import UNLIMITED, Limits, Rate, TelegramServer
from tests.servers.telegram.real_bot import make_bot
from tests.servers.telegram.scenes import Scene, keyboard, one_message, png, size_of
from tests.support.clocks import FakeClock

TEN = timedelta(seconds=10)


@pytest.fixture
async def place() -> AsyncGenerator[Scene]:
    async with TelegramServer(limits=UNLIMITED) as server:
        yield Scene(server)


@pytest.fixture
async def bot(place: Scene) -> AsyncGenerator[Bot]:
    async with make_bot(place.server) as bot:
        yield bot


@pytest.fixture
def whole_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client warns of numbers where it will give timedelta; this asks for timedelta."""
    monkeypatch.setenv("PTB_TIMEDELTA", "true")


# ------------------------------------------------------------------------ sending and editing


async def test_a_text_turns_into_a_picture_and_never_back(place: Scene, bot: Bot) -> None:
    sent = await bot.send_message(place.chat.id, "Painting …", reply_markup=keyboard())
    edited = await bot.edit_message_media(
        InputMediaPhoto(png((1600, 1200)), caption="Done", has_spoiler=True),
        chat_id=place.chat.id,
        message_id=sent.message_id,
    )
    message = place.chat.last
    assert isinstance(edited, telegram.Message)
    assert (edited.message_id, message.caption, message.text) == (sent.message_id, "Done", "")
    assert (message.buttons, message.spoiler, message.edits) == ([], True, 1), "the keyboard was not passed again"
    assert size_of(message.photo) == ("JPEG", (1280, 960))
    assert [size.width for size in edited.photo] == [90, 320, 800, 1280]
    with pytest.raises(BadRequest, match="There is no text in the message to edit"):
        await bot.edit_message_text("Again", chat_id=place.chat.id, message_id=sent.message_id)
    await bot.edit_message_caption(place.chat.id, sent.message_id, caption="Better", reply_markup=keyboard())
    await bot.edit_message_media(
        InputMediaDocument(png(), filename="a.png"), chat_id=place.chat.id, message_id=sent.message_id
    )
    assert [state.text for state in message.history] == ["Painting …", "Done", "Better", ""]
    assert message.document is not None
    assert (message.document.filename, message.document.mime_type, message.document.data) == (
        "a.png",
        "image/png",
        png(),
    )


async def test_a_keyboard_alone_can_be_changed_and_taken_away(place: Scene, bot: Bot) -> None:
    sent = await bot.send_photo(place.chat.id, png(), reply_markup=keyboard("Again", "again"))
    await bot.edit_message_reply_markup(place.chat.id, sent.message_id, reply_markup=keyboard("More", "more"))
    assert place.chat.last.buttons == [("More", "more")]
    await bot.edit_message_reply_markup(place.chat.id, sent.message_id)
    assert (place.chat.last.buttons, place.chat.last.photo is not None) == ([], True)


async def test_an_album_is_sent_as_messages_of_one_group(place: Scene, bot: Bot) -> None:
    sent = await bot.send_media_group(place.chat.id, [InputMediaPhoto(png()), InputMediaPhoto(png(), caption="two")])
    assert len({message.media_group_id for message in sent}) == 1
    assert [message.caption for message in place.chat.visible_messages] == ["", "two"]
    papers = await bot.send_media_group(place.chat.id, [InputMediaDocument(png()), InputMediaDocument(png())])
    with pytest.raises(BadRequest, match="Can't change media type in the album"):
        await bot.edit_message_media(InputMediaPhoto(png()), chat_id=place.chat.id, message_id=papers[0].message_id)
    with pytest.raises(BadRequest, match="Document can't be mixed with other media types"):
        await bot.send_media_group(place.chat.id, [InputMediaPhoto(png()), InputMediaDocument(png())])
    with pytest.raises(BadRequest, match="Too many messages to send as an album"):
        await bot.send_media_group(place.chat.id, [InputMediaPhoto(png())] * 11)


async def test_an_album_of_one_goes_as_a_message_and_is_noted(place: Scene, bot: Bot) -> None:
    (sent,) = await bot.send_media_group(place.chat.id, [InputMediaPhoto(png())])
    assert sent.media_group_id is None
    assert place.server.violations == ["sendMediaGroup: an album has 2-10 items"]
    place.server.violations.clear()


async def test_a_file_sent_once_is_sent_again_by_its_id(place: Scene, bot: Bot) -> None:
    sent = await bot.send_photo(place.chat.id, png(colour="red"))
    again = await bot.send_photo(place.group.id, sent.photo[0].file_id)
    assert again.photo[-1].file_unique_id == sent.photo[-1].file_unique_id
    assert place.group.last.photo == place.chat.last.photo
    with pytest.raises(BadRequest, match=r"(?i)can't use file of type Photo as Document"):
        await bot.send_document(place.chat.id, sent.photo[0].file_id)
    with pytest.raises(BadRequest, match="Wrong remote file identifier specified"):
        await bot.send_photo(place.chat.id, "AgACAgIAAx")
    with pytest.raises(BadRequest, match=r"(?i)Failed to get HTTP URL content"):
        await bot.send_photo(place.chat.id, "https://example.org/cat.png")


async def test_a_transparent_picture_turns_white_and_an_animation_stays(place: Scene, bot: Bot) -> None:
    out = io.BytesIO()
    Image.new("RGBA", (64, 64), (0, 0, 0, 0)).save(out, "PNG")
    await bot.send_photo(place.chat.id, out.getvalue())
    with Image.open(io.BytesIO(place.chat.last.photo or b"")) as picture:
        assert picture.convert("RGB").getpixel((32, 32)) == (255, 255, 255)
    sent = await bot.send_animation(place.chat.id, b"\0ftypmp4", filename="a.mp4", width=8, height=8, duration=1)
    assert (sent.animation is not None, sent.document is not None) == (True, True)


async def test_uploads_name_and_bytes_are_recorded(place: Scene, bot: Bot) -> None:
    await bot.send_document(place.chat.id, png(), filename="cat.png", caption="a *cat*", parse_mode="MarkdownV2")
    (call,) = place.server.calls("sendDocument")
    assert (call.status, call.params["chat_id"], call.params["caption"]) == (200, place.chat.id, "a *cat*")
    assert [(upload.filename, upload.data) for upload in call.uploads] == [("cat.png", png())]
    assert place.chat.last.entities == [{"type": "bold", "offset": 2, "length": 3}]


async def test_deleting(place: Scene, bot: Bot) -> None:
    mine = await bot.send_message(place.group.id, "mine")
    theirs = place.server.say(place.ada, place.group, "theirs")
    await bot.delete_message(place.group.id, mine.message_id)
    with pytest.raises(BadRequest, match="Message to delete not found"):
        await bot.delete_message(place.group.id, mine.message_id)
    with pytest.raises(BadRequest, match="Message can't be deleted for everyone"):
        await bot.delete_message(place.group.id, theirs.id)
    place.server.promote(place.group)
    await bot.delete_messages(place.group.id, [theirs.id, mine.message_id])
    assert not place.group.visible_messages
    old = await bot.send_message(place.chat.id, "old")
    place.server.later(49 * 3600)
    with pytest.raises(BadRequest, match="Message can't be deleted for everyone"):
        await bot.delete_message(place.chat.id, old.message_id)


async def test_reactions_and_chat_actions(place: Scene, bot: Bot) -> None:
    asked = place.server.say(place.ada, place.chat, "a cat")
    await bot.set_message_reaction(place.chat.id, asked.id, "👀")
    assert asked.reactions[place.server.bot.id] == ["👀"]
    service = place.server.add_topic(place.chat, "Sketches").created
    assert service is not None
    with pytest.raises(BadRequest, match="Reaction_invalid"):
        await bot.set_message_reaction(place.chat.id, service.id, "👀")
    for reaction, words in (("🦖", "Reaction_invalid"), (["👀", "👍"], "Reactions_too_many")):
        with pytest.raises(BadRequest, match=words):
            await bot.set_message_reaction(place.chat.id, asked.id, reaction)
    await bot.set_message_reaction(place.chat.id, asked.id)
    assert place.server.bot.id not in asked.reactions
    await bot.send_chat_action(place.chat.id, "upload_photo")
    assert [(action.chat, action.action) for action in place.server.actions] == [(place.chat, "upload_photo")]
    with pytest.raises(BadRequest, match="Wrong parameter action in request"):
        await bot.send_chat_action(place.chat.id, "painting")


# ------------------------------------------------------------------------ refusals

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


# ------------------------------------------------------------------------ files


async def test_files_are_fetched_up_to_twenty_megabytes(place: Scene, bot: Bot) -> None:
    server = place.server
    photo = server.photo(place.ada, place.chat, png((900, 600)))
    message = await one_message(bot, place)
    sizes = [await (await bot.get_file(size)).download_as_bytearray() for size in message.photo]
    assert [size_of(bytes(size))[1] for size in sizes] == [(90, 60), (320, 213), (800, 533), (900, 600)]
    assert bytes(sizes[-1]) == photo.photo
    server.document(place.ada, place.chat, size=(20 << 20) + 1, filename="big.psd")
    big = await one_message(bot, place)
    assert big.document is not None
    assert big.document.file_size == (20 << 20) + 1
    with pytest.raises(BadRequest, match="File is too big"):
        await bot.get_file(big.document.file_id)
    with pytest.raises(BadRequest, match="Invalid file_id"):
        await bot.get_file("nonsense")
    async with aiohttp.ClientSession() as session:
        for path, status in ((f"bot{server.token}/photos/none.jpg", 404), ("bot1:no/photos/file_1.jpg", 401)):
            async with session.get(f"{server.api_base}/file/{path}") as response:
                assert response.status == status


async def test_a_link_is_given_by_get_file_and_lives_an_hour(place: Scene, bot: Bot) -> None:
    server = place.server
    message = server.photo(place.ada, place.chat, png())
    assert message.media is not None
    address = f"{server.api_base}/file/bot{server.token}/{message.media.file.path}"
    statuses: list[int] = []
    async with aiohttp.ClientSession() as session:
        for step in ("nothing", "ask", "wait", "ask"):
            if step == "ask":
                await bot.get_file(message.media.file.file_id)
            elif step == "wait":
                server.later(3601)
            async with session.get(address) as response:
                statuses.append(response.status)
    assert statuses == [404, 200, 404, 200]


async def test_a_server_of_ones_own_has_files_on_disk_and_no_limits(tmp_path: Path) -> None:
    async with TelegramServer(local=True) as server, make_bot(server, local=True) as bot:
        ada = server.add_user("Ada")
        chat = server.private(ada)
        server.document(ada, chat, size=25_000_000, filename="big.psd")
        (update,) = await bot.get_updates()
        assert update.message is not None
        assert update.message.document is not None
        file = await bot.get_file(update.message.document.file_id)
        assert file.file_path is not None
        assert file.file_path.startswith("/")
        assert len(await file.download_as_bytearray()) == 25_000_000
        mine = tmp_path / "mine.png"
        mine.write_bytes(png())
        await bot.send_document(chat.id, mine)
        assert chat.last.document is not None
        assert (chat.last.document.filename, chat.last.document.data) == ("mine.png", png())


# ------------------------------------------------------------------------ floods


async def test_sends_and_edits_of_a_private_chat_draw_on_one_window(whole_seconds: None) -> None:
    limits = Limits(private=Rate(slots=2, period=10.0))
    async with TelegramServer(limits=limits, time=FakeClock().monotonic) as server, make_bot(server) as bot:
        chat = server.private(server.add_user("Ada"), opened=True)
        sent = await bot.send_message(chat.id, "one")
        await bot.edit_message_text("two", chat_id=chat.id, message_id=sent.message_id)
        with pytest.raises(RetryAfter) as refused:
            await bot.send_message(chat.id, "three")
        assert refused.value.retry_after == TEN
        (request,) = [request for request in server.requests if request.status == 429]
        assert (request.method, request.error) == ("sendMessage", "Too Many Requests: retry after 10")
        assert [(one.method, one.chat_id, one.retry_after) for one in server.refusals] == [("sendMessage", chat.id, 10)]
        await bot.send_chat_action(chat.id, "typing")
        await bot.set_message_reaction(chat.id, sent.message_id, "👍")
        server.later(10)
        await bot.send_message(chat.id, "three")


async def test_a_group_has_twenty_a_minute_and_albums_count_by_their_items(whole_seconds: None) -> None:
    clock = FakeClock()
    async with TelegramServer(now=clock.now, time=clock.monotonic) as server, make_bot(server) as bot:
        group = server.add_group("Painters")
        sent = [await bot.send_message(group.id, str(number)) for number in range(9)]
        await bot.send_media_group(group.id, [InputMediaPhoto(png((9, 9)))] * 10)
        await clock.advance(12)
        await bot.edit_message_text("changed", chat_id=group.id, message_id=sent[0].message_id)
        with pytest.raises(RetryAfter) as refused:
            await bot.edit_message_text("again", chat_id=group.id, message_id=sent[0].message_id)
        assert refused.value.retry_after == timedelta(seconds=48)
        other = server.add_group("Others")
        await bot.send_message(other.id, "another group has its own")
        await clock.advance(48)
        await bot.edit_message_text("again", chat_id=group.id, message_id=sent[0].message_id)


async def test_the_whole_bot_has_thirty_a_second_and_a_refused_chat_may_stay_shut(whole_seconds: None) -> None:
    async with TelegramServer(limits=Limits(penalty=5.0), time=lambda: 0.0) as server, make_bot(server) as bot:
        users = [server.add_user(f"Reader {number}") for number in range(31)]
        for user in users[:30]:
            await bot.send_message(server.private(user, opened=True).id, "news")
        last = server.private(users[30], opened=True)
        with pytest.raises(RetryAfter) as refused:
            await bot.send_message(last.id, "news")
        assert refused.value.retry_after == timedelta(seconds=6)
        server.later(3)
        with pytest.raises(RetryAfter):
            await bot.send_message(last.id, "news")
        server.later(3)
        await bot.send_message(last.id, "news")
