"""The connection to Telegram: made, kept up and made again; by long polling, or by keeping a webhook set.

Handles no update itself: updates go to the inbox, and are confirmed to Telegram only once the inbox has them safe.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog
import telegram
from telegram.error import Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError

from adapters.telegram.api import call_untranslated
from adapters.telegram.errors import describe_error, retry_after_s
from bot.clock import Clock
from bot.errors import SettingsWrong, StoreFailed

log = structlog.get_logger()

POLL_TIMEOUT_S = 50  # that Telegram may hold a getUpdates call open
FIRST_RETRY_S, MAX_RETRY_S = 1.0, 30.0  # between two tries; doubles
CONFLICT_RETRY_S = 30.0  # before the next getUpdates while another program receives the updates
WEBHOOK_CHECK_S = 60.0  # between two checks that the webhook is still set
SHUTDOWN_CALL_S = 3.0  # at the end, to confirm to Telegram what was received
WEBHOOK_CONNECTIONS = 40  # at once, Telegram's own default

UNAUTHORIZED = "telegram.token: Telegram does not accept it"
OTHER_CONSUMER = "another program gets the updates of this bot (409 Conflict): stop it, or use a token of its own"
UNREADABLE_UPDATE = "an update that is not understood stands first in line; newer versions of Easel may know it"

EnqueueUpdates = Callable[[Sequence[telegram.Update]], Awaitable[None]]
OnIdentified = Callable[[], Awaitable[EnqueueUpdates]]


class Connection:
    """`webhook`: its URL and its secret; None: polling."""

    def __init__(
        self, bot: telegram.Bot, clock: Clock, *, allowed: Sequence[str], webhook: tuple[str, str] | None
    ) -> None:
        self._bot = bot
        self._clock = clock
        self._allowed = list(allowed)
        self._webhook = webhook
        self._problem: str | None = "not connected yet"
        self._offset = 0
        self._receiving: asyncio.Task[None] | None = None
        self._enqueueing: asyncio.Task[None] | None = None

    async def open(self, on_identified: OnIdentified) -> None:
        """Calls getMe once and goes on in the background.

        `on_identified` is awaited once getMe has succeeded, and returns the function that receives updates.
        Raises SettingsWrong when Telegram does not accept the token; an unreachable Telegram is retried.
        """
        identified = False
        try:
            await call_untranslated(self._bot.initialize)
            identified = True
        except InvalidToken:
            raise SettingsWrong([UNAUTHORIZED]) from None  # the library's message holds the token
        except TelegramError as failed:
            log.warning("telegram does not answer, trying on", failure=describe_error(failed))
        enqueue = await on_identified() if identified else None
        self._receiving = asyncio.create_task(self._receive(on_identified, enqueue), name="telegram connection")

    async def stop_receiving(self) -> None:
        """Requests no more updates, and confirms to Telegram those that were received."""
        if self._receiving is not None:
            self._receiving.cancel()
            await asyncio.gather(self._receiving, return_exceptions=True)
            self._receiving = None
        if self._enqueueing is not None:
            await asyncio.gather(self._enqueueing, return_exceptions=True)
        try:
            async with asyncio.timeout(SHUTDOWN_CALL_S):
                if self._webhook is not None:
                    await self._delete_own_webhook(self._webhook[0])
                elif self._offset:
                    await call_untranslated(self._confirm_offset)
        except (TelegramError, TimeoutError) as failed:
            log.info("telegram shutdown call failed", failure=type(failed).__name__)

    async def close(self) -> None:
        try:
            await self._bot.shutdown()
        except TelegramError as failed:
            log.warning("telegram client not closed", failure=type(failed).__name__)

    def problem(self) -> str | None:
        """Why the connection does not work right now; None when it does."""
        return self._problem

    # ------------------------------------------------------------ within

    async def _receive(self, on_identified: OnIdentified, enqueue: EnqueueUpdates | None) -> None:
        if enqueue is None:
            await self._call_until_answered(self._bot.initialize)
            enqueue = await on_identified()
        if self._webhook is not None:
            await self._maintain_webhook(*self._webhook)
        await self._call_until_answered(self._bot.delete_webhook)
        self._problem = None
        log.info("telegram is connected", bot=self._bot.username, mode="polling")
        retry_s = FIRST_RETRY_S
        while True:
            wait_s = await self._poll_once(enqueue, retry_s)
            if wait_s is None:
                if self._problem is not None:
                    log.info("telegram is connected again")
                self._problem, retry_s = None, FIRST_RETRY_S
                continue
            await self._clock.sleep(wait_s)
            retry_s = min(retry_s * 2, MAX_RETRY_S)

    async def _poll_once(self, enqueue: EnqueueUpdates, retry_s: float) -> float | None:
        """One getUpdates call. None: it succeeded; else the seconds to wait before the next one."""
        try:
            updates = await self._bot.get_updates(
                offset=self._offset or None,
                timeout=POLL_TIMEOUT_S if self._problem is None else 0,  # a quick answer shows that a problem is over
                allowed_updates=self._allowed,
            )
            self._enqueueing = asyncio.create_task(self._enqueue_updates(updates, enqueue), name="telegram updates")
            await asyncio.shield(self._enqueueing)  # cancelled midway, Telegram would send these updates again
        except Conflict:
            if self._problem != OTHER_CONSUMER:
                log.error(OTHER_CONSUMER)
            self._problem = OTHER_CONSUMER
            return CONFLICT_RETRY_S
        except RetryAfter as busy:
            return retry_after_s(busy)
        except InvalidToken:
            self._report_problem(UNAUTHORIZED)
            return MAX_RETRY_S
        except StoreFailed as failed:
            self._report_problem(f"updates wait for the database ({failed.detail})")
            return retry_s
        except TelegramError as failed:
            self._report_problem(f"no connection ({describe_error(failed)})")
            return retry_s
        except Exception:  # the library could not parse an update; the bot receives nothing, which must be logged
            if self._problem != UNREADABLE_UPDATE:
                log.exception("updates not decoded")
            self._problem = UNREADABLE_UPDATE
            return retry_s
        return None

    async def _enqueue_updates(self, updates: Sequence[telegram.Update], enqueue: EnqueueUpdates) -> None:
        await enqueue(updates)
        if updates:
            self._offset = updates[-1].update_id + 1

    async def _maintain_webhook(self, url: str, secret: str) -> None:
        """Sets the webhook, and again whenever another program has changed or deleted it."""
        while True:
            try:
                info = await call_untranslated(self._bot.get_webhook_info)
                kinds = set(info.allowed_updates or ())  # Telegram lists them in an order of its own
                if info.url != url or kinds != set(self._allowed) or self._problem is not None:
                    await call_untranslated(lambda: self._set_webhook(url, secret))
                    log.info("telegram is connected", bot=self._bot.username, mode="webhook")
                self._problem = None
                if info.url == url and info.last_error_message:
                    log.warning("telegram could not bring an update", detail=info.last_error_message)
            except TelegramError as failed:
                self._report_problem(f"webhook not set ({describe_error(failed)})")
                await self._clock.sleep(retry_after_s(failed) if isinstance(failed, RetryAfter) else MAX_RETRY_S)
                continue
            await self._clock.sleep(WEBHOOK_CHECK_S)

    async def _set_webhook(self, url: str, secret: str) -> None:
        await self._bot.set_webhook(
            url, secret_token=secret, allowed_updates=self._allowed, max_connections=WEBHOOK_CONNECTIONS
        )

    async def _confirm_offset(self) -> None:
        """Telegram forgets all updates before the offset of a getUpdates call."""
        await self._bot.get_updates(offset=self._offset, timeout=0, limit=1, allowed_updates=self._allowed)

    async def _delete_own_webhook(self, url: str) -> None:
        """Without a webhook, Telegram keeps updates until the next start. Another program's webhook is left alone."""
        if (await call_untranslated(self._bot.get_webhook_info)).url == url:
            await call_untranslated(self._bot.delete_webhook)

    async def _call_until_answered(self, make_call: Callable[[], Awaitable[object]]) -> None:
        """Repeats a call until it succeeds."""
        retry_s = FIRST_RETRY_S
        while True:
            try:
                await call_untranslated(make_call)
            except InvalidToken:
                self._report_problem(UNAUTHORIZED)
                retry_s = MAX_RETRY_S
            except RetryAfter as busy:
                retry_s = retry_after_s(busy)
            except (NetworkError, TelegramError) as failed:
                self._report_problem(f"no connection ({describe_error(failed)})")
            else:
                return
            await self._clock.sleep(retry_s)
            retry_s = min(retry_s * 2, MAX_RETRY_S)

    def _report_problem(self, problem: str) -> None:
        """Logs a problem once, however long it lasts."""
        if self._problem != problem:
            log.warning("telegram fails", reason=problem)
        self._problem = problem
