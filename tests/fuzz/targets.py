"""The readers, each as a function of bytes that returns whatever it is given, and raises only where there is a bug.

What an engine is, and how long it runs, stands elsewhere: hypothesis in `tests/unit/fuzz/test_targets.py`, libFuzzer in
`python -m tests.fuzz`.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import suppress
from typing import Any, cast

import telegram

from adapters.discord import encode as discord_encode
from adapters.discord.decode import decode_modal
from adapters.discord.ids import parse_file_ref
from adapters.playground import protocol
from adapters.playground.decode import decode_text
from adapters.playground.image_header import read_image_header
from adapters.telegram import encode as telegram_encode
from adapters.telegram.decode import BotIdentity, decode_button_press, decode_message
from adapters.telegram.errors import PARSE_ERRORS
from bot.chat import Card, Chat, Message, User
from bot.errors import PaintFailed
from bot.handlers.access_lists import make_access_lists
from bot.intake.parser import parse_request
from bot.painting import Capabilities
from bot.pictures import jpeg
from bot.pictures.headers import sniff_media_type
from bot.providers.chat.message_parts import parse_message as read_message
from bot.providers.chat.progress import ReplyParser
from bot.providers.chat.response import ChatResponse
from bot.providers.http.client import HttpResponse
from bot.providers.http.failures import failure_of_response
from bot.providers.http.json_safe import parse_json_documents
from bot.providers.http.quoting import Redactions
from bot.providers.http.sse import iter_sse_events
from bot.providers.images.response import ImagesResponse
from bot.providers.presets import PRESETS, TasksWire
from bot.providers.tasks.response import parse_task
from bot.texts import close_bidi

Target = Callable[[bytes], None]

SECRET = "sk-secret-of-the-operator"
ABLE = Capabilities(
    sizes=("1:1", "3:2"), qualities=("low", "high"), formats=("png",), counts=(1, 2, 3, 4), supports_masks=True
)
ADA = User(platform="telegram", id="5", name="Ada")
DIRECT = Chat(platform="telegram", id="5", kind="direct")
ME = BotIdentity(id=1, username="easel_bot")
WIRES = [preset.wire for preset in PRESETS.values() if isinstance(preset.wire, TasksWire)]
WORDS = make_access_lists(blocked_words=["gun", "two words", "枪", "c++"])


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _json(data: bytes) -> Any:
    """The document, None for bytes that are none."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


# ---------------------------------------------------------------- upstreams


def progress(data: bytes) -> None:
    """The first byte says into which pieces the text is cut."""
    text, step = _text(data[1:]), (data[0] if data else 0) % 17 + 1
    for thoughts in (False, True):
        reader = ReplyParser(text[:40], is_reasoning=thoughts)
        for start in range(0, len(text), step):
            reader.feed(text[start : start + step])
        reader.end_reply(cut=bool(step % 2))


def reply(data: bytes) -> None:
    told = ChatResponse("a fox", redact=Redactions(secrets=(SECRET,)))
    with suppress(PaintFailed):
        for document in parse_json_documents(_text(data)):
            told.apply_message(read_message(document))
        told.end_response(None)


class _Bytes:
    """An answer that is there already, in pieces of 7 bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def iter_chunks(self) -> AsyncGenerator[bytes, None]:
        for start in range(0, len(self._data), 7):
            yield self._data[start : start + 7]


def sse(data: bytes) -> None:
    async def listen() -> None:
        told = ChatResponse("a fox", redact=Redactions(secrets=(SECRET,)))
        async for _, said in iter_sse_events(cast(HttpResponse, _Bytes(data))):
            for document in parse_json_documents(said):
                told.apply_message(read_message(document))
        told.end_response(None)

    with suppress(PaintFailed):
        asyncio.run(listen())


def images(data: bytes) -> None:
    told = ImagesResponse()
    with suppress(PaintFailed):
        told.apply_document(_json(data))
        told.end_response(None)


def task(data: bytes) -> None:
    document = _json(data)
    for wire in WIRES:
        told = parse_task(document, wire)
        assert told.progress is None or 0 <= told.progress <= 100


def error(data: bytes) -> None:
    """The first byte says which status; no answer is quoted with the key in it."""
    status = 400 + (data[0] if data else 0) % 200
    failed = failure_of_response(status, {}, data[1:] + SECRET.encode(), redact=Redactions(secrets=(SECRET,)))
    assert SECRET not in f"{failed.facts} {failed.detail} {failed.trace}"


# ---------------------------------------------------------------- platforms and members


def telegram_update(data: bytes) -> None:
    """Any JSON as an update. Where its fields are of other types than Telegram's, the adapter's inbox logs it and
    lets it go; messages of the right types are proved not to break in `tests/unit/fuzz/test_members.py`."""
    document = _json(data)
    if not isinstance(document, Mapping):
        return
    with suppress(*PARSE_ERRORS):
        update = telegram.Update.de_json(dict(cast("Mapping[str, Any]", document)), None)
        if update.message is not None and (found := decode_message([update.message], ME)) is not None:
            parse_request(found, ABLE)
        if update.callback_query is not None:
            decode_button_press(update.callback_query)


def discord_form(data: bytes) -> None:
    document = _json(data)
    if isinstance(document, dict):
        decode_modal(cast("Mapping[str, Any]", document))


def discord_handle(data: bytes) -> None:
    parse_file_ref(_text(data))


def playground_frame(data: bytes) -> None:
    with suppress(ValueError):  # what a page is told is no frame
        protocol.parse_frame(_text(data))
    decode_text(_text(data))


def wish(data: bytes) -> None:
    text = _text(data)
    parse_request(Message(id="1", chat=DIRECT, sender=ADA, text=text, to_me=True), ABLE)
    WORDS.word_refusal(text)


def shown(data: bytes) -> None:
    text = _text(data)
    assert close_bidi(close_bidi(text)) == close_bidi(text)
    discord_encode.encode_card(Card(text=text))
    telegram_encode.encode_text(Card(text=text), 1024)


def picture(data: bytes) -> None:
    sniff_media_type(data)
    read_image_header(data)
    if (kept := jpeg.strip_metadata(data)) is not None:
        assert len(kept.sample) <= len(kept.data) <= len(data)
        assert jpeg.strip_metadata(kept.data) == kept


TARGETS: Mapping[str, Target] = {
    each.__name__: each
    for each in (
        progress, reply, sse, images, task, error,
        telegram_update, discord_form, discord_handle, playground_frame, wish, shown, picture,
    )
}  # fmt: skip

PRIVATE = {"id": 5, "type": "private", "first_name": "Ada"}
MEMBER = {"id": 5, "is_bot": False, "first_name": "Ada"}
SCANNED = (
    b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xfe\0\4hi\xff\xda\0\4\0\0scan\xff\0\xff\xd0more\xff\xd9tail"
)
DEEP = (
    b"[" * 100_000,
    b'{"choices":' * 50_000,
    b'\x1d{"error":' + b'{"error":' * 900 + b"1" + b"}" * 901,
    b"data: " + b"[" * 100_000,
)
SEEDS: Mapping[str, tuple[bytes, ...]] = {
    "progress": ("\x01> 进度 72%..100%\n![picture](https://a.example/b.png)\n[⏬](https://a.example/c.png)".encode(),),
    "reply": (b'{"choices":[{"delta":{"content":"72%"},"message":{"images":[{"image_url":{"url":"https://a.b/c.png"}}]}}]}',),
    "sse": (b'event: x\ndata: {"choices":[{"delta":{"content":"a"}}]}\n\ndata: [DONE]\n\n',),
    "images": (b'{"created":1,"data":[{"b64_json":"iVBORw0K","url":"https://a.b/c.png"}],"usage":{"total_tokens":1}}',),
    "task": (b'{"id":"t","status":"completed","progress":"48%","results":["https://a.b/c.png"],"error":{"code":"x"}}',),
    "error": (b'\x1d{"error":{"code":"moderation_blocked","message":"no","type":"x"}}',),
    "telegram_update": (
        json.dumps(
            {
                "update_id": 1,
                "message": {
                    "message_id": 1, "date": 1, "chat": PRIVATE, "from": MEMBER, "text": "/imagine a fox",
                    "entities": [{"type": "bot_command", "offset": 0, "length": 8}],
                    "reply_to_message": {"message_id": 2, "date": 1, "chat": PRIVATE, "from": MEMBER, "text": "x"},
                },
            }
        ).encode(),
        json.dumps(
            {"update_id": 2, "callback_query": {"id": "1", "from": MEMBER, "chat_instance": "x", "data": "easel:edit:"}}
        ).encode(),
    ),
    "discord_form": (
        b'{"components":[{"component":{"custom_id":"pictures","values":["1"]}},{"components":[{"custom_id":"prompt",'
        b'"value":"x"}]}],"resolved":{"attachments":{"1":{"id":"1","url":"https://a.b","filename":"c.png","flags":8}}}}',
    ),
    "discord_handle": (b"1/2/3", b"kept:4"),
    "playground_frame": (b'{"type":"quota","as":"amber"}',),
    "wish": ("/imagine a fox --size 3:2 —quality high --n 2 枪".encode(), b"/admin grant telegram:1 5"),
    "shown": ("a \u202etxt @everyone <@1> /help https://a.b".encode(),),
    "picture": (b"\x89PNG\r\n\x1a\n", b"RIFF0000WEBPVP8 ", b"GIF89a", b"\xff\xd8\xff", SCANNED, b"\0\0\0\x18ftypheic"),
}  # fmt: skip
