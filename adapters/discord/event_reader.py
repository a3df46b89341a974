"""Every event of the gateway on its way to discord.py: saved where it asks for something, kept until its guild is
known, heard once though two sessions bring it. One that cannot be read is set aside, and its author is notified.
"""

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, cast

import structlog
from cachetools import LRUCache

from adapters.discord.events import MessageEvents
from adapters.discord.inbox import (
    GUILD_POLL_S,
    GUILD_POLLS,
    MESSAGE_EVENTS,
    RECORDED_EVENTS,
    Event,
    EventInbox,
    asks_for_something,
    event_number,
)
from adapters.discord.interaction_replies import InteractionReplies
from adapters.discord.message_reader import MessageReader
from adapters.discord.parsers import EventParsers, number_of
from adapters.discord.unfolding import LinkUnfolding
from bot.runtime.clock import Clock

if TYPE_CHECKING:
    from adapters.discord.gateway import GatewayClient

log = structlog.get_logger()

MAX_TOLD = 10_000  # events that are known when they come again


class EventReader:
    """The events of one gateway client."""

    def __init__(
        self,
        client: "GatewayClient",
        *,
        inbox: EventInbox,
        reader: MessageReader,
        unfolding: LinkUnfolding,
        replies: InteractionReplies,
        messages: MessageEvents,
        clock: Clock,
        may_come_twice: bool,
    ) -> None:
        """Takes the place of discord.py's own parsers. `may_come_twice`: a shard that changes processes has two
        sessions for a moment."""
        self._client = client
        self._inbox = inbox
        self._unfolding = unfolding
        self._replies = replies
        self._messages = messages
        self._clock = clock
        self._may_come_twice = may_come_twice
        self._told: LRUCache[tuple[str, int], None] = LRUCache(MAX_TOLD)  # events that came, by name and number
        self._parsers = EventParsers(client._connection, inbox, reader, self._refuse_lost)  # type: ignore[reportPrivateUsage]  # no other way to its parsers
        self._parsers.replace_parsers(self._receive_event)

    async def take_up_events(self) -> None:
        """Handles the events that an earlier process has left behind."""
        while (left_behind := self._inbox.pop_left_behind()) is not None:
            name, data = left_behind
            log.info("event of before is taken up", event_name=name, event_id=data["id"])
            try:
                await self._read_when_guild_is_known(name, data)
            except Exception as unreadable:  # damaged: the others are taken up
                log.exception("event of before not read", event_id=data["id"])
                self._inbox.set_aside(name, data, type(unreadable).__name__, event_id=number_of(name, data))

    def _receive_event(self, name: str, data: Any) -> None:
        """Has an event saved, and notes what a message shows now, before discord.py hands it to its handlers."""
        if self._may_come_twice and self._was_told(name, data):
            return
        try:
            if name in RECORDED_EVENTS:
                self._inbox.record(name, data, self._own_id)
            if name == "MESSAGE_UPDATE":
                self._unfolding.note_update(data)
        except Exception:  # the event is read all the same; or, where it cannot be, set aside
            log.warning("event not noted", event_name=name, exc_info=True)
        if name in MESSAGE_EVENTS and self._is_of_unknown_guild(data):
            self._client.run_event(logged(self._read_when_guild_is_known(name, data)))
        else:
            self._parsers.read(name, data)

    def _was_told(self, name: str, data: Any) -> bool:
        """Whether an event came before."""
        try:
            number = event_number(name, data) if name in RECORDED_EVENTS else None
        except Exception:  # without a number: it is set aside where it is read
            return False
        if number is None:
            return False
        was_told = (name, number) in self._told
        self._told[name, number] = None
        return was_told

    async def _read_when_guild_is_known(self, name: str, data: Event) -> None:
        """Until then discord.py would take the event for one of a direct chat. Discord lists the guilds after READY,
        one by one; a message of one that stays unknown is dropped."""
        for _ in range(GUILD_POLLS):
            if not self._is_of_unknown_guild(data):
                self._parsers.read(name, data)
                return
            await self._clock.sleep(GUILD_POLL_S)
        log.warning("event of an unknown guild", event_name=name, event_id=data.get("id"))
        if (event_id := number_of(name, data)) is not None:
            self._inbox.set_handled(event_id)

    def _is_of_unknown_guild(self, data: Any) -> bool:
        guild_id = cast("Event", data).get("guild_id") if isinstance(data, dict) else None
        return isinstance(guild_id, str) and guild_id.isdecimal() and self._client.get_guild(int(guild_id)) is None

    @property
    def _own_id(self) -> str:
        """The bot's id; empty before READY."""
        return "" if self._client.user is None else str(self._client.user.id)

    def _refuse_lost(self, name: str, data: Event) -> None:
        """Tells whoever waits for an answer to an event that cannot be read; an edit gets none."""
        if name == "INTERACTION_CREATE":
            self._client.run_event(logged(self._replies.refuse_unreadable(data)))
        elif name == "MESSAGE_CREATE":
            self._client.run_event(logged(self._refuse_lost_message(data)))

    async def _refuse_lost_message(self, data: Event) -> None:
        if asks_for_something("MESSAGE_CREATE", data, self._own_id):
            await self._messages.refuse_unreadable(data)


async def logged(work: Coroutine[Any, Any, None]) -> None:
    """Work that nobody awaits."""
    try:
        await work
    except Exception:
        log.exception("discord event failed")
