"""The bot's permissions in single channels, by REST alone: for the operator, while no gateway is open.

Computed as Discord's documents say ("Permissions", "Permission Overwrites"); changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import discord

from adapters.discord import ids
from adapters.discord.call_gate import CallGate
from adapters.discord.errors import CallRejected
from adapters.discord.permissions import REQUIRED, REQUIRED_IN_THREADS, names_of_missing
from adapters.discord.rest import Json, RestClient
from bot.chat import Chat
from bot.runtime.clock import SystemClock
from bot.settings import Discord as DiscordSettings

THREADS = (10, 11, 12)  # types of channels that are threads
ROLE = 0  # type of an overwrite that is a role's; 1 is a member's


@dataclass(frozen=True, slots=True, kw_only=True)
class RightsReport:
    """What the bot may do in channels."""

    checked: int
    """Channels that were looked at; direct messages are not."""
    missing: tuple[str, ...]
    """A line for each channel where it may not deliver."""
    gone: tuple[str, ...]
    """Channels that it cannot see any more, or that are gone."""


async def read_rights(settings: DiscordSettings, chats: Sequence[Chat]) -> RightsReport:
    """Looks at each channel. Raises ChatFailed when Discord does not answer."""
    assert settings.token is not None  # checked by the caller
    clock = SystemClock()
    rest = RestClient(settings.api_base, settings.token, clock=clock, gate=CallGate(clock.monotonic))
    missing: list[str] = []
    gone: list[str] = []
    channels = [each for each in chats if ids.guild_id(each) is not None]
    try:
        me = str((await rest.call("GET", "/users/@me"))["id"])
        guilds: dict[int, tuple[Json, Json]] = {}
        for chat in channels:
            guild_id = ids.guild_id(chat)
            assert guild_id is not None
            try:
                channel = await rest.call("GET", f"/channels/{ids.channel_id(chat)}")
                if guild_id not in guilds:
                    guild = await rest.call("GET", f"/guilds/{guild_id}")
                    guilds[guild_id] = (guild, await rest.call("GET", f"/guilds/{guild_id}/members/{me}"))
                is_thread = channel.get("type") in THREADS
                overwrites = await rest.call("GET", f"/channels/{channel['parent_id']}") if is_thread else channel
            except CallRejected:
                gone.append(chat.id)
                continue
            required = REQUIRED_IN_THREADS if is_thread else REQUIRED
            lacking = names_of_missing(permissions_in(overwrites, *guilds[guild_id]), required)
            if lacking:
                names = f"{guilds[guild_id][0].get('name')} #{channel.get('name')} ({chat.id})"
                missing.append(f"{names}: the bot lacks {', '.join(lacking)}")
    finally:
        await rest.close()
    return RightsReport(checked=len(channels), missing=tuple(missing), gone=tuple(gone))


def permissions_in(channel: Json, guild: Json, member: Json) -> discord.Permissions:
    """A member's permissions in a channel. `channel`: with the overwrites, of a thread its parent's."""
    if str(guild.get("owner_id")) == str(member["user"]["id"]):
        return discord.Permissions.all()
    held = {str(guild["id"]), *map(str, member["roles"])}  # the role of everybody has the guild's id
    base = 0
    for role in guild["roles"]:
        if str(role["id"]) in held:
            base |= int(role["permissions"])
    permissions = discord.Permissions(base)
    if permissions.administrator:
        return discord.Permissions.all()
    overwrites: list[Json] = channel.get("permission_overwrites") or []
    everybody = [each for each in overwrites if str(each["id"]) == str(guild["id"])]
    roles = [
        each for each in overwrites if int(each["type"]) == ROLE and str(each["id"]) in held and each not in everybody
    ]
    own = [each for each in overwrites if int(each["type"]) != ROLE and str(each["id"]) == str(member["user"]["id"])]
    for group in (everybody, roles, own):
        denied = allowed = 0
        for each in group:
            denied |= int(each["deny"])
            allowed |= int(each["allow"])
        base = (base & ~denied) | allowed
    return discord.Permissions(base)
