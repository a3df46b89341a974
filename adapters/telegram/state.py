"""What the adapter keeps over a restart: updates that are not handled yet, and the new ids of moved chats and messages.

Both stand in tables of their own, one row each; small, and bounded by what is under way.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Protocol, cast

import structlog
from cachetools import LRUCache

from adapters.telegram.ids import PLATFORM
from adapters.telegram.updates import UPDATE_ID, RawUpdate
from bot.errors import StoreFailed
from bot.ports import AdapterStorage, Bus, MovedRefs, PostIntents, Transaction, UpdateInbox

log = structlog.get_logger()

MAX_MOVES = 1000  # of groups and of their messages, as the database keeps
MOVES = "telegram moves"  # on the bus

_MOVED_ID = re.compile(r"-?[0-9]{1,19}")  # of a chat or a message


class TelegramStorage(AdapterStorage, UpdateInbox, MovedRefs, PostIntents, Protocol):
    """The parts of the database that this adapter uses."""


class TelegramState:
    """Updates and moves. Moves are held in memory as well, so that reading one takes no time."""

    def __init__(self, storage: TelegramStorage, bus: Bus) -> None:
        """`bus`: where other processes hear of moves."""
        self._storage = storage
        self._bus = bus
        self._moves: LRUCache[str, str] = LRUCache(MAX_MOVES)
        bus.subscribe(MOVES, self._hear_of_move)

    async def load(self) -> list[RawUpdate]:
        """Loads all moves; returns the updates that an earlier process did not handle, oldest first. A database that
        is away is logged: its updates are handled after the next start."""
        try:
            await self.reload_moves()
            return await self.saved_updates()
        except StoreFailed as failed:
            log.warning("saved updates not loaded", detail=failed.detail)
            return []

    async def load_moves(self) -> None:
        """Loads all moves. A database that is away is logged."""
        try:
            await self.reload_moves()
        except StoreFailed as failed:
            log.warning("moves of chats not loaded", detail=failed.detail)

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

    async def save_updates(
        self,
        updates: Mapping[int, RawUpdate],
        *,
        chats: Mapping[int, str] | None = None,
        announce: Callable[[Transaction], None] | None = None,
    ) -> None:
        """Saves updates, by update id, in one transaction; afterwards Telegram may forget them. `chats`, `announce`: as
        of `UpdateInbox.save_updates`. Raises StoreFailed."""
        await self._storage.save_updates(PLATFORM, updates, chats=chats, announce=announce)

    async def saved_updates(self, *, chats: Collection[str] | None = None) -> list[RawUpdate]:
        """The updates that wait to be handled, oldest first; `chats`: those of these alone. Raises StoreFailed."""
        updates = await self._storage.saved_updates(PLATFORM, chats=chats)
        return [body for number, body in updates.items() if await self._is_update(number, body)]

    async def delete_updates(self, update_ids: Collection[int]) -> None:
        """Deletes handled updates; no-op for those that were not saved. Raises StoreFailed."""
        await self._storage.delete_updates(PLATFORM, update_ids)

    # ------------------------------------------------------------ moves

    async def reload_moves(self) -> None:
        """Loads what moved, as of now. Raises StoreFailed."""
        for old, new in (await self._storage.moved_refs(PLATFORM)).items():
            if _MOVED_ID.fullmatch(new):
                self._moves[old] = new
            else:
                await self._storage.set_aside("moved_ref", (PLATFORM, old), "new: no id")

    async def save_move(self, old: str, new: str) -> None:
        """Records the new id of a chat, or of a message (`chat/message`). Known in memory even when this raises.

        Raises StoreFailed.
        """
        self._moves[old] = new
        await self._storage.save_moved_ref(PLATFORM, old, new)
        await self._bus.publish(MOVES, [old, new])

    def _hear_of_move(self, payload: object) -> None:
        match payload:
            case [str(old), str(new)] if _MOVED_ID.fullmatch(new):
                self._moves[old] = new
            case _:
                log.warning("move of another process not understood")

    def moved_to(self, old: str) -> str | None:
        """The new id of a chat or a message; None: it has not moved."""
        return self._moves.get(old)
