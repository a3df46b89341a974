"""A small bot on the real discord.py, for tests of the Discord server. Contains nothing of Easel."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import discord
from discord import app_commands

from tests.servers.discord import Channel, DiscordServer, Guild, Limits, User
from tests.servers.discord.real_bot import connect_discord_py
from tests.support.images import plain_image

FAST = Limits().faster(100)


def png(color: str = "red") -> bytes:
    return plain_image(color, size=(3, 2))


def intents(**more: bool) -> discord.Intents:
    return discord.Intents(guilds=True, guild_messages=True, dm_messages=True, **more)


class SampleBot(discord.Client):
    """A bot that queues the events it receives."""

    def __init__(self, wanted: discord.Intents | None = None) -> None:
        super().__init__(
            intents=wanted or intents(),
            allowed_mentions=discord.AllowedMentions.none(),
            guild_ready_timeout=0.01,  # seconds; `running` waits for the guilds itself
        )
        self.tree = app_commands.CommandTree(self)
        self.messages: asyncio.Queue[discord.Message] = asyncio.Queue()
        self.interactions: asyncio.Queue[discord.Interaction[Any]] = asyncio.Queue()
        self.deletions: asyncio.Queue[discord.RawMessageDeleteEvent] = asyncio.Queue()
        self.resumed = asyncio.Event()
        self.guild_creates = asyncio.Semaphore(0)

    async def on_socket_event_type(self, name: str) -> None:
        if name == "GUILD_CREATE":
            self.guild_creates.release()

    async def on_message(self, message: discord.Message) -> None:
        if message.author != self.user:
            self.messages.put_nowait(message)

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        self.interactions.put_nowait(interaction)

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        self.deletions.put_nowait(event)

    async def on_resumed(self) -> None:
        self.resumed.set()


@asynccontextmanager
async def running(server: DiscordServer, bot: SampleBot | None = None) -> AsyncGenerator[SampleBot]:
    """Runs a bot, logged in and ready, within the block."""
    bot = bot or SampleBot()
    with connect_discord_py(server):
        life = asyncio.create_task(bot.start(server.token))
        ready = asyncio.create_task(bot.wait_until_ready())
        try:
            await server.until(lambda: server.gateway.connected)
            await ready
            for _ in [guild for guild in server.world.guilds.values() if guild.bot_in]:
                await bot.guild_creates.acquire()
            yield bot
        finally:
            ready.cancel()
            await bot.close()
            await life


class Scene:
    """A server with a guild, a channel and a member."""

    def __init__(self, server: DiscordServer) -> None:
        self.server = server
        self.guild: Guild = server.world.add_guild()
        self.channel: Channel = server.world.add_channel(self.guild)
        self.ada: User = server.world.add_member(self.guild, "Ada", locale="de")


def channel_of(bot: SampleBot, channel: Channel) -> discord.TextChannel:
    found = bot.get_channel(channel.id)
    assert isinstance(found, discord.TextChannel)
    return found


async def register_commands(bot: SampleBot) -> None:
    """Registers /paint, the message command Edit, and a sink for what they get."""

    async def paint(
        _: discord.Interaction[Any],
        prompt: str,
        image: discord.Attachment | None = None,
        size: str | None = None,
    ) -> None: ...

    async def sizes(interaction: discord.Interaction[Any], current: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=f"{current}{number}", value=str(number)) for number in (1, 2)]

    async def edit(_: discord.Interaction[Any], message: discord.Message) -> None: ...

    command: app_commands.Command[Any, ..., Any] = app_commands.Command(
        name="paint", description="Paints", callback=paint
    )
    command.autocomplete("size")(sizes)
    bot.tree.add_command(app_commands.allowed_installs(guilds=True, users=True)(command))
    bot.tree.add_command(app_commands.ContextMenu(name="Edit", callback=edit))
    await bot.tree.sync()
