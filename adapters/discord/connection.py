"""The connection to Discord's gateway: begun, and begun again where discord.py gives up. Hears nothing itself."""

import asyncio
from typing import Protocol

import structlog
import yarl
from discord.errors import ConnectionClosed, DiscordException, LoginFailure, PrivilegedIntentsRequired
from discord.gateway import DiscordWebSocket
from discord.http import Route

from adapters.discord.events import Gateway
from bot.clock import Clock
from bot.errors import SettingsWrong
from bot.settings import Discord as DiscordSettings

log = structlog.get_logger()

FIRST_PAUSE, LONGEST_PAUSE = 5.0, 300.0  # seconds between two starts; Discord allows a thousand identifies a day
NEVER_AGAIN = {4004: "discord.token: Discord does not accept it", 4010: "discord.shard_ids: there is no such shard"}
MESSAGE_CONTENT_OFF = "discord.message_content: the intent is not switched on in the developer portal; going on without"


class Make(Protocol):
    """A new client; one that was closed cannot be used again."""

    def __call__(self, *, content: bool) -> Gateway: ...


class Connection:
    """One bot's. `application`: its id, once Discord has told it."""

    def __init__(self, settings: DiscordSettings, clock: Clock) -> None:
        assert settings.token is not None  # who wires adapters asks first
        self._settings = settings
        self._token = settings.token
        self._clock = clock
        self._content = settings.message_content
        self._gateway: Gateway | None = None
        self._running: asyncio.Task[None] | None = None
        self._reason: str | None = "not connected yet"
        self.application = ""

    async def open(self, make: Make) -> None:
        """Logs in once, and goes on in the background.

        Raises SettingsWrong when Discord does not accept the token; a Discord that is away is waited for.
        """
        Route.BASE = self._settings.api_base.rstrip("/")
        if self._settings.gateway_url is not None:
            DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(self._settings.gateway_url)
        try:
            await self._log_in(make)
        except LoginFailure:
            raise SettingsWrong([NEVER_AGAIN[4004]]) from None
        except (DiscordException, OSError) as failed:
            log.warning("discord does not answer, trying on", failure=type(failed).__name__)
        self._running = asyncio.create_task(self._keep(make), name="discord gateway")

    async def leave(self) -> None:
        """Nothing comes in any more; what came in is handed over."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        if self._gateway is not None:
            await self._gateway.leave()

    def trouble(self) -> str | None:
        """Why it does not stand right now; None when it does."""
        if self._reason is not None:
            return self._reason
        return self._gateway.trouble() if self._gateway is not None else "not connected yet"

    def file_limit(self, guild: int) -> int | None:
        """Bytes a file may have in a guild; None for one that is not known."""
        known = None if self._gateway is None else self._gateway.get_guild(guild)
        return None if known is None else known.filesize_limit

    async def _log_in(self, make: Make) -> Gateway:
        """Raises discord.DiscordException, OSError."""
        if self._gateway is not None:
            await self._gateway.leave()
        gateway = make(content=self._content)
        try:
            await gateway.login(self._token.get_secret_value())
            if self._settings.shard_count is None and self._settings.gateway_url is not None:
                recommended = await gateway.http.get_bot_gateway()  # its own address is not the operator's
                gateway.shard_count = recommended[0]
        except BaseException:
            await gateway.leave()
            raise
        self.application = str(gateway.application_id or "")
        self._gateway = gateway
        return gateway

    async def _keep(self, make: Make) -> None:
        """discord.py resumes and reconnects by itself; here is what it gives up on."""
        pause = FIRST_PAUSE
        while True:
            try:
                known = self._gateway
                gateway = await self._log_in(make) if known is None or known.is_closed() else known
                self._reason = None
                await gateway.connect()
                pause = FIRST_PAUSE
                self._reason = "the gateway closed"
            except PrivilegedIntentsRequired:
                log.error(MESSAGE_CONTENT_OFF)
                self._content = False
                continue
            except LoginFailure:
                self._give_up(NEVER_AGAIN[4004])
                return
            except ConnectionClosed as closed:
                if closed.code in NEVER_AGAIN:
                    self._give_up(NEVER_AGAIN[closed.code])
                    return
                self._reason = f"the gateway closed with {closed.code}"
            except (DiscordException, OSError, TimeoutError) as failed:
                self._reason = f"no connection ({type(failed).__name__})"
            log.warning("discord gateway starts anew", reason=self._reason, pause=pause)
            await self._clock.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _give_up(self, reason: str) -> None:
        self._reason = reason
        log.error(reason)
