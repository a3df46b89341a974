"""Messages of the gateway and of REST as discord.py's objects, as far as it can read them; and the call for one.

Whatever discord.py raises at what it cannot read is one failure here. What a message means is decode.py's.
"""

from collections.abc import Mapping
from typing import Any

import discord
import structlog

from adapters.discord.message_shapes import Json, MeaningUnreadable, complete_message, salvage_message

log = structlog.get_logger()


class MessageUnreadable(discord.DiscordException):
    """A message that a call has brought cannot be read."""


class MessageReader:
    """Reads messages of one client. `state`: discord.py's."""

    def __init__(self, state: Any) -> None:
        self._state = state

    def salvage(self, message: Mapping[str, Any]) -> Json:
        """What can be read of an event's message. Raises MeaningUnreadable."""

        def is_readable(body: Json) -> bool:
            try:
                channel, _ = self._state._get_guild_channel(body)
                discord.Message(state=self._state, channel=channel, data=body)  # type: ignore[reportArgumentType]  # JSON
            except Exception:  # whatever discord.py raises: it checks nothing of what it parses
                return False
            return True

        return salvage_message(complete_message(message), is_readable)

    async def fetch(self, channel: Any, message_id: int) -> discord.Message:
        """A message as Discord shows it to the bot now. `channel`: any of the library's kinds, known or not.

        Raises discord.DiscordException, OSError.
        """
        body: Any = await self._state.http.get_message(channel.id, message_id)
        try:
            body = complete_message(body)
            try:
                return discord.Message(state=self._state, channel=channel, data=body)
            except Exception as failed:  # as above
                log.warning("message read in part", message=message_id, failure=type(failed).__name__)
                return discord.Message(state=self._state, channel=channel, data=self.salvage(body))  # type: ignore[reportArgumentType]  # JSON
        except (MeaningUnreadable, TypeError, ValueError, KeyError, AttributeError) as failed:
            raise MessageUnreadable(f"message {message_id}: {type(failed).__name__}") from failed
