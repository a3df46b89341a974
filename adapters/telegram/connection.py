"""The connection to Telegram: made, kept up and made again; by long polling, or by keeping a webhook set.

Handles no update itself: updates go to the inbox, and are confirmed to Telegram only once the inbox has them safe. Of
several processes one polls, or keeps the webhook set, by a lease; the webhook leads to any of them.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Protocol

import structlog
from telegram.error import Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError

from adapters.telegram.api import TokenSafeBot, call_untranslated
from adapters.telegram.errors import describe_error, retry_after_s
from adapters.telegram.ids import PLATFORM
from adapters.telegram.updates import ReceivedUpdate
from bot.errors import SettingsWrong, StoreFailed
from bot.ports import Lease, Leases, Membership
from bot.runtime.clock import Clock
from bot.runtime.supervision import Supervisor

log = structlog.get_logger()

POLL_TIMEOUT_S = 50  # that Telegram may hold a getUpdates call open
FIRST_RETRY_S, MAX_RETRY_S = 1.0, 30.0  # between two tries; doubles
CONFLICT_RETRY_S = 30.0  # before the next getUpdates while another program receives the updates
MAX_OWN_CONFLICTS = 3  # within OWN_CONFLICTS_S: by the last call of a process of this Easel that has stopped or died
FIRST_FENCE = 1  # of a lease that nobody has held before
OWN_CONFLICTS_S = 60.0  # Telegram holds a call open for POLL_TIMEOUT_S, and a little longer
WEBHOOK_CHECK_S = 60.0  # between two checks that the webhook is still set
SHUTDOWN_CALL_S = 3.0  # at the end, to confirm to Telegram what was received
WEBHOOK_CONNECTIONS = 40  # at once, Telegram's own default

UNAUTHORIZED = "telegram.token: Telegram does not accept it"
NO_DATABASE = "updates wait for the database"
OTHER_CONSUMER = "another program gets the updates of this bot (409 Conflict): stop it, or use a token of its own"

CONNECTION_LEASE = f"{PLATFORM}.connection"


class UpdateInbox(Protocol):
    """Takes updates over: `adapters.telegram.dispatcher.UpdateDispatcher`."""

    def read(self, raw: object) -> ReceivedUpdate:
        """Parses one update, unless it is ignored. Raises only failures of the machine."""
        ...

    async def enqueue(self, updates: Sequence[ReceivedUpdate]) -> None:
        """Returns when Telegram may forget the updates. Raises StoreFailed: it must send them again."""
        ...


OnIdentified = Callable[[], Awaitable[UpdateInbox]]


class Connection:
    """`webhook`: its URL and its secret; None: polling. `has_peers()`: whether other processes handle updates, too."""

    def __init__(
        self,
        bot: TokenSafeBot,
        clock: Clock,
        membership: Membership,
        leases: Leases,
        *,
        has_peers: Callable[[], bool],
        allowed: Sequence[str],
        webhook: tuple[str, str] | None,
    ) -> None:
        self._bot = bot
        self._clock = clock
        self._membership = membership
        self._leases = leases
        self._has_peers = has_peers
        self._allowed = list(allowed)
        self._webhook = webhook
        self._problem: str | None = "not connected yet"
        self._offset = 0
        self._on_identified: OnIdentified | None = None
        self._inbox: UpdateInbox | None = None
        self._supervisor = Supervisor(clock)
        self._enqueueing: asyncio.Task[bool] | None = None
        self._conflicts: deque[float] = deque()
        """When calls were answered by 409 lately, in the time of `Clock.monotonic`."""
        self._stopping = asyncio.Event()
        self._released = asyncio.Event()
        """Set while this process does not hold the lease of the connection."""
        self._released.set()

    async def open(self, on_identified: OnIdentified) -> None:
        """Calls getMe once and goes on in the background.

        `on_identified` is awaited once getMe has succeeded, and returns what takes updates over.
        Raises SettingsWrong when Telegram does not accept the token; an unreachable Telegram is retried.
        """
        identified = await self.log_in()
        self._on_identified = on_identified
        if identified:
            self._inbox = await on_identified()
        self._supervisor.keep_running("telegram connection", self._receive)

    async def log_in(self) -> bool:
        """Calls getMe once. False: Telegram does not answer. Raises SettingsWrong when it does not accept the token."""
        try:
            await call_untranslated(self._bot.initialize)
        except InvalidToken:
            raise SettingsWrong([UNAUTHORIZED]) from None  # the library's message holds the token
        except TelegramError as failed:
            log.warning("telegram does not answer, trying on", failure=describe_error(failed))
            return False
        return True

    async def stop_receiving(self) -> None:
        """Requests no more updates, and confirms to Telegram those that were received."""
        self._stopping.set()
        await self._released.wait()
        await self._supervisor.stop()
        if self._webhook is not None and not self._has_peers():
            await self._call_at_shutdown(partial(self._delete_own_webhook, self._webhook[0]))

    async def close(self) -> None:
        try:
            await self._bot.shutdown()
            await self._bot.request.shutdown()  # of a bot that sent without ever having been asked who it is
        except TelegramError as failed:
            log.warning("telegram client not closed", failure=type(failed).__name__)

    def problem(self) -> str | None:
        """Why the connection does not work right now; None when it does."""
        is_standby = self._inbox is not None and self._released.is_set() and self._has_peers()
        return (None if is_standby else self._problem) or self._supervisor.problem()

    # ------------------------------------------------------------ within

    async def _receive(self) -> None:
        if self._inbox is None:
            assert self._on_identified is not None  # given before this begins
            await self._call_until_answered(self._bot.initialize)
            self._inbox = await self._on_identified()
        await self._leases.run_held(CONNECTION_LEASE, self._receive_alone)
        await asyncio.Event().wait()  # Easel stops

    async def _receive_alone(self, lease: Lease) -> None:
        """Receives until Easel stops. `lease`: nobody else does."""
        self._released.clear()
        receiving = asyncio.create_task(
            self._poll(lease) if self._webhook is None else self._maintain_webhook(*self._webhook),
            name="telegram receiving",
        )
        stopping = asyncio.create_task(self._stopping.wait(), name="telegram stop")
        try:
            await asyncio.wait((receiving, stopping), return_when=asyncio.FIRST_COMPLETED)
            if receiving.done():
                receiving.result()
            await _end((receiving,))
            if self._enqueueing is not None:
                await asyncio.gather(self._enqueueing, return_exceptions=True)
            if self._offset and lease.is_current():  # before the lease is another's, whose call this one would end
                await self._call_at_shutdown(self._confirm_offset)
        finally:
            self._released.set()
            await _end((receiving, stopping))

    async def _poll(self, lease: Lease) -> None:
        assert self._inbox is not None  # known by then
        await self._call_until_answered(self._bot.delete_webhook)
        self._problem = None
        log.info("telegram is connected", bot=self._bot.username, mode="polling")
        retry_s = FIRST_RETRY_S
        while True:
            await self._wait_for_database()
            wait_s = await self._poll_once(self._inbox, retry_s, lease)
            if wait_s is None:
                if self._problem is not None:
                    log.info("telegram is connected again")
                self._problem, retry_s = None, FIRST_RETRY_S
                continue
            await self._clock.sleep(wait_s)
            retry_s = min(retry_s * 2, MAX_RETRY_S)

    async def _wait_for_database(self) -> None:
        """Telegram keeps updates for as long as nobody can write them down."""
        if not self._membership.reaches_database():
            self._report_problem(NO_DATABASE)
            await self._membership.wait_until_database()

    async def _poll_once(self, inbox: UpdateInbox, retry_s: float, lease: Lease) -> float | None:
        """One getUpdates call. None: it succeeded; else the seconds to wait before the next one."""
        try:
            raw_updates = await self._bot.get_raw_updates(
                offset=self._offset or None,
                hold_s=POLL_TIMEOUT_S if self._problem is None else 0,  # a quick answer shows that a problem is over
                allowed_updates=self._allowed,
            )
            updates = [inbox.read(each) for each in raw_updates]
            await self._wait_for_database()
            self._enqueueing = asyncio.create_task(self._enqueue_updates(updates, inbox), name="telegram updates")
            if not await asyncio.shield(self._enqueueing):  # cancelled midway, Telegram would send these updates again
                await self._clock.sleep(FIRST_RETRY_S)
        except Conflict:
            if self._is_own_conflict(lease):
                log.info("another process of this Easel has asked for updates", is_ours=lease.is_current())
                return FIRST_RETRY_S
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
        return None

    def _is_own_conflict(self, lease: Lease) -> bool:
        """Whether the other call may be that of another process of this Easel: of the one that has taken over from
        here, or of an earlier one, whose last calls end soon."""
        now = self._clock.monotonic()
        self._conflicts.append(now)
        while self._conflicts[0] < now - OWN_CONFLICTS_S:
            self._conflicts.popleft()
        if not lease.is_current():
            return True
        has_predecessor = lease.fence > FIRST_FENCE
        return has_predecessor and self._problem != OTHER_CONSUMER and len(self._conflicts) <= MAX_OWN_CONFLICTS

    async def _enqueue_updates(self, updates: Sequence[ReceivedUpdate], inbox: UpdateInbox) -> bool:
        """Hands over what came, and moves the offset behind it. False: the offset stays, so that what came would come
        again at once; what has no number comes until something with one follows it."""
        await inbox.enqueue(updates)
        offset = self._offset
        self._offset = max([offset, *(each.id + 1 for each in updates if each.id is not None)])
        return self._offset > offset or not updates

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
        await self._bot.get_raw_updates(offset=self._offset, hold_s=0, limit=1, allowed_updates=self._allowed)

    async def _delete_own_webhook(self, url: str) -> None:
        """Without a webhook, Telegram keeps updates until the next start. Another program's webhook is left alone."""
        if (await call_untranslated(self._bot.get_webhook_info)).url == url:
            await call_untranslated(self._bot.delete_webhook)

    async def _call_at_shutdown(self, make_call: Callable[[], Awaitable[object]]) -> None:
        try:
            async with asyncio.timeout(SHUTDOWN_CALL_S):
                await call_untranslated(make_call)
        except (TelegramError, TimeoutError) as failed:
            log.info("telegram shutdown call failed", failure=type(failed).__name__)

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


async def _end(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Cancels tasks and waits for their ends."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
