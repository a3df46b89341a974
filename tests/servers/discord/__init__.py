"""Discord as a protocol server on loopback: gateway, REST, CDN. The real discord.py runs against it.

    async with DiscordServer(allowed=Intent.MESSAGE_CONTENT) as server:
        guild = server.world.add_guild()
        channel = server.world.add_channel(guild)
        ada = server.world.add_member(guild, "Ada")
        with pointed_at(server):            # tests.servers.discord.real_bot
            ...                             # start the bot with server.token
        server.say(ada, channel, "hello")
        await server.until(lambda: channel.last.author is server.world.bot)

It speaks for itself alone: nothing of Easel is imported here.
"""

from tests.servers.discord.entities import (
    Attachment,
    Channel,
    Flag,
    Guild,
    Kind,
    Member,
    Message,
    Permission,
    Role,
    Sticker,
    StickerFormat,
    Upload,
    User,
)
from tests.servers.discord.faults import Gate
from tests.servers.discord.gateway import Intent
from tests.servers.discord.interactions import Answered, Interaction, InteractionKind
from tests.servers.discord.limits import Limits, Rate
from tests.servers.discord.server import DiscordServer, ViolationsError

__all__ = [
    "Answered",
    "Attachment",
    "Channel",
    "DiscordServer",
    "Flag",
    "Gate",
    "Guild",
    "Intent",
    "Interaction",
    "InteractionKind",
    "Kind",
    "Limits",
    "Member",
    "Message",
    "Permission",
    "Rate",
    "Role",
    "Sticker",
    "StickerFormat",
    "Upload",
    "User",
    "ViolationsError",
]
