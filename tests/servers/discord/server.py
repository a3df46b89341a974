"""The server that tests talk to: opens the port, combines the parts, raises recorded violations at the end."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self, TypeVar

from aiohttp import web

from tests.servers.discord import call_handling, cdn, encode, validate
from tests.servers.discord.core import Core, Refused, Request, utc
from tests.servers.discord.entities import Channel, Guild, Message
from tests.servers.discord.gateway import NONE, Intent
from tests.servers.discord.interactions import Interactions
from tests.servers.discord.limits import Limits
from tests.servers.discord.user_actions import UserActions
from tests.servers.discord.validate import Spec

MAX_BODY = 128 * 1024 * 1024  # bytes of a request
TOKEN = "the.bot.token"
T = TypeVar("T")


class ViolationsError(AssertionError):
    """The client did what Discord's documents or description do not allow."""


class DiscordServer(UserActions):
    """Discord on 127.0.0.1, for one bot.

    `token`: the bot's. `allowed`: privileged intents switched on in the portal. `limits`: rates in force.
    `link_life`: seconds until a link of the CDN expires. `heartbeat_interval`: seconds. `shards`: as
    recommended. `now`: the wall clock (must move for snowflakes to differ in time; need not for them to
    differ). `time`: seconds for windows of rate limits. `spec`: the description to validate against; by
    default the one that EASEL_SPECS names, if any.

    Leaving raises ViolationsError when there were violations; empty `violations` to accept them.
    """

    def __init__(
        self,
        *,
        token: str = TOKEN,
        allowed: Intent = NONE,
        limits: Limits | None = None,
        link_life: float = 86_400.0,
        heartbeat_interval: float = 41.25,
        shards: int = 1,
        now: Callable[[], datetime] = utc,
        time: Callable[[], float] | None = None,
        spec: Spec | None = None,
    ) -> None:
        self._given_spec = spec
        self._runner: web.AppRunner | None = None
        self.token = token
        self.api_base = ""
        self.gateway_url = ""
        self.core = Core(
            token=token,
            allowed=allowed,
            limits=limits or Limits(),
            spec=spec,
            now=now,
            time=time,
            link_life=link_life,
            heartbeat_interval=heartbeat_interval,
            shards=shards,
        )
        core = self.core
        self.world, self.cdn, self.faults = core.world, core.cdn, core.faults
        self.gateway, self.commands = core.gateway, core.commands
        self.violations: list[str] = core.violations
        self.requests: list[Request] = core.requests
        self.refused: list[Refused] = core.refused
        self.typings: list[Channel] = core.typings
        self.world.announce = self._announce

    async def __aenter__(self) -> Self:
        if self._given_spec is None:
            self.core.spec = await asyncio.to_thread(validate.from_environment)
        app = web.Application(client_max_size=MAX_BODY)
        call_handling.install(app, self.core)
        app.router.add_get("/gateway", self.gateway.serve)
        for route in cdn.ROUTES:
            app.router.add_get(route, self._download)
        app.router.add_get(cdn.STICKER_ROUTE, self._serve_sticker)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.api_base = f"http://{host}:{port}{call_handling.PREFIX}"
        self.gateway_url = self.gateway.url = f"ws://{host}:{port}/gateway"
        self.cdn.base = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for gate in self.faults.gates:
            gate.open()
        await self.gateway.close()
        if self._runner is not None:
            await self._runner.cleanup()
        if self.violations and kind is None:
            raise ViolationsError("\n".join(self.violations))

    @property
    def interactions(self) -> Interactions:
        return self.core.interactions

    @property
    def invalid_requests(self) -> int:
        """401, 403 and 429 but for shared ones: 10,000 in ten minutes are a ban."""
        shared = sum(refused.scope == "shared" for refused in self.refused)
        return sum(request.status in (401, 403, 429) for request in self.requests) - shared

    def advance_clocks(self, seconds: float) -> None:
        """Moves the server's wall clock on: tokens age, links expire, messages grow old."""
        self.core.advance_clocks(seconds)

    def calls(self, method: str, route: str) -> Sequence[Request]:
        """The REST calls of one route so far."""
        return [one for one in self.requests if (one.method, one.route) == (method, route)]

    def pinged(self) -> list[tuple[Message, str]]:
        """Whom the bot's messages rang, in order of the messages."""
        mine = [message for message in self.world.messages.values() if message.author is self.world.bot]
        return [(message, who) for message in mine for who in message.pinged]

    async def until(self, condition: Callable[[], T | None], *, seconds: float = 120.0) -> T:
        """Waits until a condition on the server's state holds, and gives its value.

        Raises TimeoutError after `seconds`, naming the last requests.
        """
        try:
            async with asyncio.timeout(seconds):
                while not (value := condition()):
                    await self.core.changed()
                return value
        except TimeoutError:
            seen = [f"{one.method} {one.path} {one.status}" for one in self.requests[-8:]]
            raise TimeoutError(f"it did not come to that; last requests: {seen}") from None

    async def _download(self, request: web.Request) -> web.StreamResponse:
        fault = self.faults.next_fault("GET", "cdn")
        if fault is not None and fault.gate is not None:
            await fault.gate.wait_until_open()
        if fault is not None and fault.drop and request.transport is not None:
            request.transport.abort()
        if fault is not None and fault.status is not None:
            return web.Response(status=fault.status)
        response = self.cdn.answer(request)
        self.core.notify_changed()
        return response

    async def _serve_sticker(self, request: web.Request) -> web.StreamResponse:
        return self.cdn.answer_sticker(request)

    def _announce(self, what: Guild | Channel) -> None:
        if isinstance(what, Channel):
            self.core.dispatch_channel("THREAD_CREATE" if what.parent else "CHANNEL_CREATE", what)
        elif what.bot_in:
            joined = encode.guild(what, self.world)
            del joined["unavailable"]  # so a new guild differs from one that comes back
            self.gateway.dispatch(
                "GUILD_CREATE",
                lambda _: joined,
                guild_id=what.id,
                needs=Intent.GUILDS,
            )
