"""What the adapter keeps over a restart: updates that are not handled yet, and the new ids of moved chats and messages.

Both stand in tables of their own, one row each; small, and bounded by what is under way.
"""

import re
from collections.abc import Collection, Mapping
from typing import Protocol, cast

import structlog
from cachetools import LRUCache

from adapters.telegram.ids import PLATFORM
from adapters.telegram.updates import UPDATE_ID, RawUpdate
from bot.errors import StoreFailed
from bot.ports import AdapterStorage, MovedRefs, PostIntents, UpdateInbox

log = structlog.get_logger()

MAX_MOVES = 1000  # of groups and of their messages, as the database keeps

_MOVED_ID = re.compile(r"-?[0-9]{1,19}")  # of a chat or a message


class TelegramStorage(AdapterStorage, UpdateInbox, MovedRefs, PostIntents, Protocol):
    """The parts of the database that this adapter uses."""


class TelegramState:
    """Updates and moves. Moves are held in memory as well, so that reading one takes no time."""

    def __init__(self, storage: TelegramStorage) -> None:
        self._storage = storage
        self._moves: LRUCache[str, str] = LRUCache(MAX_MOVES)

    async def load(self) -> list[RawUpdate]:
        """Loads all moves; returns the updates that an earlier process did not handle, oldest first. A database that
        is away is logged: its updates are handled after the next start."""
        try:
            await self._load_moves()
            updates = await self._storage.saved_updates(PLATFORM)
            return [body for number, body in updates.items() if await self._is_update(number, body)]
        except StoreFailed as failed:
            log.warning("saved updates not loaded", detail=failed.detail)
            return []

    async def load_moves(self) -> None:
        """Loads all moves. A database that is away is logged."""
        try:
            await self._load_moves()
        except StoreFailed as failed:
            log.warning("moves of chats not loaded", detail=failed.detail)

    async def _load_moves(self) -> None:
        """Raises StoreFailed."""
        for old, new in (await self._storage.moved_refs(PLATFORM)).items():
            if _MOVED_ID.fullmatch(new):
                self._moves[old] = new
            else:
                await self._storage.set_aside("moved_ref", (PLATFORM, old), "new: no id")

    async def _is_update(self, number: int, body: object) -> bool:
        """Whether a saved row holds the update of its number; else it is set aside. Raises StoreFailed."""
        if isinstance(body, Mapping) and cast("Mapping[str, object]", body).get(UPDATE_ID) == number:
            return True
        await self.set_aside_update(number, cast("object", body), "body: not the update of this number")
        return False

    # ------------------------------------------------------------ updates

    async def set_aside_update(self, update_id: int | None, raw: object, reason: str) -> None:
        """Keeps an update that nobody can make anything of for the operator, and deletes it where it was saved;
        afterwards Telegram may forget it. `update_id` None: it has none. Raises StoreFailed."""
        await self._storage.set_aside_update(PLATFORM, update_id, raw, reason)

    async def save_updates(self, updates: Mapping[int, RawUpdate]) -> None:
        """Saves updates, by update id, in one transaction; afterwards Telegram may forget them. Raises StoreFailed."""
        await self._storage.save_updates(PLATFORM, updates)

    async def delete_updates(self, update_ids: Collection[int]) -> None:
        """Deletes handled updates; no-op for those that were not saved. Raises StoreFailed."""
        await self._storage.delete_updates(PLATFORM, update_ids)

    # ------------------------------------------------------------ moves

    async def save_move(self, old: str, new: str) -> None:
        """Records the new id of a chat, or of a message (`chat/message`). Known in memory even when this raises.

        Raises StoreFailed.
        """
        self._moves[old] = new
        await self._storage.save_moved_ref(PLATFORM, old, new)

    def moved_to(self, old: str) -> str | None:
        """The new id of a chat or a message; None: it has not moved."""
        return self._moves.get(old)
