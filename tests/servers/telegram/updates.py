"""The queue of updates for the bot, read by one poller at a time, or by a webhook. No HTTP here."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tests.servers.telegram.errors import OTHER_POLLER, WEBHOOK_ACTIVE, Json, conflict

MAX_AGE = timedelta(hours=24)  # after which Telegram drops an update
FIRST_UPDATE_ID = 700_000_001  # Telegram's ids are large too
ON_REQUEST = frozenset({"chat_member", "message_reaction", "message_reaction_count"})  # only if asked for by name

MISSING: Final = object()  # in place of a field's value: the field is left out


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Update:
    """`kind`: the field of Update that is set. `lane`: updates of one lane reach a webhook in order."""

    id: int
    kind: str
    payload: Json
    at: datetime
    lane: int
    odd_body: object = None
    """What is sent in its place; None: what it says."""

    @property
    def body(self) -> object:
        return {"update_id": self.id, self.kind: self.payload} if self.odd_body is None else self.odd_body


@dataclass(slots=True)
class _Poller:
    """Somebody who waits. `words`: of the conflict that ended it."""

    over: bool = False
    words: str | None = None


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
        self._ids = itertools.count(FIRST_UPDATE_ID)
        self._poller: _Poller | None = None
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

    def add_odd(self, **fields: object) -> Update:
        """An update such as a newer version of the Bot API may bring, whatever the bot asked for. `update_id` among
        the fields replaces its number."""
        number = next(self._ids)
        body = {"update_id": number, **fields}
        update = Update(
            id=number,
            kind=next(iter(fields)),
            payload={},
            at=self._now(),
            lane=-number,
            odd_body={name: value for name, value in body.items() if value is not MISSING},
        )
        self.made.append(update)
        self.pending.append(update)
        self.wake()
        return update

    def redeliver(self, update: Update) -> None:
        """The same update once more, with the same id, however far the bot has confirmed."""
        if update not in self.pending:
            self.pending.insert(0, update)
        self._again.add(update)
        self.wake()

    @property
    def polled(self) -> bool:
        """Whether somebody waits for updates now."""
        return self._poller is not None

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

    def interrupt(self, words: str | None = None) -> None:
        """Who polls now is sent away: with a refusal, or empty-handed."""
        if self._poller is not None:
            self._poller.over, self._poller.words = True, words
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
        self.interrupt(OTHER_POLLER)
        self._confirm(offset)
        mine = self._poller = _Poller()
        self.wake()
        try:
            async with asyncio.timeout(seconds):
                while seconds and not (mine.over or self.pending or self.closing):
                    await self._woken.wait()
        except TimeoutError:
            pass
        if self._poller is mine:
            self._poller = None
        if mine.words is not None:
            raise conflict(mine.words)
        given = [] if mine.over else self.pending[:limit]
        for update in given:
            if update in self._again:
                self.remove(update)
        return given

    def _confirm(self, offset: int | None) -> None:
        oldest = self._now() - MAX_AGE
        self.pending = [one for one in self.pending if one.at >= oldest]
        if offset is None or offset == 0:
            return
        if offset < 0:
            self.pending = self.pending[offset:]
            return
        self.pending = [one for one in self.pending if one.id >= offset or one in self._again]
