"""discord.py's parsers of events, each by itself: an event that one cannot read ends nothing and hides no other.

Such an event is read again without what Easel has no use for, so that a request within it is served all the same. It is
kept for the operator in any case; whoever waits for an answer to one that is lost is notified. Only READY must be read:
without it there is no session.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, cast

import discord
import structlog

from adapters.discord.inbox import MESSAGE_EVENTS, RECORDED_EVENTS, Event, EventInbox, event_number
from adapters.discord.interaction_shapes import complete_interaction
from adapters.discord.message_reader import MessageReader
from adapters.discord.message_shapes import MeaningUnreadable, complete_message, is_partial_update

log = structlog.get_logger()

READY = "READY"
SERVED = "served without what Easel has no use for"
UNUSED = frozenset(
    {
        "activities",
        "activity",
        "call",
        "embedded_activities",
        "emojis",
        "entitlements",
        "guild_scheduled_events",
        "interaction",
        "interaction_metadata",
        "poll",
        "presences",
        "purchase_notification",
        "reactions",
        "role_subscription_data",
        "soundboard_sounds",
        "stage_instances",
        "voice_states",
    }
)  # fields of messages and guilds, at any depth
GUILD_EVENTS = ("GUILD_CREATE", "GUILD_UPDATE")
GUILD_PARTS = ("roles", "channels", "threads", "members")  # of which each is read by itself

Parse = Callable[[Any], None]  # Any: JSON of the gateway


class ReadyUnreadable(Exception):
    """The event that begins a session cannot be read: there is none."""


class EventParsers:
    """The parsers of one client."""

    def __init__(
        self, state: Any, inbox: EventInbox, reader: MessageReader, on_lost: Callable[[str, Event], None]
    ) -> None:
        """`state`: discord.py's, whose parsers are replaced. `on_lost`: gets name and data of an interaction or a
        message that cannot be read; its user may wait for an answer."""
        self._state = state
        self._inbox = inbox
        self._reader = reader
        self._on_lost = on_lost
        self._parsers: dict[str, Parse] = dict(state.parsers)

    def replace_parsers(self, read: Callable[[str, Any], None]) -> None:
        """Has `read` called with the name and the data of every event that discord.py knows."""
        for name in self._parsers:
            self._state.parsers[name] = partial(read, name)

    def read(self, name: str, data: Any) -> None:
        """Hands an event to discord.py; but for an update of a message that brings nothing its author has written.

        Raises ReadyUnreadable."""
        try:
            if name in MESSAGE_EVENTS and isinstance(data, Mapping):
                message = cast("Event", data)
                if name == "MESSAGE_UPDATE" and is_partial_update(message):
                    return
                data = complete_message(message)
            elif name == "INTERACTION_CREATE" and isinstance(data, Mapping):
                data = complete_interaction(cast("Event", data))
            self._parsers[name](data)
        except Exception as failed:  # whatever discord.py raises: it checks nothing of what it parses
            if name == READY:
                raise ReadyUnreadable from failed
            self._survive(name, data, failed)

    def _survive(self, name: str, data: Any, failed: Exception) -> None:
        served = any(self._is_read(name, reduced) for reduced in self._reduced(name, data))
        reason = f"{type(failed).__name__}; {SERVED}" if served else type(failed).__name__
        log.error("discord event not read", event_name=name, served=served, exc_info=failed)
        event_id = None if served or name not in RECORDED_EVENTS else number_of(name, data)
        self._inbox.set_aside(name, data, reason, event_id=event_id)
        if name in RECORDED_EVENTS and not served and isinstance(data, Mapping):
            self._on_lost(name, cast("Event", data))

    def _is_read(self, name: str, data: Any) -> bool:
        try:
            self._parsers[name](data)
        except Exception:  # as the first time
            return False
        return True

    def _reduced(self, name: str, data: Any) -> Iterator[Any]:
        """The event's data with less and less in it."""
        if not isinstance(data, Mapping):
            return
        event = cast("Event", data)
        if (reduced := without_unused(event)) != event:
            yield reduced
        if name == "INTERACTION_CREATE" and isinstance(message := event.get("message"), Mapping):
            with suppress(MeaningUnreadable):
                yield {**reduced, "message": self._reader.salvage(cast("Event", message))}
        if name in MESSAGE_EVENTS:
            with suppress(MeaningUnreadable):
                yield self._reader.salvage(reduced)
        if name in GUILD_EVENTS and "id" in event:
            yield self._with_readable_parts(reduced)

    def _with_readable_parts(self, guild: Event) -> Event:
        """A guild's data with those fields, roles and channels that can be read one by one: a guild that is not known
        would be taken for a direct chat."""
        kept = {"id": guild["id"]}
        for name, value in guild.items():
            if name in GUILD_PARTS:
                parts = cast("list[Any]", value) if isinstance(value, list) else []
                kept[name] = [part for part in parts if self._is_guild({"id": guild["id"], name: [part]})]
            elif name not in kept and self._is_guild({"id": guild["id"], name: value}):
                kept[name] = value
        return kept

    def _is_guild(self, data: Any) -> bool:
        try:
            discord.Guild(data=data, state=self._state)
        except Exception:  # as `read`
            return False
        return True


def without_unused(value: Any) -> Any:
    """JSON without the fields that Easel has no use for."""
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return {name: without_unused(each) for name, each in fields.items() if name not in UNUSED}
    if isinstance(value, list):
        return [without_unused(each) for each in cast("list[Any]", value)]
    return value


def number_of(name: str, data: Any) -> int | None:
    """An event's number; None where it has none that can be used."""
    identity = cast("Event", data).get("id") if isinstance(data, Mapping) else None
    usable = isinstance(identity, str) and identity.isascii() and identity.isdecimal()
    return event_number(name, cast("Event", data)) if usable else None
