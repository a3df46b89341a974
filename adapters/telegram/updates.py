"""Updates as they come: each is parsed by itself, so that one that the library cannot read hides no other. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import telegram

from bot.errors.machine import is_machine_failure

MAX_UPDATE_ID = 2**63 - 1  # what the database keeps; Telegram's own have 31 bits
UPDATE_ID = "update_id"

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


def read_update(raw: object, bot: telegram.Bot) -> IncomingUpdate | UnreadableUpdate:
    """Parses one update. Raises only failures of the machine."""
    if not isinstance(raw, dict):
        return UnreadableUpdate(id=None, raw=raw, reason=f"no update but {type(raw).__name__}")
    body = cast("dict[str, Any]", raw)
    number = body.get(UPDATE_ID)
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= MAX_UPDATE_ID:
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
