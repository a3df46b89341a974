"""Updates as they come: each is parsed by itself, so that one that the library cannot read hides no other. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import telegram

from bot.errors.machine import is_machine_failure

MAX_UPDATE_ID = 2**63 - 1  # what the database keeps; Telegram's own have 31 bits
UPDATE_ID = "update_id"
REPORTS = ("successful_payment", "migrate_to_chat_id", "migrate_from_chat_id")  # messages that no user has written
_NOT_ORDINARY = frozenset(("sender_chat", "guest_query_id", "message_thread_id", "direct_messages_topic", *REPORTS))

RawUpdate = Mapping[str, Any]  # Any: the JSON of a Bot API Update


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingUpdate:
    """An update that can be handled."""

    id: int
    """Telegram's number of it, 0 to MAX_UPDATE_ID; rises."""
    raw: RawUpdate
    """As Telegram sent it."""
    update: telegram.Update
    """As the library reads it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableUpdate:
    """An update that the library cannot read, to be set aside."""

    id: int | None
    """As of IncomingUpdate; None: it has none that can be used."""
    raw: object
    """The JSON that came in its place."""
    reason: str
    """What of it could not be read, for the operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IgnoredUpdate:
    """An update that nobody parses: it would be answered by nothing."""

    id: int
    """As of IncomingUpdate."""


ReceivedUpdate = IncomingUpdate | UnreadableUpdate | IgnoredUpdate


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageOrigin:
    """Who has written an ordinary message, and where."""

    user: int
    chat: int
    is_private: bool


def read_update_id(raw: object) -> int | None:
    """The number of an update; None: it has none that can be used."""
    number = cast("dict[str, Any]", raw).get(UPDATE_ID) if isinstance(raw, dict) else None
    usable = isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= MAX_UPDATE_ID
    return number if usable else None


def read_origin(raw: RawUpdate) -> MessageOrigin | None:
    """Who has written the message, or its edit, that an update brings, by a look at its JSON. None: it is none, or one
    with anything about it that needs a closer look."""
    message = raw.get("message") or raw.get("edited_message")
    if not isinstance(message, dict) or _NOT_ORDINARY & message.keys():
        return None
    user, chat = cast("tuple[Any, Any]", (message["from"], message["chat"]))
    if user.get("is_bot") or not isinstance(user["id"], int) or not isinstance(chat["id"], int):
        return None
    return MessageOrigin(user=user["id"], chat=chat["id"], is_private=chat["type"] == "private")


def read_update(raw: object, bot: telegram.Bot) -> IncomingUpdate | UnreadableUpdate:
    """Parses one update. Raises only failures of the machine."""
    if not isinstance(raw, dict):
        return UnreadableUpdate(id=None, raw=raw, reason=f"no update but {type(raw).__name__}")
    body = cast("dict[str, Any]", raw)
    if (number := read_update_id(body)) is None:
        return UnreadableUpdate(id=None, raw=body, reason=f"{kind_of(body)}: no usable {UPDATE_ID}")
    try:
        return IncomingUpdate(id=number, raw=body, update=telegram.Update.de_json(dict(body), bot))
    except Exception as failed:  # whatever the library raises: it checks nothing of what it parses
        if is_machine_failure(failed):
            raise
        return UnreadableUpdate(id=number, raw=body, reason=f"{kind_of(body)}: {type(failed).__name__}")


def chat_of(update: telegram.Update) -> int | None:
    """The chat whose updates are handled in order: that of the message, else the private one of whoever did it. None:
    of a query that is answered at once or never, wherever it comes in."""
    if update.inline_query is not None or update.pre_checkout_query is not None:
        return None
    if update.effective_chat is not None:
        return update.effective_chat.id
    return None if update.effective_user is None else update.effective_user.id


def kind_of(raw: RawUpdate) -> str:
    """The update's kind, such as `message`: its field beside the number."""
    return next((str(name) for name in raw if name != UPDATE_ID), "empty")
