"""The connection to Discord's gateway: begun, and begun again where discord.py gives up. Handles no event itself."""

import asyncio
from typing import Protocol

import structlog
import yarl
from discord.errors import ConnectionClosed, DiscordException, LoginFailure, PrivilegedIntentsRequired
from discord.gateway import DiscordWebSocket
from discord.http import Route

from adapters.discord.gateway import GatewayClient
from bot.clock import Clock
from bot.errors import SettingsWrong
from bot.settings import Discord as DiscordSettings

log = structlog.get_logger()

RESTART_PAUSE_S, RESTART_PAUSE_MAX_S = 5.0, 300.0  # between two starts, doubling; Discord allows 1000 identifies a day
LOGIN_REFUSED = "discord.token: Discord does not accept it"
# Close codes of the gateway after which no new start can succeed.
FATAL_CLOSE_CODES = {4004: LOGIN_REFUSED, 4010: "discord.shard_ids: there is no such shard"}
MESSAGE_CONTENT_OFF = "discord.message_content: the intent is not switched on in the developer portal; going on without"
NOT_CONNECTED = "not connected yet"


class GatewayFactory(Protocol):
    """Makes a new client; one that was closed cannot be used again."""

    def __call__(self, *, message_content: bool) -> GatewayClient: ...


class Connection:
    """One bot's connection."""

    application_id: str
    """The bot's id; empty until Discord has sent it."""

    def __init__(self, settings: DiscordSettings, clock: Clock) -> None:
        assert settings.token is not None  # checked by the caller
        self.application_id = ""
        self._settings = settings
        self._token = settings.token
        self._clock = clock
        self._message_content = settings.message_content
        self._gateway: GatewayClient | None = None
        self._task: asyncio.Task[None] | None = None
        self._problem: str | None = NOT_CONNECTED

    async def start(self, make_gateway: GatewayFactory) -> None:
        """Logs in once, and goes on in the background.

        Raises SettingsWrong when Discord does not accept the token; a Discord that is away is waited for.
        """
        Route.BASE = self._settings.api_base.rstrip("/")
        if self._settings.gateway_url is not None:
            DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(self._settings.gateway_url)
        try:
            await self._log_in(make_gateway)
        except LoginFailure:
            raise SettingsWrong([LOGIN_REFUSED]) from None
        except (DiscordException, OSError) as failed:
            log.warning("discord does not answer, trying on", failure=type(failed).__name__)
        self._task = asyncio.create_task(self._keep_connected(make_gateway), name="discord gateway")

    async def stop(self) -> None:
        """Returns when nothing comes in any more and what came in was handed over."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._gateway is not None:
            await self._gateway.stop()

    def problem(self) -> str | None:
        """Why there is no connection now; None when there is one."""
        if self._problem is not None:
            return self._problem
        return self._gateway.problem() if self._gateway is not None else NOT_CONNECTED

    def guild_file_limit(self, guild_id: int) -> int | None:
        """Bytes of one file in a guild; None for a guild that is not known."""
        guild = None if self._gateway is None else self._gateway.get_guild(guild_id)
        return None if guild is None else guild.filesize_limit

    async def _log_in(self, make_gateway: GatewayFactory) -> GatewayClient:
        """Raises discord.DiscordException, OSError."""
        if self._gateway is not None:
            await self._gateway.stop()
        gateway = make_gateway(message_content=self._message_content)
        try:
            await gateway.login(self._token.get_secret_value())
            if self._settings.shard_count is None and self._settings.gateway_url is not None:
                recommended = await gateway.http.get_bot_gateway()  # its own address is not the operator's
                gateway.shard_count = recommended[0]
        except BaseException:
            await gateway.stop()
            raise
        self.application_id = str(gateway.application_id or "")
        self._gateway = gateway
        return gateway

    async def _keep_connected(self, make_gateway: GatewayFactory) -> None:
        """discord.py resumes and reconnects by itself; this loop restarts what it gives up on."""
        pause_s = RESTART_PAUSE_S
        while True:
            try:
                gateway = self._gateway
                if gateway is None or gateway.is_closed():
                    gateway = await self._log_in(make_gateway)
                self._problem = None
                await gateway.connect()
                pause_s = RESTART_PAUSE_S
                self._problem = "the gateway closed"
            except PrivilegedIntentsRequired:
                log.error(MESSAGE_CONTENT_OFF)
                self._message_content = False
                continue
            except LoginFailure:
                self._give_up(LOGIN_REFUSED)
                return
            except ConnectionClosed as closed:
                if closed.code in FATAL_CLOSE_CODES:
                    self._give_up(FATAL_CLOSE_CODES[closed.code])
                    return
                self._problem = f"the gateway closed with {closed.code}"
            except (DiscordException, OSError, TimeoutError) as failed:
                self._problem = f"no connection ({type(failed).__name__})"
            log.warning("discord gateway starts anew", reason=self._problem, pause=pause_s)
            await self._clock.sleep(pause_s)
            pause_s = min(pause_s * 2, RESTART_PAUSE_MAX_S)

    def _give_up(self, problem: str) -> None:
        self._problem = problem
        log.error(problem)
