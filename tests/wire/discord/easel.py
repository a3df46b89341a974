"""A whole Easel in Discord: the real adapter on the Discord of the tests, the real core, the sandbox over HTTP."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from discord.gateway import DiscordWebSocket
from discord.http import Route
from typing_extensions import override

from adapters.discord.client import DiscordAdapter
from bot.app import App
from bot.chat import Action
from bot.sandbox import Sandbox
from bot.settings import Settings
from tests.servers.discord import Channel, DiscordServer, Guild, Message, Upload, User
from tests.support.clocks import ShiftedClock
from tests.support.images import png
from tests.support.waiting import wait_until
from tests.support.world import World, open_store

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class Easel:
    """A running Easel, and its adapter."""

    app: App
    discord: DiscordAdapter
    sandbox: Sandbox


@dataclass(slots=True, kw_only=True)
class DiscordWorld(World):
    """A Discord server with a guild, a channel and a member, against which Easel is started and stopped."""

    server: DiscordServer
    guild: Guild
    channel: Channel
    ada: User

    @property
    def bot_mention(self) -> str:
        return f"<@{self.server.world.bot.id}>"

    @override
    def platform_settings(self) -> dict[str, Any]:
        return {
            "discord": {
                "token": self.server.token,
                "api_base": self.server.api_base,
                "gateway_url": self.server.gateway_url,
            },
        }

    @asynccontextmanager
    async def easel(self, **discord: Any) -> AsyncGenerator[Easel]:
        """Runs Easel for the length of the block, then shuts it down. `discord`: further settings of the platform."""
        settings = Settings(**self.values({"discord": self.platform_settings()["discord"] | discord}))

        before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
        try:
            async with open_store(settings.database_url, self.clock) as store:
                adapter = DiscordAdapter(
                    settings.discord,
                    store.adapter_store,
                    clock=self.clock,
                    allow_hosts=settings.fetch.allow_hosts,
                    page_url=settings.server.public_url,
                )
                async with self.start_app(settings, store, adapter) as app:
                    await self.server.until(lambda: self.server.gateway.connected)
                    await wait_until(lambda: self._connected(adapter))
                    yield Easel(app=app, discord=adapter, sandbox=self.sandbox)
        finally:
            Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before

    def bot_messages(self, channel: Channel | None = None) -> list[Message]:
        """The messages of the bot in a channel, oldest first."""
        return [one for one in (channel or self.channel).standing if one.author is self.server.world.bot]

    async def wait_for_reply(self, channel: Channel | None = None, *, after: Message | None = None) -> Message:
        """The bot's newest message in a channel, once there is one."""
        where = channel or self.channel

        def mine() -> Message | None:
            found = [one for one in where.standing if one.author is self.server.world.bot and not one.loading]
            found = [one for one in found if after is None or one.id > after.id]
            return found[-1] if found else None

        found = await self.until(mine)
        assert found is not None
        return found

    async def wait_for_picture(self, channel: Channel | None = None, *, after: Message | None = None) -> Message:
        """The bot's newest message once it shows the picture and the job is settled."""
        where = channel or self.channel

        def painted() -> Message | None:
            found = [one for one in where.standing if one.author is self.server.world.bot and done(one)]
            found = [one for one in found if after is None or one.id > after.id]
            return found[-1] if found else None

        found = await self.until(painted)
        assert found is not None
        await self.wait_until_settled()
        return found

    async def until(self, condition: Callable[[], T]) -> T:
        return await self.server.until(condition, seconds=120.0)

    async def available_credits(self, user: User | None = None) -> int:
        """A member's credits."""
        return (await self.balance(f"discord:{(user or self.ada).id}")).available

    def channel_per_shard(self) -> dict[int, Channel]:
        """A channel on each of two shards, by shard id."""
        world, found = self.server.world, dict[int, Channel]()
        while len(found) < 2:
            guild = world.add_guild()
            found[(guild.id >> 22) % 2] = world.add_channel(guild)
            world.add_member(guild, self.ada)
            self.advance_clock(0.001)  # ids carry milliseconds
        return found

    async def _connected(self, adapter: DiscordAdapter) -> bool:
        return await adapter.problem() is None and bool(self.server.commands.all())


def done(message: Message) -> bool:
    return any(one.startswith("easel:vary:") for one in message.custom_ids)


def button(message: Message, action: Action) -> str:
    return next(one for one in message.custom_ids if one.startswith(f"easel:{action.value}:"))


@asynccontextmanager
async def discord_world(
    folder: Path, *, pace: float = 0.0, edge: int | None = None, clock: ShiftedClock | None = None, **given: Any
) -> AsyncGenerator[DiscordWorld]:
    """`pace` and `edge` as of the Sandbox; `clock`: of everybody; `given` goes to the DiscordServer. Its wall clock
    stands: three seconds to answer an interaction are a matter for the benchmark."""
    clock = clock or ShiftedClock()
    async with (
        Sandbox(pace=pace, previews=False, edge=edge) as sandbox,
        DiscordServer(now=clock.standing_now, time=clock.monotonic, **given) as server,
    ):
        guild = server.world.add_guild()
        channel = server.world.add_channel(guild)
        ada = server.world.add_member(guild, "Ada")
        yield DiscordWorld(
            server=server, sandbox=sandbox, folder=folder, clock=clock, guild=guild, channel=channel, ada=ada
        )


def photo(color: str = "red", name: str = "photo.png") -> Upload:
    return Upload(filename=name, data=png(color))
