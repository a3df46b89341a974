"""Pictures that members have just shown in a group without a word to the bot: what their next request is about, where
it says so. For a minute; whoever else asks gets none of them.

In memory only; where another process may handle the chat next, also in the database.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Protocol

import structlog
from cachetools import LRUCache, TTLCache

from bot.chat import Attachment, Chat, Message, User
from bot.errors import StoreFailed
from bot.handlers.unfinished import JOIN_WITHIN
from bot.intake.deixis import refers_to_picture
from bot.intake.parts import is_material
from bot.runtime.clock import Clock
from bot.store.stored_values import StoredReader

log = structlog.get_logger()

MAX_PLACES = 5_000  # of members in chats, remembered; the oldest are dropped first
MAX_MESSAGES = 10  # of one member, remembered: more than a request may have are refused in words
KEY_PREFIX = "shown-pictures:"  # of the keys of blobs, before the user's key; `Deletions` deletes by it


class ShownPicturesStorage(Protocol):
    """Storage of blobs. Every method raises StoreFailed."""

    async def cache_blob(self, key: str, data: bytes) -> None:
        """Keeps bytes under a key."""
        ...

    async def cached_blob(self, key: str) -> bytes | None: ...

    async def delete_key(self, key: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMessage:
    """A message with pictures alone."""

    id: str
    """The platform's id of it."""
    images: tuple[Attachment, ...]
    """Handles, in order."""
    at: datetime
    """When it was noted; aware, UTC."""


_STORED = StoredReader[tuple[ShownMessage, ...]](tuple[ShownMessage, ...])


class ShownPictures:
    """The latest pictures of each member in each group whose messages the bot hears."""

    def __init__(
        self, clock: Clock, storage: ShownPicturesStorage | None = None, is_shared: Callable[[], bool] = lambda: False
    ) -> None:
        """`is_shared()`: whether other processes may handle the chats next. `storage`: what they find it in; None: no
        other process ever does."""
        self._storage = storage
        self._clock = clock
        self._is_shared = is_shared
        self._shown: TTLCache[tuple[str, ...], tuple[ShownMessage, ...]] = TTLCache(
            MAX_PLACES, JOIN_WITHIN.total_seconds(), timer=clock.monotonic
        )
        # Places of which the database does not know the latest.
        self._unsaved: LRUCache[tuple[str, ...], None] = LRUCache(MAX_PLACES)

    def note(self, message: Message) -> None:
        """Remembers a message that was not meant for the bot, if it is nothing but pictures. Any other says that the
        pictures before it are done with."""
        place = _place(message.chat, message.sender)
        if message.attachments and is_material(message):
            others = [each for each in self._shown.get(place, ()) if each.id != message.id]
            shown = ShownMessage(id=message.id, images=message.attachments, at=self._clock.now())
            self._shown[place] = (*others, shown)[-MAX_MESSAGES:]
            self._unsaved[place] = None
        else:
            self._drop(place)

    def add_to(self, message: Message) -> Message:
        """A request with the pictures that it is about: those that its sender has shown just before."""
        shown = self._shown.get(_place(message.chat, message.sender), ())
        is_bare = not (message.attachments or message.about or message.reply_to or message.command)
        if not shown or not is_bare or not refers_to_picture(message.text):
            return message
        return replace(message, about=tuple(image for each in shown for image in each.images))

    def drop(self, message: Message) -> None:
        """Forgets what the sender of a request has shown: it is painted, or was not meant."""
        self._drop(_place(message.chat, message.sender))

    def drop_user(self, user_key: str) -> None:
        """Forgets what a user has shown anywhere. `Deletions.erase_user` has deleted what is stored."""
        for place in [each for each in self._shown if each[-1] == user_key]:
            del self._shown[place]
            self._unsaved.pop(place, None)

    def _drop(self, place: tuple[str, ...]) -> None:
        if self._shown.pop(place, None) is None:
            return
        if self._is_shared():
            self._unsaved[place] = None
        else:
            self._unsaved.pop(place, None)

    # ------------------------------------------------------------ among several processes

    async def complete(self, message: Message) -> Message:
        """As `add_to`, with what was shown to other processes, too."""
        if self._is_shared():
            await self._restore(message)
        return self.add_to(message)

    async def keep(self, message: Message) -> None:
        """As `note`, for other processes, too."""
        self.note(message)
        if self._is_shared():
            await self.save()

    async def settle(self, message: Message) -> None:
        """As `drop`, for other processes, too."""
        self.drop(message)
        if self._is_shared():
            await self.save()

    def forget_saved(self) -> None:
        """Drops what the database has as well: other processes may change it."""
        for place in [each for each in self._shown if each not in self._unsaved]:
            del self._shown[place]

    async def reload(self, chat: Chat) -> None:
        """Nothing: what one member has shown is read once it matters."""

    async def _restore(self, message: Message) -> None:
        """Reads what the sender has shown, where it matters and another process may know. A database that is away is
        logged."""
        place = _place(message.chat, message.sender)
        matters = is_material(message) if message.attachments else refers_to_picture(message.text)
        if message.chat.kind == "direct" or not matters or place in self._shown or self._storage is None:
            return
        try:
            stored = await self._storage.cached_blob(_key(place))
            shown = () if stored is None else _STORED.read(json.loads(stored))
        except StoreFailed as failed:
            log.warning("shown pictures not read", detail=failed.detail)
            return
        except ValueError:
            log.warning("shown pictures not understood")
            return
        now = self._clock.now()
        fresh = tuple(each for each in shown if each.at.tzinfo and abs(now - each.at) < JOIN_WITHIN)
        if fresh and place not in self._shown:
            self._shown[place] = fresh

    async def save(self) -> None:
        """Stores what has changed, if other processes may have to know. A database that is away is logged."""
        while self._unsaved and self._storage is not None and self._is_shared():
            place, _ = self._unsaved.popitem()
            shown = self._shown.get(place)
            try:
                if shown is None:
                    await self._storage.delete_key(_key(place))
                else:
                    await self._storage.cache_blob(_key(place), _encode(shown))
            except StoreFailed as failed:
                log.warning("shown pictures not saved", detail=failed.detail)


def _place(chat: Chat, user: User) -> tuple[str, ...]:
    return chat.key, chat.thread_id or "", user.key


def _key(place: tuple[str, ...]) -> str:
    chat, topic, user = place
    return f"{KEY_PREFIX}{user}:{chat}:{topic}"


def _encode(shown: tuple[ShownMessage, ...]) -> bytes:
    return json.dumps([asdict(each) for each in shown], default=datetime.isoformat).encode()
