"""Pictures without words, sent or chosen by Edit: they wait a while for what their member says next.

Kept in the database, so that a restart between the two forgets nothing; fetches no bytes.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog

from bot.chat import Attachment, Chat, Message, User
from bot.clock import Clock
from bot.errors import StoreFailed
from bot.intake.commands import PAINT_COMMANDS
from bot.ports import AdapterStorage

log = structlog.get_logger()

TTL = timedelta(minutes=10)  # after which words are about something else
KEY_PREFIX = "tray:"  # of the keys in the database


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingSet:
    """Handles of pictures, and until when they wait."""

    pictures: tuple[Attachment, ...]
    until: datetime


EMPTY = PendingSet(pictures=(), until=datetime.min.replace(tzinfo=UTC))


class PendingImageStorage(AdapterStorage, Protocol):
    """What the tray is kept in."""

    async def values_with_prefix(self, prefix: str) -> dict[str, str]:
        """The texts under all keys that begin with `prefix`. Raises StoreFailed."""
        ...


class PendingImages:
    """One set of pictures for each member of each chat. What waits is known here, the database is told of it."""

    def __init__(self, storage: PendingImageStorage, clock: Clock) -> None:
        self._memory = storage
        self._clock = clock
        self._waiting: dict[str, PendingSet] = {}

    async def load(self) -> None:
        """Reads what an earlier process has left. A database that is away costs the pictures, not the words."""
        try:
            kept = await self._memory.values_with_prefix(KEY_PREFIX)
        except StoreFailed as failed:
            log.warning("waiting pictures not read", detail=failed.detail)
            return
        self._waiting = {key: decode_pending(text) for key, text in kept.items()}
        self._let_go()

    async def set_pending(self, chat: Chat, user: User, pictures: tuple[Attachment, ...]) -> None:
        """Pictures wait for what a member says next, instead of any that did."""
        self._let_go()
        key = _key(chat, user)
        self._waiting[key] = PendingSet(pictures=pictures, until=self._clock.now() + TTL)
        await self._keep(key, self._waiting[key])

    async def clear(self, message: Message) -> None:
        """The sender's pictures are taken care of."""
        key = _key(message.chat, message.sender)
        if self._waiting.pop(key, None) is not None:
            await self._keep(key, EMPTY)

    def drop_user(self, user: str) -> None:
        """The store has forgotten what waits of a user's."""
        for key in [each for each in self._waiting if each.endswith(f":{user}")]:
            del self._waiting[key]

    def attach_to(self, message: Message) -> Message:
        """The message with the pictures that waited for it; itself where none did, or it brings or names its own."""
        if not _needs_pictures(message):
            return message
        waiting = self._waiting.get(_key(message.chat, message.sender), EMPTY)
        if waiting.until <= self._clock.now():
            return message
        return replace(message, attachments=waiting.pictures, reply_to=None)

    def _let_go(self) -> None:
        """Forgets what has waited too long."""
        now = self._clock.now()
        self._waiting = {key: each for key, each in self._waiting.items() if each.until > now}

    async def _keep(self, key: str, waiting: PendingSet) -> None:
        try:
            await self._memory.set_value(key, encode_pending(waiting))
        except StoreFailed as failed:
            log.warning("waiting pictures not kept", detail=failed.detail)


def _key(chat: Chat, user: User) -> str:
    return f"{KEY_PREFIX}{chat.key}:{user.key}"


def _needs_pictures(message: Message) -> bool:
    """Whether words came alone, and were meant for the bot to paint by."""
    first = message.text.split(maxsplit=1)[:1]
    replied = isinstance(message.reply_to, Message) and bool(message.reply_to.attachments)
    if message.attachments or replied or not first or not (message.to_me or message.chat.kind == "direct"):
        return False
    return not first[0].startswith("/") or first[0][1:].partition("@")[0].lower() in PAINT_COMMANDS


def encode_pending(waiting: PendingSet) -> str:
    return json.dumps([waiting.until.isoformat(), [asdict(each) for each in waiting.pictures]])


def decode_pending(text: str) -> PendingSet:
    until, pictures = json.loads(text)
    handles: Sequence[Attachment] = [Attachment(**each) for each in pictures]
    return PendingSet(pictures=tuple(handles), until=datetime.fromisoformat(until))
