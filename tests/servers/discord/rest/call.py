"""One REST call as its handler sees it, and the table of handlers. No handler lives here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.servers.discord.core import Core
from tests.servers.discord.entities import Channel, Kind, Message, Upload
from tests.servers.discord.errors import ApiError, Json, missing_access, unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """`params`: of the path. `payload`: the JSON body, {} without one."""

    core: Core
    params: Mapping[str, str]
    query: Mapping[str, str]
    payload: Any
    files: Mapping[int, Upload]

    def number(self, name: str) -> int:
        """An id of the path."""
        text = self.params[name]
        if not text.isdecimal():
            raise ApiError(400, 50035, "Invalid Form Body")
        return int(text)

    @property
    def channel(self) -> Channel:
        """The channel of the path; 50001 where the bot is not, or may not look."""
        channel = self.core.world.channels.get(self.number("channel_id"))
        if channel is None:
            raise unknown("Channel")
        if not channel.bot_in:
            raise missing_access()
        return channel

    @property
    def message(self) -> Message:
        """The message of the path; ephemeral and deleted ones are unknown here."""
        channel = self.channel
        message = self.core.world.messages.get(self.number("message_id"))
        if message is None or message.deleted or message.ephemeral or message.channel is not channel:
            raise unknown("Message")
        return message

    @property
    def place(self) -> Channel:
        """`channel`, if messages can be written there at all."""
        if self.channel.kind is Kind.FORUM:
            raise ApiError(400, 50008, "Cannot send messages in a non-text channel")
        return self.channel


Answer = Json | list[Json] | None  # None: 204
Handler = Callable[[Call], Answer]
Routes = Mapping[tuple[str, str], Handler]
