"""Pictures without words, sent or chosen by Edit: they wait a while for what their member says next.

Kept in the database, so that a restart between the two forgets nothing; fetches no bytes.
"""

import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta

import structlog

from bot.chat import Attachment, Chat, Message, User
from bot.errors import StoreFailed
from bot.intake import PAINTERS
from bot.ports import Clock, Memory

log = structlog.get_logger()

LIFE = timedelta(minutes=10)  # after which words are about something else
MEMBERS = 10_000  # of whom it is known, without a look at the database, what waits


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Handles of pictures, and until when they wait."""

    pictures: tuple[Attachment, ...]
    until: datetime


NOTHING = Waiting(pictures=(), until=datetime.min.replace(tzinfo=UTC))


class Tray:
    """One set of pictures for each member of each chat."""

    def __init__(self, memory: Memory, clock: Clock) -> None:
        self._memory = memory
        self._clock = clock
        self._known: OrderedDict[str, Waiting] = OrderedDict()

    async def put(self, chat: Chat, user: User, pictures: tuple[Attachment, ...]) -> None:
        """Pictures wait for what a member says next, instead of any that did."""
        await self._write(_key(chat, user), Waiting(pictures=pictures, until=self._clock.now() + LIFE))

    async def clear(self, message: Message) -> None:
        """The sender's pictures are taken care of."""
        key = _key(message.chat, message.sender)
        if (await self._read(key)).pictures:
            await self._write(key, NOTHING)

    def forget(self, user: str) -> None:
        """The store has forgotten what waits of a user's."""
        for key in [each for each in self._known if each.endswith(f":{user}")]:
            del self._known[key]

    async def completed(self, message: Message) -> Message:
        """The message with the pictures that waited for it; itself where none did, or it brings or names its own."""
        if not _needs_pictures(message):
            return message
        waiting = await self._read(_key(message.chat, message.sender))
        if not waiting.pictures or waiting.until <= self._clock.now():
            return message
        return replace(message, attachments=waiting.pictures, reply_to=None)

    # ------------------------------------------------------------ the database

    async def _read(self, key: str) -> Waiting:
        """What waits. A database that is away costs the pictures, not the words."""
        if key not in self._known:
            try:
                kept = await self._memory.recall(key)
            except StoreFailed as failed:
                log.warning("waiting pictures not read", detail=failed.detail)
                return NOTHING
            self._know(key, NOTHING if kept is None else load(kept))
        self._known.move_to_end(key)
        return self._known[key]

    async def _write(self, key: str, waiting: Waiting) -> None:
        self._know(key, waiting)
        try:
            await self._memory.remember(key, dump(waiting))
        except StoreFailed as failed:
            log.warning("waiting pictures not kept", detail=failed.detail)

    def _know(self, key: str, waiting: Waiting) -> None:
        self._known[key] = waiting
        while len(self._known) > MEMBERS:
            self._known.popitem(last=False)


def _key(chat: Chat, user: User) -> str:
    return f"tray:{chat.key}:{user.key}"


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
