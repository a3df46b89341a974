"""The adapter's own small memory: updates not yet taken care of, and where chats and messages have gone.

Kept in the database under two keys; small, and bounded by what is under way.
"""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from bot.errors import StoreFailed
from bot.ports import AdapterStorage

UPDATES, MOVES = "telegram:updates", "telegram:moves"
MOST_MOVES = 1000  # of groups and of their messages

Raw = Mapping[str, Any]


class TelegramState:
    """Every method that writes or reads the database raises StoreFailed."""

    def __init__(self, memory: AdapterStorage) -> None:
        self._memory = memory
        self._written: dict[int, Raw] = {}
        self._writing = asyncio.Lock()
        self._moves: OrderedDict[str, str] = OrderedDict()

    async def load(self) -> list[Raw]:
        """Reads everything; returns the updates that an earlier process did not take care of, oldest first."""
        if (moves := await self._memory.get_value(MOVES)) is not None:
            self._moves = OrderedDict(json.loads(moves))
        kept = await self._memory.get_value(UPDATES)
        self._written = {} if kept is None else {int(each["update_id"]): each for each in json.loads(kept)}
        return [self._written[each] for each in sorted(self._written)]

    # ------------------------------------------------------------ updates

    async def save_updates(self, updates: Mapping[int, Raw]) -> None:
        """Keeps updates, so that Telegram may forget them."""
        new = updates.keys() - self._written.keys()
        self._written |= updates
        try:
            await self._keep_updates()
        except StoreFailed:  # Telegram will tell them again; nobody strikes them out
            for each in new:
                self._written.pop(each, None)
            raise

    async def delete_update(self, update: int) -> None:
        """An update is taken care of."""
        if self._written.pop(update, None) is not None:
            await self._keep_updates()

    async def _keep_updates(self) -> None:
        """One write at a time, each of all there is by then."""
        async with self._writing:
            await self._memory.set_value(UPDATES, json.dumps(list(self._written.values()), ensure_ascii=False))

    # ------------------------------------------------------------ where things have gone

    async def save_move(self, old: str, new: str) -> None:
        """A chat, or a message (`chat/message`), is found elsewhere from now on."""
        self._moves[old] = new
        while len(self._moves) > MOST_MOVES:
            self._moves.popitem(last=False)
        await self._memory.set_value(MOVES, json.dumps(dict(self._moves)))

    def moved_to(self, old: str) -> str | None:
        """Where it has gone; None: it is where it was."""
        return self._moves.get(old)
