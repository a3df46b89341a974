"""The connection to Discord's gateway: begun, and begun again whatever ends it, or where it shows no sign of life.

discord.py resumes and reconnects by itself; what it gives up on begins again here. Handles no event itself.
"""

import asyncio
from typing import Protocol

import aiohttp
import structlog
import yarl
from discord.errors import ConnectionClosed, DiscordException, LoginFailure, PrivilegedIntentsRequired
from discord.gateway import DiscordWebSocket
from discord.http import Route

from adapters.discord.gateway import GatewayClient
from adapters.discord.rest import LOGIN_REFUSED
from adapters.discord.shards import ShardShare
from bot.chat import Chat
from bot.errors import PlaceClosed, SettingsWrong, StoreFailed
from bot.runtime.clock import Clock
from bot.runtime.supervision import Supervisor, TaskInterrupted
from bot.settings import Discord as DiscordSettings

log = structlog.get_logger()

RESTART_PAUSE_S, RESTART_PAUSE_MAX_S = 5.0, 300.0  # between two starts, doubling; Discord allows 1000 identifies a day
# Close codes of the gateway after which no new start can succeed.
FATAL_CLOSE_CODES = {4004: LOGIN_REFUSED, 4010: "discord.shard_ids: there is no such shard"}
MESSAGE_CONTENT_OFF = "discord.message_content: the intent is not switched on in the developer portal; going on without"
NOT_CONNECTED = "not connected yet"
LIFE_CHECK_S = 15.0  # between two looks at the signs of life
MAX_SILENCE_S = 180.0  # of one shard, after which all begins again: discord.py has had time for its own ways
NOT_REACHED = (DiscordException, aiohttp.ClientError, OSError, TimeoutError, StoreFailed)


class GatewayFactory(Protocol):
    """Makes a new client; one that was closed cannot be used again."""

    def __call__(self, *, message_content: bool) -> GatewayClient: ...


class Connection:
    """One bot's connection."""

    application_id: str
    """The bot's id; empty until Discord has sent it."""

    def __init__(self, settings: DiscordSettings, share: ShardShare, clock: Clock) -> None:
        assert settings.token is not None  # checked by the caller
        self.application_id = ""
        self._settings = settings
        self._share = share
        self._token = settings.token
        self._clock = clock
        self._message_content = settings.message_content
        self._gateway: GatewayClient | None = None
        self._make_gateway: GatewayFactory | None = None
        self._is_fresh = False  # the gateway has logged in, and was not connected yet
        self._supervisor = Supervisor(clock)
        self._problem: str | None = NOT_CONNECTED

    async def start(self, make_gateway: GatewayFactory) -> None:
        """Logs in once, and goes on in the background.

        Raises SettingsWrong when Discord does not accept the token; a Discord that is away is waited for.
        """
        await self.log_in(make_gateway)
        self._supervisor.keep_running(
            "discord gateway", self._run_gateway, first_pause_s=RESTART_PAUSE_S, max_pause_s=RESTART_PAUSE_MAX_S
        )

    async def log_in(self, make_gateway: GatewayFactory) -> None:
        """Logs in once, and opens no gateway. Raises SettingsWrong when Discord does not accept the token; one that is
        away is logged."""
        Route.BASE = self._settings.api_base.rstrip("/")
        if self._settings.gateway_url is not None:
            DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(self._settings.gateway_url)
        self._make_gateway = make_gateway
        try:
            await self._log_in()
        except LoginFailure:
            raise SettingsWrong([LOGIN_REFUSED]) from None
        except NOT_REACHED as failed:
            log.warning("discord does not answer, trying on", failure=type(failed).__name__)

    async def stop(self) -> None:
        """Returns when nothing comes in any more and what came in was handed over."""
        await self._supervisor.stop()
        if self._gateway is not None:
            await self._gateway.stop()
        for shard_id in self._share.held:
            await self._share.give_back(shard_id)

    def problem(self) -> str | None:
        """Why there is no connection now; None when there is one."""
        if (problem := self._problem or self._supervisor.problem()) is not None:
            return problem
        return self._gateway.problem() if self._gateway is not None else NOT_CONNECTED

    def guild_file_limit(self, guild_id: int) -> int | None:
        """Bytes of one file in a guild; None for a guild that is not known."""
        guild = None if self._gateway is None else self._gateway.get_guild(guild_id)
        return None if guild is None else guild.filesize_limit

    async def delivery_refusal(self, chat: Chat) -> PlaceClosed | None:
        """Why no message with a picture can be sent to a channel; None: it can, or nobody knows."""
        return None if self._gateway is None else await self._gateway.permissions.delivery_refusal(chat)

    def note_refused(self, channel_id: str) -> None:
        """Discord has refused a picture there."""
        if self._gateway is not None:
            self._gateway.permissions.note_refused(channel_id)

    async def _log_in(self) -> GatewayClient:
        """Makes a new client and logs in. Raises discord.DiscordException, aiohttp.ClientError, OSError."""
        assert self._make_gateway is not None  # given before
        if self._gateway is not None:
            await self._gateway.stop()
        gateway = self._make_gateway(message_content=self._message_content)
        try:
            await gateway.login(self._token.get_secret_value())
        except BaseException:
            await gateway.stop()
            raise
        self.application_id = str(gateway.application_id or "")
        self._gateway, self._is_fresh = gateway, True
        return gateway

    async def _settle_shards(self, gateway: GatewayClient) -> None:
        """Raises discord.DiscordException, aiohttp.ClientError, OSError, StoreFailed."""
        recommended, address, limits = await gateway.http.get_bot_gateway()
        gateway.max_concurrency = max(1, limits["max_concurrency"])
        gateway.gateway_url = yarl.URL(self._settings.gateway_url or address)
        gateway.shard_count = await self._share.settle_count(recommended)

    async def _run_gateway(self) -> None:
        """One life of a gateway client. Ends by an exception, unless no new start can succeed."""
        while True:
            try:
                gateway = self._gateway
                if gateway is None or not self._is_fresh:
                    gateway = await self._log_in()
                self._problem, self._is_fresh = None, False
                await self._settle_shards(gateway)
                await self._connect(gateway)
                raise TaskInterrupted("the gateway closed")
            except PrivilegedIntentsRequired as refused:
                if not self._message_content:  # no other intent of ours is one that has to be switched on
                    raise TaskInterrupted("the gateway closed with 4014") from refused
                log.error(MESSAGE_CONTENT_OFF)
                self._message_content = False
            except LoginFailure:
                await self._give_up(LOGIN_REFUSED)
            except ConnectionClosed as closed:
                if closed.code in FATAL_CLOSE_CODES:
                    await self._give_up(FATAL_CLOSE_CODES[closed.code])
                raise TaskInterrupted(f"the gateway closed with {closed.code}") from closed
            except NOT_REACHED as failed:
                raise TaskInterrupted(f"no connection ({type(failed).__name__})") from failed

    async def _connect(self, gateway: GatewayClient) -> None:
        """Connects, until the gateway ends or shows no sign of life. Raises whatever ends it."""
        connecting = asyncio.create_task(gateway.connect(), name="discord shards")
        watch = asyncio.create_task(self._watch(gateway), name="discord signs of life")
        try:
            await asyncio.wait((connecting, watch), return_when=asyncio.FIRST_COMPLETED)
            if watch.done():
                await gateway.stop()  # before `connecting` is cancelled, which leaves open what it just opens
                watch.result()
            connecting.result()
        finally:
            for task in (connecting, watch):
                task.cancel()
            await asyncio.gather(connecting, watch, return_exceptions=True)

    async def _watch(self, gateway: GatewayClient) -> None:
        """Raises TaskInterrupted once a shard that was connected has been silent for MAX_SILENCE_S."""
        alive_at_s: dict[int, float] = {}
        while True:
            now_s = self._clock.monotonic()
            for shard_id, socket in gateway.sockets().items():
                problem = None if socket is None else socket.problem()
                if socket is None or problem is None:
                    alive_at_s[shard_id] = now_s
                elif now_s - alive_at_s.setdefault(shard_id, now_s) > MAX_SILENCE_S:
                    raise TaskInterrupted(f"shard {shard_id} is silent ({problem})")
            await self._clock.sleep(LIFE_CHECK_S)

    async def _give_up(self, problem: str) -> None:
        """Waits for the end of the process, which no new start would outdo."""
        self._problem = problem
        log.error(problem)
        await asyncio.Event().wait()
