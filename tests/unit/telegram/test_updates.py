"""A look at an update's JSON says the same of its sender as the library's reading of it, or nothing."""

from typing import Any

import pytest
import telegram

from adapters.telegram.decode import decode_chat, decode_sender
from adapters.telegram.ids import PLATFORM, make_chat
from adapters.telegram.updates import MAX_UPDATE_ID, MessageOrigin, read_origin, read_update_id

Json = dict[str, Any]

ADA: Json = {"id": 7, "is_bot": False, "first_name": "Ada"}
PRIVATE: Json = {"id": 7, "type": "private", "first_name": "Ada"}
GROUP: Json = {"id": -100, "type": "supergroup", "title": "Painters"}


def message(chat: Json = PRIVATE, sender: Json | None = ADA, **more: object) -> Json:
    return {"message_id": 1, "date": 0, "chat": chat, "text": "a cat"} | ({"from": sender} if sender else {}) | more


@pytest.mark.parametrize("kind", ["message", "edited_message"])
@pytest.mark.parametrize("chat", [PRIVATE, GROUP], ids=["private", "group"])
def test_who_has_written_an_ordinary_message(kind: str, chat: Json) -> None:
    raw = {"update_id": 1, kind: message(chat)}
    origin = read_origin(raw)
    assert origin is not None
    assert origin == MessageOrigin(user=7, chat=chat["id"], is_private=chat is PRIVATE)
    read = getattr(telegram.Update.de_json(raw), kind)
    sender = decode_sender(read)
    assert sender is not None
    assert sender.key == f"{PLATFORM}:{origin.user}"
    assert decode_chat(read) == make_chat(origin.chat, direct=origin.is_private)


@pytest.mark.parametrize(
    "raw",
    [
        {"callback_query": {"id": "1", "from": ADA}},
        {"message": "a cat"},
        {"message": message(sender=ADA | {"is_bot": True})},
        {"message": message(sender=ADA | {"id": "7"})},
        {"message": message(PRIVATE | {"id": None})},
        {"message": message(GROUP, sender_chat=GROUP)},
        {"message": message(GROUP, message_thread_id=5, is_topic_message=True)},
        {"message": message(GROUP, direct_messages_topic={"topic_id": 5})},
        {"message": message(GROUP, guest_query_id="1")},
        {"message": message(successful_payment={"total_amount": 1})},
        {"message": message(GROUP, migrate_to_chat_id=-1001)},
        {"message": message(GROUP, migrate_from_chat_id=-1)},
    ],
)
def test_whatever_needs_a_closer_look_is_none(raw: Json) -> None:
    assert read_origin({"update_id": 1} | raw) is None


@pytest.mark.parametrize("message_without", ["from", "chat"])
def test_a_message_without_what_all_have_is_not_understood(message_without: str) -> None:
    raw = message()
    del raw[message_without]
    with pytest.raises(KeyError):
        read_origin({"update_id": 1, "message": raw})


@pytest.mark.parametrize("raw", [None, [], "1", {}, {"update_id": True}, {"update_id": "1"}, {"update_id": -1}])
def test_what_has_no_usable_number(raw: object) -> None:
    assert read_update_id(raw) is None
    assert read_update_id({"update_id": MAX_UPDATE_ID}) == MAX_UPDATE_ID
    assert read_update_id({"update_id": MAX_UPDATE_ID + 1}) is None
