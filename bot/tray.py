"""Pictures that came without words: they wait a while for what their sender says next.

Kept in the database, so that a restart between the two forgets nothing; fetches no bytes.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta

import structlog

from bot.chat import Attachment, Message
from bot.errors import StoreFailed
from bot.intake import PAINTERS
from bot.ports import Clock, Memory

log = structlog.get_logger()

LIFE = timedelta(minutes=10)  # after which words are about something else
PREFIX = "tray:"  # of the keys in the database


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Handles of pictures, and until when they wait."""

    pictures: tuple[Attachment, ...]
    until: datetime


NOTHING = Waiting(pictures=(), until=datetime.min.replace(tzinfo=UTC))


class Tray:
    """One set of pictures for each member of each chat. What waits is known here, the database is told of it."""

    def __init__(self, memory: Memory, clock: Clock) -> None:
        self._memory = memory
        self._clock = clock
        self._waiting: dict[str, Waiting] = {}

    async def load(self) -> None:
        """Reads what an earlier process has left. A database that is away costs the pictures, not the words."""
        try:
            kept = await self._memory.recall_all(PREFIX)
        except StoreFailed as failed:
            log.warning("waiting pictures not read", detail=failed.detail)
            return
        self._waiting = {key: load(text) for key, text in kept.items()}
        self._let_go()

    async def put(self, message: Message) -> None:
        """The pictures of a message wait for words, instead of any that did."""
        self._let_go()
        waiting = Waiting(pictures=message.attachments, until=self._clock.now() + LIFE)
        self._waiting[_key(message)] = waiting
        await self._keep(_key(message), waiting)

    async def clear(self, message: Message) -> None:
        """The sender's pictures are taken care of."""
        if self._waiting.pop(_key(message), None) is not None:
            await self._keep(_key(message), NOTHING)

    def completed(self, message: Message) -> Message:
        """The message with the pictures that waited for it; itself where none did, or it brings or names its own."""
        if not _needs_pictures(message):
            return message
        waiting = self._waiting.get(_key(message), NOTHING)
        if waiting.until <= self._clock.now():
            return message
        return replace(message, attachments=waiting.pictures, reply_to=None)

    def _let_go(self) -> None:
        """Forgets what has waited too long."""
        now = self._clock.now()
        self._waiting = {key: each for key, each in self._waiting.items() if each.until > now}

    async def _keep(self, key: str, waiting: Waiting) -> None:
        try:
            await self._memory.remember(key, dump(waiting))
        except StoreFailed as failed:
            log.warning("waiting pictures not kept", detail=failed.detail)


def _key(message: Message) -> str:
    return f"{PREFIX}{message.chat.key}:{message.sender.key}"


def _needs_pictures(message: Message) -> bool:
    """Whether words came alone, and were meant for the bot to paint by."""
    first = message.text.split(maxsplit=1)[:1]
    replied = isinstance(message.reply_to, Message) and bool(message.reply_to.attachments)
    if message.attachments or replied or not first or not (message.to_me or message.chat.kind == "direct"):
        return False
    return not first[0].startswith("/") or first[0][1:].partition("@")[0].lower() in PAINTERS


def dump(waiting: Waiting) -> str:
    return json.dumps([waiting.until.isoformat(), [asdict(each) for each in waiting.pictures]])


def load(text: str) -> Waiting:
    until, pictures = json.loads(text)
    handles: Sequence[Attachment] = [Attachment(**each) for each in pictures]
    return Waiting(pictures=tuple(handles), until=datetime.fromisoformat(until))
