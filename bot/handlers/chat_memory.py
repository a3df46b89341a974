"""What a process keeps of chats in memory, read anew once another process may have handled them.

Knows when, not what: that is its readers'. A process that is alone never reads anything again.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import structlog
from cachetools import LRUCache

from bot.chat import Chat
from bot.errors import StoreFailed
from bot.runtime.background import BackgroundTasks

log = structlog.get_logger()

MAX_CHATS = 10_000  # known to be up to date; of others the same is read once more


class KeptOfChats(Protocol):
    """One kind of what is kept, of all chats."""

    def forget_saved(self) -> None:
        """Drops all that the database has as well."""
        ...

    async def reload(self, chat: Chat) -> None:
        """Reads what the database has of a chat. Raises StoreFailed."""
        ...


class ChatMemory:
    """All chats. `kept`: what there is of them."""

    def __init__(self, kept: Sequence[KeptOfChats]) -> None:
        self._kept = kept
        self._times = 0  # that chats have changed hands
        self._read: LRUCache[str, int] = LRUCache(MAX_CHATS)  # when each chat was read, by that number
        self._reading: dict[str, asyncio.Task[None]] = {}
        self._tasks = BackgroundTasks()

    def mark_stale(self) -> None:
        """Chats have changed hands: each is read before its next event is handled."""
        self._times += 1
        for each in self._kept:
            each.forget_saved()

    def is_stale(self, chat: Chat) -> bool:
        """Whether `refresh` is to be awaited before an event of the chat is handled. Costs nothing."""
        return self._times > 0 and self._read.get(chat.key) != self._times

    async def refresh(self, chat: Chat) -> None:
        """Reads what there is of a chat. A database that is away is logged, and asked again at the next event."""
        if (reading := self._reading.get(chat.key)) is None:
            reading = self._reading[chat.key] = self._tasks.spawn(self._read_chat(chat), f"memory of {chat.key}")
            reading.add_done_callback(lambda _: self._reading.pop(chat.key, None))
        await asyncio.shield(reading)

    async def _read_chat(self, chat: Chat) -> None:
        times = self._times
        try:
            for each in self._kept:
                await each.reload(chat)
        except StoreFailed as failed:
            log.warning("memory of a chat not read", chat=chat.key, detail=failed.detail)
            return
        self._read[chat.key] = times

    async def close(self) -> None:
        """Reads nothing any more."""
        await self._tasks.cancel()
