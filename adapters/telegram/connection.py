"""The connection to Telegram: begun, kept up, and begun again; by polling, or by keeping a webhook set.

Hears nothing itself: updates go to the inbox, and Telegram forgets them only when that has them safe.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog
import telegram
from telegram.error import Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError

from adapters.telegram.calls import asked
from adapters.telegram.errors import describe, seconds
from bot.errors import SettingsWrong, StoreFailed
from bot.ports import Clock

log = structlog.get_logger()

POLL = 50  # seconds that Telegram may hold a question for updates
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0  # seconds between two tries; doubles
OTHERS_TURN = 30.0  # seconds before updates are asked for once more that another program is getting
LOOK = 60.0  # seconds between two looks at the webhook
LAST_WORD = 3.0  # seconds at the end to tell Telegram what was taken in
HOOK_CONNECTIONS = 40  # at once, Telegram's own default

NOT_ACCEPTED = "telegram.token: Telegram does not accept it"
OTHER_POLLER = "another program gets the updates of this bot (409 Conflict): stop it, or use a token of its own"
NOT_UNDERSTOOD = "an update that is not understood stands first in line; newer versions of Easel may know it"

Put = Callable[[Sequence[telegram.Update]], Awaitable[None]]
Begin = Callable[[], Awaitable[Put]]


class Connection:
    """`hook`: the address of the webhook and its secret; None: polling. `began` is awaited once Telegram has told who
    the bot is, and gives where updates go."""

    def __init__(
        self, bot: telegram.Bot, clock: Clock, *, allowed: Sequence[str], hook: tuple[str, str] | None
    ) -> None:
        self._bot = bot
        self._clock = clock
        self._allowed = list(allowed)
        self._hook = hook
        self._reason: str | None = "not connected yet"
        self._offset = 0
        self._running: asyncio.Task[None] | None = None
        self._taking_in: asyncio.Task[None] | None = None

    async def open(self, began: Begin) -> None:
        """Asks once who the bot is, and goes on in the background.

        Raises SettingsWrong when Telegram does not accept the token; a Telegram that is away is waited for.
        """
        known = False
        try:
            await asked(self._bot.initialize)
            known = True
        except InvalidToken:
            raise SettingsWrong([NOT_ACCEPTED]) from None  # the library's words hold the token
        except TelegramError as failed:
            log.warning("telegram does not answer, trying on", failure=describe(failed))
        put = await began() if known else None
        self._running = asyncio.create_task(self._keep(began, put), name="telegram connection")

    async def leave(self) -> None:
        """Nothing is asked for any more. Of what came in, Telegram is told."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
            self._running = None
        if self._taking_in is not None:
            await asyncio.gather(self._taking_in, return_exceptions=True)
        try:
            async with asyncio.timeout(LAST_WORD):
                if self._hook is not None:
                    await self._unhook(self._hook[0])
                elif self._offset:
                    await asked(self._forget_heard)
        except (TelegramError, TimeoutError) as failed:
            log.info("telegram was not told of the end", failure=type(failed).__name__)

    async def close(self) -> None:
        try:
            await self._bot.shutdown()
        except TelegramError as failed:
            log.warning("telegram client not closed", failure=type(failed).__name__)

    def trouble(self) -> str | None:
        """Why it does not stand right now; None when it does."""
        return self._reason

    # ------------------------------------------------------------ within

    async def _keep(self, began: Begin, put: Put | None) -> None:
        if put is None:
            await self._insist(self._bot.initialize)
            put = await began()
        if self._hook is not None:
            await self._keep_hook(*self._hook)
        await self._insist(self._bot.delete_webhook)
        self._reason = None
        log.info("telegram is connected", bot=self._bot.username, mode="polling")
        pause = FIRST_PAUSE
        while True:
            wait = await self._poll(put, pause)
            if wait is None:
                if self._reason is not None:
                    log.info("telegram is connected again")
                self._reason, pause = None, FIRST_PAUSE
                continue
            await self._clock.sleep(wait)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _poll(self, put: Put, pause: float) -> float | None:
        """One question for updates. None: all is well; else seconds until the next one."""
        try:
            updates = await self._bot.get_updates(
                offset=self._offset or None,
                timeout=POLL if self._reason is None else 0,  # after trouble, one quick answer tells that it is over
                allowed_updates=self._allowed,
            )
            self._taking_in = asyncio.create_task(self._take_in(updates, put), name="telegram updates")
            await asyncio.shield(self._taking_in)  # a stop in the middle would have them told again
        except Conflict:
            if self._reason != OTHER_POLLER:
                log.error(OTHER_POLLER)
            self._reason = OTHER_POLLER
            return OTHERS_TURN
        except RetryAfter as busy:
            return seconds(busy)
        except InvalidToken:
            self._report(NOT_ACCEPTED)
            return LONGEST_PAUSE
        except StoreFailed as failed:
            self._report(f"updates wait for the database ({failed.detail})")
            return pause
        except TelegramError as failed:
            self._report(f"no connection ({describe(failed)})")
            return pause
        except Exception:  # the library could not read an update: whoever is deaf must at least say so
            if self._reason != NOT_UNDERSTOOD:
                log.exception("updates not read")
            self._reason = NOT_UNDERSTOOD
            return pause
        return None

    async def _take_in(self, updates: Sequence[telegram.Update], put: Put) -> None:
        await put(updates)
        if updates:
            self._offset = updates[-1].update_id + 1

    async def _keep_hook(self, address: str, secret: str) -> None:
        """Sets the webhook, and again whenever somebody has taken it away."""
        while True:
            try:
                info = await asked(self._bot.get_webhook_info)
                kinds = set(info.allowed_updates or ())  # Telegram tells them in an order of its own
                if info.url != address or kinds != set(self._allowed) or self._reason is not None:
                    await asked(lambda: self._set_hook(address, secret))
                    log.info("telegram is connected", bot=self._bot.username, mode="webhook")
                self._reason = None
                if info.url == address and info.last_error_message:
                    log.warning("telegram could not bring an update", detail=info.last_error_message)
            except TelegramError as failed:
                self._report(f"webhook not set ({describe(failed)})")
                await self._clock.sleep(seconds(failed) if isinstance(failed, RetryAfter) else LONGEST_PAUSE)
                continue
            await self._clock.sleep(LOOK)

    async def _set_hook(self, address: str, secret: str) -> None:
        await self._bot.set_webhook(
            address, secret_token=secret, allowed_updates=self._allowed, max_connections=HOOK_CONNECTIONS
        )

    async def _forget_heard(self) -> None:
        await self._bot.get_updates(offset=self._offset, timeout=0, limit=1, allowed_updates=self._allowed)

    async def _unhook(self, address: str) -> None:
        """Telegram keeps what comes until somebody asks. A webhook of somebody else's is left alone."""
        if (await asked(self._bot.get_webhook_info)).url == address:
            await asked(self._bot.delete_webhook)

    async def _insist(self, ask: Callable[[], Awaitable[object]]) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                await asked(ask)
            except InvalidToken:
                self._report(NOT_ACCEPTED)
                pause = LONGEST_PAUSE
            except RetryAfter as busy:
                pause = seconds(busy)
            except (NetworkError, TelegramError) as failed:
                self._report(f"no connection ({describe(failed)})")
            else:
                return
            await self._clock.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _report(self, reason: str) -> None:
        """Said once, however long it lasts."""
        if self._reason != reason:
            log.warning("telegram: trouble", reason=reason)
        self._reason = reason
