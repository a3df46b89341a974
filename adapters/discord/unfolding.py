"""Links that Discord has not looked at yet: a message with one waits until its embeds come, or a moment is over.

Discord shows what is behind a link in an update of the message, mostly within a second.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import discord
import structlog
from cachetools import TTLCache

from adapters.discord.media import embed_addresses
from adapters.discord.message_reader import MessageReader
from bot.errors.machine import is_machine_failure
from bot.intake.addresses import find_addresses, normalize_address
from bot.runtime.clock import Clock, wait_for_event

log = structlog.get_logger()

LINKS_FRESH = timedelta(seconds=10)  # after which Discord has shown what it can of a link
UNFOLD_WAIT_S = 2.0  # that a message with a link is waited for; Discord takes some tenths of a second
MAX_UPDATES, UPDATE_TTL_S = 1000, 10.0  # updates that came before their message was looked at


class LinkUnfolding:
    """Notes updates of messages, and completes messages by them."""

    def __init__(self, clock: Clock, reader: MessageReader) -> None:
        self._clock = clock
        self._reader = reader
        self._updates: TTLCache[int, list[Any]] = TTLCache(MAX_UPDATES, UPDATE_TTL_S, clock.monotonic)  # Any: JSON
        self._updated: dict[int, asyncio.Event] = {}  # of messages that are waited for
        self._closing = False

    def note_update(self, data: Mapping[str, Any]) -> None:
        """Notes a MESSAGE_UPDATE; its embeds may be hidden from the bot. `data`: as the gateway sends it."""
        message_id = int(data["id"])
        self._updates[message_id] = data.get("embeds") or []
        if (updated := self._updated.get(message_id)) is not None:
            updated.set()

    async def complete(self, message: discord.Message, *, wait_s: float = UNFOLD_WAIT_S) -> bool:
        """Adds the embeds of a message whose links Discord still looks at. False: the bot stops meanwhile."""
        if not _may_unfold(message):
            return True
        updated = self._updated.setdefault(message.id, asyncio.Event())
        end_s = self._clock.monotonic() + wait_s
        try:
            while (left_s := end_s - self._clock.monotonic()) > 0:
                updated.clear()
                if (update := self._updates.pop(message.id, None)) is not None:
                    embeds = [discord.Embed.from_dict(each) for each in update] or await self._read_embeds(message)
                    if embeds:
                        message.embeds = embeds
                        return True
                if self._closing:
                    return False
                await wait_for_event(updated, left_s, self._clock)
        finally:
            self._updated.pop(message.id, None)
        message.embeds = await self._read_embeds(message) or message.embeds  # a restart may have missed the update
        return True

    def close(self) -> None:
        """Ends all waiting."""
        self._closing = True
        for updated in self._updated.values():
            updated.set()

    async def _read_embeds(self, message: discord.Message) -> list[discord.Embed]:
        """The embeds of a message as they are now; none where it cannot be read."""
        try:
            return (await self._reader.fetch(message.channel, message.id)).embeds
        except (discord.DiscordException, OSError) as failed:
            if is_machine_failure(failed):
                raise
            log.info("message with a link not read again", failure=type(failed).__name__)
            return []


def _may_unfold(message: discord.Message) -> bool:
    """Whether a message has a link whose embed is not there yet. Discord looks at none in angle brackets."""
    if message.flags.suppress_embeds:
        return False
    shown = {normalize_address(embed.url) for embed in message.embeds if embed.url}
    shown |= {normalize_address(url) for embed in message.embeds for url in embed_addresses(embed.to_dict())}
    for address in find_addresses(message.content):
        written = message.content[address.start : address.end]
        if "://" in written and "<" not in written and normalize_address(address.url) not in shown:
            return True
    return False
