"""The updates that wait for the bot, and who fetches them: one poller at a time, or a webhook. No HTTP here."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.telegram_server.errors import OTHER_POLLER, WEBHOOK_ACTIVE, Json, conflict

LIFE = timedelta(hours=24)  # updates are kept no longer
FIRST = 700_000_001  # Telegram's ids are large too
ON_REQUEST = frozenset({"chat_member", "message_reaction", "message_reaction_count"})  # only if asked for by name


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Update:
    """`kind`: the field of Update that is set. `lane`: updates of one lane reach a webhook in order."""

    id: int
    kind: str
    payload: Json
    at: datetime
    lane: int

    @property
    def body(self) -> Json:
        return {"update_id": self.id, self.kind: self.payload}


class Updates:
    """`now`: the wall clock. `changed`: is called when a new one waits."""

    def __init__(self, now: Callable[[], datetime], changed: Callable[[], None]) -> None:
        self.pending: list[Update] = []
        self.made: list[Update] = []
        self.allowed: tuple[str, ...] = ()
        self.webhook_set = False
        self.closing = False
        self._now = now
        self._changed = changed
        self._ids = itertools.count(FIRST)
        self._poller: object | None = None
        self._again: set[Update] = set()
        self._woken = asyncio.Event()

    def wants(self, kind: str) -> bool:
        return kind in self.allowed if self.allowed else kind not in ON_REQUEST

    def add(self, kind: str, payload: Json, lane: int) -> Update | None:
        """A new update, unless the bot asked not to get its kind."""
        if not self.wants(kind):
            return None
        update = Update(id=next(self._ids), kind=kind, payload=payload, at=self._now(), lane=lane)
        self.made.append(update)
        self.pending.append(update)
        self.wake()
        return update

    def again(self, update: Update) -> None:
        """The same update once more, with the same id, however far the bot has confirmed."""
        if update not in self.pending:
            self.pending.insert(0, update)
        self._again.add(update)
        self.wake()

    def drop(self) -> None:
        self.pending.clear()

    def remove(self, update: Update) -> None:
        self._again.discard(update)
        if update in self.pending:
            self.pending.remove(update)

    def wake(self) -> None:
        """Whoever waits for updates looks again."""
        self._woken.set()
        self._woken = asyncio.Event()
        self._changed()

    def interrupt(self) -> None:
        """The poller that waits now is sent away."""
        self._poller = None
        self.wake()

    async def changed(self) -> None:
        await self._woken.wait()

    async def poll(self, *, offset: int | None, limit: int, seconds: float) -> Sequence[Update]:
        """getUpdates: confirms what lies before `offset`, then waits up to `seconds` (real ones) for more.

        Raises ApiError (409) when another poller comes, or a webhook is set.
        """
        if self.webhook_set:
            raise conflict(WEBHOOK_ACTIVE)
        self._confirm(offset)
        mine = self._poller = object()
        self.wake()
        try:
            async with asyncio.timeout(seconds or None):
                while self._waits(mine) and seconds:
                    await self._woken.wait()
        except TimeoutError:
            return []
        if self.webhook_set:
            raise conflict("terminated by setWebhook request")
        if self._poller not in (mine, None):
            raise conflict(OTHER_POLLER)
        self._poller = None
        given = self.pending[:limit]
        for update in given:
            if update in self._again:
                self.remove(update)
        return given

    def _waits(self, mine: object) -> bool:
        return self._poller is mine and not self.pending and not self.closing

    def _confirm(self, offset: int | None) -> None:
        oldest = self._now() - LIFE
        self.pending = [one for one in self.pending if one.at >= oldest]
        if offset is None or offset == 0:
            return
        if offset < 0:
            self.pending = self.pending[offset:]
            return
        self.pending = [one for one in self.pending if one.id >= offset or one in self._again]
