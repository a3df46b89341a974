"""Whatever comes from outside, in any shape: a reader gives a value of ours, or a failure of ours, and never breaks."""

import json
from typing import Any

import hypothesis.strategies as st
import pytest
import telegram
from hypothesis import given, settings

from adapters.discord import decode as discord_decode
from adapters.telegram import encode as telegram_encode
from adapters.telegram.decode import Me, decode_message, decode_press
from bot import pictures
from bot.chat import Attachment, Card, Chat, Message, User
from bot.errors import BadResult, PaintFailed, Refusal
from bot.intake import Command, Paint, read
from bot.painting import Abilities
from bot.providers.envelopes import refusal
from bot.providers.images_reply import ImagesReply
from bot.providers.messages import parse
from bot.providers.messages import read as read_message
from bot.providers.presets import PRESETS, TasksWire
from bot.providers.reply import Reply
from bot.providers.task_answers import read_task

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
# Names that the readers look for, with anything behind them: deeper than blind JSON ever gets.
NAMES = """
    choices delta message content reasoning_content images image_url url error code type data b64_json results result
    status progress id usage output_tokens task_id fail_reason multi_mod_content inline_data index finish_reason
"""
KNOWN: st.SearchStrategy[Any] = st.recursive(
    JSON | st.sampled_from(["completed", "failed", "![x](https://a.b/c.png)", "data:image/png;base64,AAAA", "[DONE]"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES.split()), inner, max_size=5),
    max_leaves=20,
)
WIRES = [preset.wire for preset in PRESETS.values() if isinstance(preset.wire, TasksWire)]
HEADS = [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF0000WEBPVP8 ", b"<svg "]
ADA = {"id": 5, "is_bot": False, "first_name": "Ada"}
ME = Me(id=1, username="easel_bot")
ABLE = Abilities(sizes=("1:1", "3:2"), qualities=("low", "high"), masks=True)
SENDER = User(platform="telegram", id="5", name="Ada")
PHOTO = Attachment(ref="p", media_type="image/png")


# ---------------------------------------------------------------- upstreams


@given(KNOWN)
def test_any_document_is_read_by_every_dialect(document: Any) -> None:
    text = json.dumps(document)
    reply = Reply("a fox", hide=["secret"])
    try:
        for each in parse(text):
            reply.take(read_message(each))
        reply.close(None)
    except PaintFailed:
        pass
    images = ImagesReply()
    try:
        images.take(document)
        images.close(None)
    except PaintFailed:
        pass
    for wire in WIRES:
        told = read_task(document, wire)
        assert told.progress is None or 0 <= told.progress <= 100


@given(st.integers(300, 599), st.dictionaries(st.sampled_from(["retry-after", "x-request-id"]), st.text()), st.binary())
def test_any_error_answer_is_a_failure_of_ours(status: int, headers: dict[str, str], body: bytes) -> None:
    assert isinstance(refusal(status, headers, body), PaintFailed)


@given(st.integers(400, 599), KNOWN)
def test_any_error_document_is_a_failure_of_ours_and_quotes_no_secret(status: int, document: Any) -> None:
    failed = refusal(status, {}, json.dumps({"error": document, "message": "sk-secret"}).encode(), hide=["sk-secret"])
    assert "sk-secret" not in f"{failed.facts} {failed.detail}"


# ---------------------------------------------------------------- pictures


@settings(max_examples=60)
@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF0000WEBPVP8 ", b"<svg "]),
)
async def test_bytes_that_pose_as_pictures_are_refused(data: bytes, head: bytes) -> None:
    with pytest.raises(Refusal):
        await pictures.reference(head + data, name="photo.png", abilities=ABLE)
    with pytest.raises(BadResult):
        await pictures.result(head + data)


# ---------------------------------------------------------------- members


@given(st.text(), st.booleans(), st.sampled_from(["direct", "group"]), st.integers(0, 7))
def test_any_text_is_a_wish_a_command_a_refusal_or_nothing(text: str, to_me: bool, kind: Any, count: int) -> None:
    chat = Chat(platform="telegram", id="1", kind=kind)
    message = Message(id="1", chat=chat, sender=SENDER, text=text, attachments=(PHOTO,) * count, to_me=to_me)
    match read(message, ABLE):
        case Paint(prompt=prompt, references=references):
            assert prompt
            assert prompt == prompt.strip()
            assert len(references) <= ABLE.max_references
        case found:
            assert found is None or isinstance(found, Command | Refusal)


ENTITIES: st.SearchStrategy[Any] = st.lists(
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["mention", "bot_command", "text_mention", "url", "code"]),
            "offset": st.integers(0, 60),
            "length": st.integers(0, 60),
        },
        optional={"user": st.just({"id": 1, "is_bot": True, "first_name": "Easel"})},
    ),
    max_size=4,
)
FILE = {"file_id": "f", "file_unique_id": "u"}
TELEGRAM: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "message_id": st.integers(0, 2**31),
        "date": st.integers(0, 2**31),
        "chat": st.sampled_from(
            [
                {"id": 5, "type": "private", "first_name": "Ada"},
                {"id": -100500, "type": "supergroup", "title": "Club", "is_forum": True},
            ]
        ),
    },
    optional={
        "from": st.sampled_from(
            [{"id": 5, "is_bot": False, "first_name": "Ada"}, {"id": 1, "is_bot": True, "first_name": "E"}]
        ),
        "sender_chat": st.just({"id": -100500, "type": "supergroup", "title": "Club"}),
        "text": st.text(max_size=60),
        "caption": st.text(max_size=60),
        "entities": ENTITIES,
        "caption_entities": ENTITIES,
        "photo": st.lists(st.just({**FILE, "width": 9, "height": 9}), max_size=2),
        "document": st.just(FILE),
        "sticker": st.just(
            {**FILE, "type": "regular", "width": 1, "height": 1, "is_animated": True, "is_video": False}
        ),
        "guest_query_id": st.text(max_size=5),
        "message_thread_id": st.integers(1, 9),
        "is_topic_message": st.booleans(),
        "quote": st.fixed_dictionaries({"text": st.text(max_size=9), "position": st.just(0)}),
        "reply_to_message": st.just({"message_id": 3, "date": 1, "chat": {"id": 5, "type": "private"}}),
    },
)


@given(TELEGRAM)
def test_any_message_of_telegram_is_understood_or_passed_over(body: dict[str, Any]) -> None:
    message = telegram.Message.de_json(body, None)
    assert message is not None
    found = decode_message([message], ME)
    assert found is None or found.sender.platform == "telegram"
    if found is not None:
        read(found, ABLE)


@given(st.text(max_size=64), st.none() | st.text(min_size=1, max_size=20))
def test_any_click_of_telegram_is_ours_or_nothing(data: str, inline: str | None) -> None:
    body = {"id": "1", "from": ADA, "chat_instance": "x", "data": data}
    query = telegram.CallbackQuery.de_json(body | ({"inline_message_id": inline} if inline else {}), None)
    assert query is not None
    decode_press(query)


@given(JSON | st.fixed_dictionaries({"components": st.lists(JSON, max_size=3), "resolved": JSON}))
def test_any_form_of_discord_is_read_or_empty(data: Any) -> None:
    if isinstance(data, dict):
        discord_decode.decode_form(data)  # pyright: ignore[reportUnknownArgumentType] - anything at all


# ---------------------------------------------------------------- what goes out again


@given(st.text(max_size=300).filter(lambda text: "\u2060" not in text and "\0" not in text))
def test_any_text_shows_in_telegram_as_it_is(text: str) -> None:
    assert telegram_encode.plain(text).replace("\u2060", "") == text


@given(st.text(max_size=3000), st.text(max_size=80), st.sampled_from([1024, 4096]))
def test_no_text_is_longer_than_telegram_takes(text: str, name: str, limit: int) -> None:
    caller = User(platform="telegram", id="5", name=name)
    shown, entities = telegram_encode.encode_text(Card(text=text, calls=caller), limit)
    assert 0 < len(shown) <= limit
    assert all(each.offset + each.length <= telegram_encode.units(shown) for each in entities)
