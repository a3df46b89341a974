"""What the bot may do in a channel: by discord.py's cache, which events keep up to date; by a call before a refusal.

Decides nothing about words. What allows everything is believed; what forbids something, and a channel where Discord has
refused a picture, is read again.
"""

import discord
import structlog
from cachetools import LRUCache

from adapters.discord import ids
from bot.chat import Chat
from bot.errors import PermissionsMissing

log = structlog.get_logger()

MAX_REFUSED = 10_000  # channels remembered that have refused a picture
REQUIRED = {
    "view_channel": "View Channel",
    "send_messages": "Send Messages",
    "attach_files": "Attach Files",
    "read_message_history": "Read Message History",
}
REQUIRED_IN_THREADS = {
    **{attribute: name for attribute, name in REQUIRED.items() if attribute != "send_messages"},
    "send_messages_in_threads": "Send Messages in Threads",
}
REQUIRED_FOR_REPLIES = {"attach_files": "Attach Files"}  # of an interaction, which Discord lets the bot reply to anyway
LOCKED_THREAD = {"manage_threads": "Manage Threads"}  # without which nobody opens it again

Place = discord.abc.GuildChannel | discord.Thread


def names_of_missing(permissions: discord.Permissions, required: dict[str, str]) -> list[str]:
    """Discord's names of those that are missing, in the order of `required`."""
    if permissions.administrator:
        return []
    return [name for attribute, name in required.items() if not getattr(permissions, attribute)]


class ChannelPermissions:
    """The permissions in all channels of the bot's guilds. `client`: knows the guilds."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client
        self._refused: LRUCache[int, None] = LRUCache(MAX_REFUSED)

    def note_refused(self, channel_id: str) -> None:
        """Discord has refused a picture there, whatever the cache says."""
        self._refused[int(channel_id)] = None

    async def delivery_refusal(self, chat: Chat) -> PermissionsMissing | None:
        """As `bot.ports.DeliveryPermissions.delivery_refusal`, for messages of the bot's own."""
        guild_id = ids.guild_id(chat)
        guild = None if guild_id is None else self._client.get_guild(guild_id)
        if guild is None:
            return None
        channel = guild.get_channel_or_thread(int(ids.channel_id(chat)))
        if channel is None and chat.parent_id is not None:  # a thread that Discord has not mentioned
            channel = guild.get_channel(int(chat.parent_id.rpartition("/")[2]))
        if channel is None:
            return None
        missing = await self.missing(channel)
        return PermissionsMissing(missing=", ".join(missing)) if missing else None

    async def missing(self, place: Place) -> list[str]:
        """Names of the permissions without which no picture can be delivered in a channel or thread."""
        parent = place.parent if isinstance(place, discord.Thread) else place
        if parent is None:
            return []
        missing = _missing_in(place, parent)
        if not missing and place.id not in self._refused:
            return []
        try:
            fresh = await self._client.fetch_channel(parent.id)
        except discord.Forbidden:
            return [REQUIRED["view_channel"]]
        except (discord.DiscordException, OSError) as failed:
            log.info("permissions not read", channel=place.id, failure=type(failed).__name__)
            return missing
        if isinstance(fresh, discord.abc.GuildChannel):
            missing = _missing_in(place, fresh)
        if not missing:
            self._refused.pop(place.id, None)
        return missing


def _missing_in(place: Place, channel: discord.abc.GuildChannel) -> list[str]:
    """`channel`: that the place is, or belongs to, as it is known or was just read."""
    permissions = discord.abc.GuildChannel.permissions_for(channel, place.guild.me)  # without those that others imply
    if not isinstance(place, discord.Thread):
        return names_of_missing(permissions, REQUIRED)
    return names_of_missing(permissions, REQUIRED_IN_THREADS | (LOCKED_THREAD if place.locked else {}))
