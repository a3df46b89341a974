"""Albums put together. Telegram sends an album as separate messages, in any order, and does not mark its end.

Knows message ids and times only; what an album means is decided elsewhere.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog
import telegram
from cachetools import LRUCache

from bot.runtime.clock import SUSPENDED_S, Clock, wait_for_event

log = structlog.get_logger()

ALBUM_QUIET_S = 1.0  # without a further part after which an album counts as complete; other bots wait 0.6 to 2.5 s
ALBUM_MAX_S = 5.0  # after the first part
MAX_ALBUM_PARTS = 10  # that an album can have: the tenth completes it
MAX_FINISHED_ALBUMS = 500  # remembered, to recognise parts that come too late

AlbumKey = tuple[int, str]  # chat id, media_group_id
HandleAlbum = Callable[[Sequence[telegram.Message]], Awaitable[bool]]


@dataclass(slots=True, eq=False)
class PendingAlbum:
    sender_id: int | None
    """The user, or the chat that posts as itself; None: unknown."""
    started_at: float
    """When the first part came, or the process ran again; the clock's monotonic seconds."""
    complete_at: float
    """When the album counts as complete unless another part comes, the clock's monotonic seconds."""
    parts: dict[int, telegram.Message] = field(default_factory=dict[int, telegram.Message])
    """By message id."""
    complete: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the last possible part is there."""
    collected: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when its parts are handed over."""
    handling: asyncio.Task[bool] | None = None
    """Collects the parts and hands them over; its result is that of the handler."""


class AlbumCollector:
    """All albums that are arriving. `handle_album` gets each complete one, ordered by message id."""

    def __init__(self, clock: Clock, handle_album: HandleAlbum) -> None:
        self._clock = clock
        self._handle_album = handle_album
        self._pending: dict[AlbumKey, PendingAlbum] = {}
        self._handling: set[asyncio.Task[bool]] = set()  # those of all albums, collected or not
        self._finished: LRUCache[AlbumKey, dict[int, telegram.Message]] = LRUCache(MAX_FINISHED_ALBUMS)

    async def add_part(self, message: telegram.Message) -> bool:
        """Adds one part. Returns, once the album was handled, the result of `handle_album`."""
        assert message.media_group_id is not None  # callers pass only parts of albums
        key = message.chat.id, message.media_group_id
        now = self._clock.monotonic()
        if key in self._finished:
            log.warning("part of an album came too late", chat=message.chat.id)
            return True
        album = self._pending.get(key)
        if album is None:
            album = self._pending[key] = PendingAlbum(sender_id=_sender_id(message), started_at=now, complete_at=now)
            album.handling = asyncio.create_task(self._collect(key, album), name="telegram album")
            self._handling.add(album.handling)
            album.handling.add_done_callback(self._handling.discard)
        album.parts.setdefault(message.message_id, message)  # which may have been edited already
        album.complete_at = min(now + ALBUM_QUIET_S, album.started_at + ALBUM_MAX_S)
        if len(album.parts) >= MAX_ALBUM_PARTS:
            album.complete.set()
        assert album.handling is not None
        return await asyncio.shield(album.handling)

    async def edit_part(self, message: telegram.Message) -> bool:
        """Replaces a part by what it is now. Returns, once the whole album was handled, the result of `handle_album`;
        True for an album of which nothing is known any more."""
        assert message.media_group_id is not None  # as in add_part
        key = message.chat.id, message.media_group_id
        if (album := self._pending.get(key)) is not None:
            album.parts[message.message_id] = message
            assert album.handling is not None
            return await asyncio.shield(album.handling)
        parts = self._finished.get(key)
        if parts is None or message.message_id not in parts:
            return True
        parts[message.message_id] = message
        return await self._handle_album([parts[each] for each in sorted(parts)])

    async def wait_for_earlier(self, message: telegram.Message) -> None:
        """Returns when the albums that the sender of `message` began before it in its chat are handed over."""
        for (chat_id, _), album in tuple(self._pending.items()):
            if chat_id == message.chat.id and album.sender_id == _sender_id(message):
                await album.collected.wait()

    def abandon(self) -> None:
        """Other processes collect and handle from now on what is under way."""
        for task in self._handling:
            task.cancel()
        for album in self._pending.values():
            album.collected.set()
        self._pending.clear()
        self._finished.clear()

    async def _collect(self, key: AlbumKey, album: PendingAlbum) -> bool:
        while not album.complete.is_set() and (due := album.complete_at) > self._clock.monotonic():
            await wait_for_event(album.complete, due - self._clock.monotonic(), self._clock)
            now = self._clock.monotonic()
            if now - due > SUSPENDED_S:  # the process did not run: other parts may still be at Telegram
                album.started_at, album.complete_at = now, now + ALBUM_MAX_S
        del self._pending[key]
        self._finished[key] = album.parts
        album.collected.set()  # who waits for it has its turn after what follows
        try:
            return await self._handle_album([album.parts[each] for each in sorted(album.parts)])
        except BaseException:
            self._finished.pop(key, None)  # its parts are handled again
            raise


def _sender_id(message: telegram.Message) -> int | None:
    if message.sender_chat is not None:
        return message.sender_chat.id
    return None if message.from_user is None else message.from_user.id
