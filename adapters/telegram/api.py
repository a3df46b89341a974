"""Calls to the Bot API: every call of the bot goes out here and ends as a result or as one of our failures.

Decides nothing about what is sent; what an error means stands in errors.py.
"""

import logging
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any, TypeVar, cast

import httpx
import telegram
from telegram.error import NetworkError, TelegramError
from telegram.request import HTTPXRequest, RequestData

from adapters.telegram.errors import PARSE_ERRORS, translate_error
from bot.errors import ChatBusy, ChatUnreachable
from bot.runtime import descriptors
from bot.runtime.clock import Clock
from bot.runtime.event_loop import is_in_background
from bot.runtime.on_wire import signal_on_wire
from bot.runtime.tls import client_context
from bot.settings import Telegram as TelegramSettings

T = TypeVar("T")

NO_MEMBER = "this process may make no calls now"
UNREADABLE_ANSWER = "an answer that nobody can read"

MAX_CONNECTIONS = 64  # at once; twice what the bot may send in a second
ANSWERS_SHARE = 4  # one connection in so many is for calls that somebody waits for, which are short
CONNECT_TIMEOUT_S, READ_TIMEOUT_S, WRITE_TIMEOUT_S = 10.0, 30.0, 30.0
UPLOAD_TIMEOUT_S = 180.0  # for one write of an upload; a slow line still makes progress
POOL_TIMEOUT_S = 30.0  # waiting for a free connection
RETRY_PAUSES_S = (1.0, 2.0, 4.0)  # before each retry of a call that the adapter makes by itself

# The least severe level each library may log at: they log URLs, which hold the token, and every update.
LIBRARY_LOG_LEVELS = {"httpx": logging.WARNING, "httpcore": logging.WARNING, "telegram": logging.CRITICAL + 1}


class TokenSafeBot(telegram.Bot):
    """The library's bot without its token in `repr`, where the library shows it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "TokenSafeBot[…]"

    async def get_raw_updates(
        self, *, offset: int | None, hold_s: int, allowed_updates: Sequence[str], limit: int | None = None
    ) -> list[object]:
        """As `get_updates`, which fails as a whole where one update cannot be parsed: the JSON of each.

        `hold_s`: seconds that Telegram may hold the call open. Raises TelegramError.
        """
        parameters = {"offset": offset, "timeout": hold_s, "limit": limit, "allowed_updates": allowed_updates}

        async def ask() -> object:
            return await self._post("getUpdates", parameters, read_timeout=READ_TIMEOUT_S + hold_s)

        result = await call_untranslated(ask)
        if not isinstance(result, list):
            raise TelegramError(UNREADABLE_ANSWER)
        return cast("list[object]", result)


class ReleasingRequest(HTTPXRequest):
    """The library's HTTP client, which frees uploaded pictures as soon as a call has ended.

    httpx responses and requests refer to each other, and would keep megabytes each until the garbage collector runs.
    Calls in the background have connections of their own: httpx may promise one connection to two calls, of which the
    second then waits until the first has had its turn of the event loop.
    """

    def __init__(self, may_call: Callable[[], bool], *, connection_pool_size: int, **settings: Any) -> None:
        """`may_call`: asked right before each call; without it none is made. `connection_pool_size`: in all, at least
        ANSWERS_SHARE."""
        answers = connection_pool_size // ANSWERS_SHARE
        super().__init__(connection_pool_size=answers, **settings)
        self._may_call = may_call
        self._background = HTTPXRequest(connection_pool_size=connection_pool_size - answers, **settings)

    async def initialize(self) -> None:
        await super().initialize()
        await self._background.initialize()

    async def shutdown(self) -> None:
        await super().shutdown()
        await self._background.shutdown()

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *args: Any, **timeouts: Any
    ) -> tuple[int, bytes]:
        try:
            if not self._may_call():
                raise NetworkError(NO_MEMBER)  # without a cause: it was never sent
            do_request = self._background.do_request if is_in_background() else super().do_request
            return await do_request(url, method, request_data, *args, **timeouts)
        finally:
            for _, content, _ in (request_data.multipart_data if request_data else {}).values():
                if not isinstance(content, bytes):
                    content.close()


class _SignallingStream(httpx.AsyncByteStream):
    """The body of a call; tells whoever has made the call that it is on the wire."""

    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        async for part in self._stream:
            yield part
        signal_on_wire()  # the next part is asked for once the one before is written

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _watch_body(request: httpx.Request) -> None:
    if isinstance(request.stream, httpx.AsyncByteStream):
        request.stream = _SignallingStream(request.stream)


def quiet_library_logs() -> None:
    """Raises the log levels of the libraries (see LIBRARY_LOG_LEVELS); what matters of it is logged by this package."""
    for family, level in LIBRARY_LOG_LEVELS.items():
        for name in (family, *(each for each in logging.root.manager.loggerDict if each.startswith(f"{family}."))):
            logging.getLogger(name).setLevel(level)


def make_bot(settings: TelegramSettings, may_call: Callable[[], bool] = lambda: True) -> TokenSafeBot:
    """The library's client with timeouts suited to uploads. Opens no connection yet. `may_call`: of all calls but those
    that receive."""
    assert settings.token is not None  # callers construct the adapter only when a token is set
    quiet_library_logs()
    os.environ["PTB_TIMEDELTA"] = "true"  # durations as timedelta, the library's future default; it warns without
    base = settings.api_base.rstrip("/")
    trusting = {"verify": client_context()}
    return TokenSafeBot(
        settings.token.get_secret_value(),
        base_url=f"{base}/bot",
        base_file_url=f"{base}/file/bot",
        request=ReleasingRequest(
            may_call,
            connection_pool_size=min(MAX_CONNECTIONS, descriptors.chat_connections(descriptors.limit())),
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=READ_TIMEOUT_S,
            write_timeout=WRITE_TIMEOUT_S,
            media_write_timeout=UPLOAD_TIMEOUT_S,
            pool_timeout=POOL_TIMEOUT_S,
            httpx_kwargs={**trusting, "event_hooks": {"request": [_watch_body]}},
        ),
        get_updates_request=HTTPXRequest(
            connection_pool_size=2,
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=READ_TIMEOUT_S,
            httpx_kwargs=trusting,
        ),
        local_mode=settings.local,
    )


async def call_untranslated(make_call: Callable[[], Awaitable[T]]) -> T:
    """The call's result. Raises TelegramError only, also for an answer that the library cannot parse."""
    try:
        return await make_call()
    except PARSE_ERRORS as exc:
        raise TelegramError(UNREADABLE_ANSWER) from exc


async def call_api(make_call: Callable[[], Awaitable[T]]) -> T:
    """The call's result.

    Raises ChatFailed, and of the adapter's own: GroupMigrated, OutcomeUnknown, CallRejected.
    """
    try:
        return await call_untranslated(make_call)
    except TelegramError as error:
        raise translate_error(error) from error


async def call_with_retry(make_call: Callable[[], Awaitable[T]], clock: Clock) -> T:
    """As `call_api`, for calls that the core does not pace: repeated after each of RETRY_PAUSES_S while Telegram is
    busy (after the time that it names) or certainly has not received the call."""
    for pause in RETRY_PAUSES_S:
        try:
            return await call_api(make_call)
        except (ChatBusy, ChatUnreachable) as failed:
            await clock.sleep(failed.retry_after if isinstance(failed, ChatBusy) else pause)
    return await call_api(make_call)
