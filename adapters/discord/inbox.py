"""Events of Discord that ask for something: written down before they are acknowledged, until they are handled.

A message is acknowledged to nobody: one that becomes a job in a moment is in the database as that job, and not here.
Discord brings an event once. What a killed process had not handled is taken up by the next one, as if it came then: an
interaction is acknowledged once more (which Discord refuses and nobody sees), and its request is known by its id. What
nobody can read, or breaks whoever handles it, is set aside for the operator.
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import structlog
from cachetools import LRUCache

from adapters.discord.interaction_tokens import TOKEN_LIFETIME_S
from bot.chat import Action
from bot.errors import StoreFailed
from bot.ports import UpdateInbox
from bot.runtime.clock import Clock, wait_for_event
from bot.runtime.supervision import Supervisor, TaskInterrupted

log = structlog.get_logger()

SAVE_WAIT_S = 1.0  # that an acknowledgement waits for the database; Discord wants it within three seconds
MESSAGE_LIFETIME_S = 24 * 3600.0  # of a message that was not handled; an interaction's is that of its token
MESSAGE_WAIT_S = 0.02  # that a message may take to become a job before it is saved; the commits of three jobs
GUILD_POLL_S, GUILD_POLLS = 0.2, 150  # between two looks at whether an event's guild is known; how many: 30 s
MAX_BROKEN = 1000  # events that wait to be set aside, and those remembered so that a replay is not set aside again
RECORDED_EVENTS = ("INTERACTION_CREATE", "MESSAGE_CREATE", "MESSAGE_UPDATE")
MESSAGE_EVENTS = ("MESSAGE_CREATE", "MESSAGE_UPDATE")
EDIT_NUMBER_BYTES = 7  # of a hash: the database's numbers have eight
_CHAT_COMMAND, _MODAL_SUBMIT = (2, 1), 5  # types of interactions, and of commands, that are shown as "thinking"
_BUTTON = 3  # the type of an interaction
SHOWN_AT_ONCE = frozenset({Action.EDIT, Action.MORE, Action.BACK, Action.REFRAME, Action.REGION, Action.DETAILS})
"""Buttons that show something to whoever presses, who sees it or presses again; all others begin something."""
Event = Mapping[str, Any]  # Any: JSON of the gateway


def event_number(event: str, data: Event) -> int:
    """What an event is known by: the id of its message or interaction; a negative number of its own for each edit of a
    message. Raises KeyError, ValueError for data without an id."""
    if event != "MESSAGE_UPDATE":
        return int(data["id"])
    edit = f"{int(data['id'])}:{data.get('edited_timestamp')}"
    return -int.from_bytes(sha256(edit.encode()).digest()[:EDIT_NUMBER_BYTES]) - 1


class EventInbox:
    """The events of one process's shards. `scope`: of all that the database keeps for Discord."""

    def __init__(self, storage: UpdateInbox, clock: Clock, scope: str) -> None:
        self._storage = storage
        self._clock = clock
        self._scope = scope
        self._fresh: dict[int, Event] = {}  # messages that may become jobs before they need be saved
        self._unsaved: dict[int, Event] = {}
        self._saved: set[int] = set()  # ids of events that are in the database, or on their way there
        self._handled: set[int] = set()
        self._saving: dict[int, asyncio.Event] = {}  # set once the event is saved, or cannot be
        self._received_s: dict[int, float] = {}  # of events of before, seconds since 1970
        self._left_behind: deque[tuple[str, Event]] = deque()
        self._broken: deque[_BrokenEvent] = deque()
        self._broken_keys: LRUCache[tuple[str, str], None] = LRUCache(MAX_BROKEN)
        self._supervisor = Supervisor(clock)
        self._aging = self._supervisor.add_worker("discord slow messages", self._save_slow_messages)
        self._writer = self._supervisor.add_worker("discord events", self._write_all)
        self._keeper = self._supervisor.add_worker("discord events set aside", self._keep_broken)

    async def load(self, is_wanted: Callable[[Event], bool] = lambda _: True) -> None:
        """Reads what an earlier process has not handled, and deletes what is too old to be of use. `is_wanted`: tells
        by an event's data whether it is this process's to handle now."""
        try:
            stored = await self._storage.saved_updates(self._scope)
        except StoreFailed as failed:
            log.warning("saved events not loaded", detail=failed.detail)
            return
        now_s = self._clock.now().timestamp()
        own = {event_id: body for event_id, body in stored.items() if event_id not in self._saved | self._handled}
        saved = {event_id: body for event_id, body in own.items() if is_wanted(_data_of(body))}
        self._saved.update(saved)
        recorded = {event_id: body for event_id, body in saved.items() if _is_recorded(event_id, body)}
        for event_id in saved.keys() - recorded.keys():
            self.set_aside("saved event", saved[event_id], "no recorded event of this number", event_id=event_id)
        for event_id, body in sorted(recorded.items(), key=lambda each: each[1]["received_s"]):
            lifetime_s = MESSAGE_LIFETIME_S if body["event"] in MESSAGE_EVENTS else TOKEN_LIFETIME_S
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
        if asks_for_something(event, data, bot_id):
            event_id = event_number(event, data)
            body = {"event": event, "data": _copy_of(data), "received_s": self._clock.now().timestamp()}
            if event in MESSAGE_EVENTS:
                self._fresh[event_id] = body
                self._aging.start()
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

    def set_aside(self, name: str, data: object, reason: str, *, event_id: int | None = None) -> None:
        """Has an event kept for the operator that nobody can read, or that breaks its handler, and deleted where it is
        saved. Discord replays events: each is kept once. `data` None: what was recorded of it. `event_id`: None where
        the event has no number."""
        key = (name, str(event_id) if event_id is not None else repr(data))
        if key in self._broken_keys:
            return
        self._broken_keys[key] = None
        if len(self._broken) >= MAX_BROKEN:  # the database is away, and somebody sends one after the other
            log.error("event lost", event_name=name, event_id=event_id, reason=reason)
            return
        if event_id is not None:  # its row, if there is one, goes in the same transaction
            recorded = self._unsaved.pop(event_id, None) or self._fresh.pop(event_id, None)
            data = recorded["data"] if data is None and recorded is not None else data
            self._saved.discard(event_id)
            self._release(event_id)
        kept = None if data is None else {"event": name, "data": data}
        self._broken.append(_BrokenEvent(id=event_id, body=kept, reason=f"{name}: {reason}"))
        self._keeper.start()

    def problem(self) -> str | None:
        """Why events are not written down right now; None when they are."""
        return self._supervisor.problem()

    async def close(self) -> None:
        """Returns when all is written that the database takes."""
        await self._aging.stop()
        self._save_soon(self._fresh)
        await asyncio.gather(self._writer.finish(), self._keeper.finish())
        for broken in self._broken:
            log.error("event not set aside", event_id=broken.id, reason=broken.reason)

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
        self._writer.start()

    async def _write_all(self) -> None:
        """What comes while a transaction is under way shares the next one. Nothing is taken off before it is written:
        whatever ends this, it is written by the next run."""
        while self._unsaved or self._handled:
            events, handled = dict(self._unsaved), self._handled.copy()
            if events:
                await self._save(events)
            if handled:
                await self._delete(handled)

    async def _save(self, events: Mapping[int, Event]) -> None:
        try:
            await self._storage.save_updates(self._scope, events)
        except StoreFailed as failed:
            log.warning("events not saved", detail=failed.detail)
        for event_id, body in events.items():
            if self._unsaved.get(event_id) is body:  # and did not come again meanwhile
                del self._unsaved[event_id]
            self._release(event_id)

    def _release(self, event_id: int) -> None:
        """Nobody needs to wait for an event to be saved any more."""
        if (saving := self._saving.pop(event_id, None)) is not None:
            saving.set()

    async def _delete(self, handled: Collection[int]) -> None:
        try:
            await self._storage.delete_updates(self._scope, handled)
        except StoreFailed as failed:
            log.warning("handled events not deleted", detail=failed.detail)
        self._handled.difference_update(handled)

    async def _keep_broken(self) -> None:
        while self._broken:
            broken = self._broken[0]
            try:
                await self._storage.set_aside_update(self._scope, broken.id, broken.body, broken.reason)
            except StoreFailed as failed:
                raise TaskInterrupted(f"events wait to be set aside ({failed.detail})") from failed
            self._broken.popleft()


@dataclass(frozen=True, slots=True, kw_only=True)
class _BrokenEvent:
    id: int | None
    body: Event | None
    reason: str


def _copy_of(data: Event) -> Event:
    """What discord.py changes later is not what is saved. By JSON, which it came as: half the time of a deep copy."""
    return json.loads(json.dumps(dict(data)))


def _data_of(body: Any) -> Event:
    """The event in a saved row; empty for a row that holds none."""
    data: Any = body.get("data") if isinstance(body, Mapping) else None  # type: ignore[reportUnknownVariableType]  # JSON
    return data if isinstance(data, Mapping) else {}  # type: ignore[reportUnknownVariableType]  # JSON


def _is_recorded(event_id: int, body: Any) -> bool:
    """Whether a saved row holds what `record` saves, under this number."""
    if not isinstance(body, Mapping):
        return False
    event: Mapping[str, Any] = body  # type: ignore[reportUnknownVariableType]  # JSON
    data, received_s = event.get("data"), event.get("received_s")
    if event.get("event") not in RECORDED_EVENTS or not isinstance(received_s, int | float):
        return False
    try:
        return event_number(event["event"], data) == event_id  # type: ignore[reportArgumentType]  # raises for any other
    except (AttributeError, KeyError, TypeError, ValueError):
        return False


def asks_for_something(event: str, data: Event, bot_id: str) -> bool:
    """Whether a kill would leave somebody waiting: a command, a form or a button that begins something, or a message
    that may be meant for the bot."""
    if event == "INTERACTION_CREATE":
        if data["type"] == _BUTTON:
            return _begins_something(str(data.get("data", {}).get("custom_id")))
        return data["type"] == _MODAL_SUBMIT or (data["type"], data.get("data", {}).get("type")) == _CHAT_COMMAND
    if _author_of(data).get("bot") or data.get("webhook_id"):
        return False
    if event == "MESSAGE_UPDATE" and not data.get("edited_timestamp"):  # Discord has unfolded a link
        return False
    mentions: Any = data.get("mentions")
    mentioned = any(_is_user(each, bot_id) for each in mentions) if isinstance(mentions, list) else False  # type: ignore[reportUnknownVariableType]  # JSON
    replies = _is_user(_author_of(data.get("referenced_message")), bot_id)
    is_command = str(data.get("content", "")).startswith("/")
    return "guild_id" not in data or mentioned or bool(data.get("mention_roles")) or replies or is_command


def _begins_something(custom_id: str) -> bool:
    name, _, rest = custom_id.partition(":")
    action = rest.partition(":")[0]
    return name == "easel" and action in {each.value for each in Action} - SHOWN_AT_ONCE


def _author_of(message: Any) -> Event:
    author: Any = message.get("author") if isinstance(message, Mapping) else None  # type: ignore[reportUnknownVariableType]  # JSON
    return author if isinstance(author, Mapping) else {}  # type: ignore[reportUnknownVariableType]  # JSON


def _is_user(body: Any, user_id: str) -> bool:
    return isinstance(body, Mapping) and body.get("id") == user_id  # type: ignore[reportUnknownMemberType]  # JSON
