"""Events of Discord that ask for something: written down before they are acknowledged, until they are handled.

A message is acknowledged to nobody: one that becomes a job in a moment is in the database as that job, and not here.
Discord brings an event once. What a killed process had not handled is taken up by the next one, as if it came then: an
interaction is acknowledged once more (which Discord refuses and nobody sees), and its request is known by its id.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from copy import deepcopy
from typing import Any, Protocol

import structlog

from adapters.discord.interaction_tokens import TOKEN_LIFETIME_S
from bot.clock import Clock, wait_for_event
from bot.errors import StoreFailed
from bot.ports import UpdateInbox

log = structlog.get_logger()

SAVE_WAIT_S = 1.0  # that an acknowledgement waits for the database; Discord wants it within three seconds
MESSAGE_LIFETIME_S = 24 * 3600.0  # of a message that was not handled; an interaction's is that of its token
MESSAGE_WAIT_S = 0.02  # that a message may take to become a job before it is saved; the commits of three jobs
GUILD_POLL_S, GUILD_POLLS = 0.2, 150  # between two looks at whether an event's guild is known; how many: 30 s
RECORDED_EVENTS = ("INTERACTION_CREATE", "MESSAGE_CREATE")
_CHAT_COMMAND, _MODAL_SUBMIT = (2, 1), 5  # types of interactions, and of commands, that are shown as "thinking"

Event = Mapping[str, Any]  # Any: JSON of the gateway
ParseEvent = Callable[[Any], None]


class EventStorage(UpdateInbox, Protocol):
    """The parts of the database that this inbox uses."""

    async def set_aside(self, table: str, key: Sequence[str | int], reason: str) -> None:
        """As of AdapterStorage."""
        ...


class EventInbox:
    """The events of one process's shards. `scope`: tells them from those of other processes."""

    def __init__(self, storage: EventStorage, clock: Clock, scope: str) -> None:
        self._storage = storage
        self._clock = clock
        self._scope = scope
        self._fresh: dict[int, Event] = {}  # messages that may become jobs before they need be saved
        self._aging: asyncio.Task[None] | None = None  # waits for those in `_fresh`
        self._unsaved: dict[int, Event] = {}
        self._saved: set[int] = set()  # ids of events that are in the database, or on their way there
        self._handled: set[int] = set()
        self._saving: dict[int, asyncio.Event] = {}  # set once the event is saved, or cannot be
        self._received_s: dict[int, float] = {}  # of events of before, seconds since 1970
        self._left_behind: deque[tuple[str, Event]] = deque()
        self._writer: asyncio.Task[None] | None = None

    async def load(self) -> None:
        """Reads what an earlier process has not handled, and deletes what is too old to be of use."""
        try:
            saved = await self._storage.saved_updates(self._scope)
        except StoreFailed as failed:
            log.warning("saved events not loaded", detail=failed.detail)
            return
        now_s = self._clock.now().timestamp()
        self._saved.update(saved)
        for event_id, body in saved.items():
            if not _is_recorded(event_id, body):
                await self.set_aside(event_id, "body: no recorded event of this number")
                continue
            lifetime_s = MESSAGE_LIFETIME_S if body["event"] == "MESSAGE_CREATE" else TOKEN_LIFETIME_S
            if abs(now_s - body["received_s"]) < lifetime_s:
                self._received_s[event_id] = body["received_s"]
                self._left_behind.append((body["event"], body["data"]))
            else:
                self.set_handled(event_id)

    def pop_left_behind(self) -> tuple[str, Event] | None:
        """The oldest event of an earlier process that was not taken up yet: its name and data. None: there is none."""
        return self._left_behind.popleft() if self._left_behind else None

    def record(self, event: str, data: Event, bot_id: str) -> None:
        """Has an event saved, if it asks the bot for something."""
        if _asks_for_something(event, data, bot_id):
            event_id = int(data["id"])
            body = {"event": event, "data": deepcopy(dict(data)), "received_s": self._clock.now().timestamp()}
            if event == "MESSAGE_CREATE":
                self._fresh[event_id] = body
                if self._aging is None or self._aging.done():
                    self._aging = asyncio.create_task(self._save_slow_messages(), name="discord slow messages")
            else:
                self._saving[event_id] = asyncio.Event()
                self._save_soon({event_id: body})

    def received_s(self, event_id: int) -> float:
        """When an event came in, seconds since 1970; now, unless an earlier process has received it."""
        return self._received_s.get(event_id, self._clock.now().timestamp())

    async def wait_until_saved(self, event_id: int) -> None:
        """Waits until an event is saved, or the database fails, at most SAVE_WAIT_S."""
        if (saving := self._saving.get(event_id)) is not None and not await wait_for_event(
            saving, SAVE_WAIT_S, self._clock
        ):
            log.warning("event acknowledged before it is saved", event_id=event_id)

    def set_handled(self, event_id: int) -> None:
        """An event needs not be taken up again."""
        self._received_s.pop(event_id, None)
        self._fresh.pop(event_id, None)
        if event_id in self._saved:
            self._saved.discard(event_id)
            self._handled.add(event_id)
            self._write()

    async def set_aside(self, event_id: int, reason: str) -> None:
        """Takes an event of before out that nobody can make anything of, and keeps it for the operator."""
        try:
            await self._storage.set_aside("incoming_update", (self._scope, event_id), reason)
        except StoreFailed as failed:
            log.warning("event of before not set aside", event_id=event_id, detail=failed.detail)

    async def close(self) -> None:
        """Returns when all is written."""
        if self._aging is not None:
            self._aging.cancel()
        self._save_soon(self._fresh)
        if self._writer is not None:
            await asyncio.wait([self._writer])

    # ------------------------------------------------------------ within

    async def _save_slow_messages(self) -> None:
        while self._fresh:
            waiting = tuple(self._fresh)
            await self._clock.sleep(MESSAGE_WAIT_S)
            self._save_soon({each: self._fresh[each] for each in waiting if each in self._fresh})

    def _save_soon(self, events: Mapping[int, Event]) -> None:
        if not events:
            return
        self._saved.update(events)
        self._unsaved.update(events)
        self._fresh = {event_id: body for event_id, body in self._fresh.items() if event_id not in events}
        self._write()

    def _write(self) -> None:
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all(), name="discord events")

    async def _write_all(self) -> None:
        """What comes while a transaction is under way shares the next one."""
        while self._unsaved or self._handled:
            events, self._unsaved = self._unsaved, {}
            handled, self._handled = self._handled, set()
            if events:
                await self._save(events)
            if handled:
                await self._delete(handled)

    async def _save(self, events: Mapping[int, Event]) -> None:
        try:
            await self._storage.save_updates(self._scope, events)
        except StoreFailed as failed:
            log.warning("events not saved", detail=failed.detail)
        for event_id in events:
            if (saving := self._saving.pop(event_id, None)) is not None:
                saving.set()

    async def _delete(self, handled: Collection[int]) -> None:
        try:
            await self._storage.delete_updates(self._scope, handled)
        except StoreFailed as failed:
            log.warning("handled events not deleted", detail=failed.detail)


def _is_recorded(event_id: int, body: Any) -> bool:
    """Whether a saved row holds what `record` saves, under this number."""
    if not isinstance(body, Mapping):
        return False
    event: Mapping[str, Any] = body  # type: ignore[reportUnknownVariableType]  # JSON
    data, received_s = event.get("data"), event.get("received_s")
    return (
        event.get("event") in RECORDED_EVENTS
        and isinstance(received_s, int | float)
        and isinstance(data, Mapping)
        and data.get("id") == str(event_id)  # type: ignore[reportUnknownMemberType]  # JSON
    )


def _asks_for_something(event: str, data: Event, bot_id: str) -> bool:
    """Whether a kill would leave somebody waiting: a command or a form, or a message that may be meant for the bot."""
    if event == "INTERACTION_CREATE":
        return data["type"] == _MODAL_SUBMIT or (data["type"], data.get("data", {}).get("type")) == _CHAT_COMMAND
    if data.get("author", {}).get("bot") or data.get("webhook_id"):
        return False
    mentioned = any(each["id"] == bot_id for each in data.get("mentions", ())) or bool(data.get("mention_roles"))
    replied: Event = data.get("referenced_message") or {}
    meant = mentioned or replied.get("author", {}).get("id") == bot_id or str(data.get("content", "")).startswith("/")
    return "guild_id" not in data or meant
