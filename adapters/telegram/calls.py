"""The one door to Telegram: every call of the bot goes out here, and comes back as a result or as one of our failures.

Knows chats that have moved; decides nothing about what is sent.
"""

import logging
import os
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import telegram
from telegram.error import TelegramError
from telegram.request import HTTPXRequest, RequestData

from adapters.telegram.errors import UNREADABLE, translated
from bot.errors import ChatBusy, ChatUnreachable
from bot.ports import Clock
from bot.settings import Telegram as TelegramSettings
from bot.tls import authorities

T = TypeVar("T")

CONNECTIONS = 64  # at once; twice what the bot may send in a second
CONNECT, READ, WRITE = 10.0, 30.0, 30.0  # seconds
UPLOAD = 180.0  # seconds for one write of an upload; a slow line still moves
POOL = 30.0  # seconds to wait for a free connection
LOUDEST = {"httpx": logging.WARNING, "httpcore": logging.WARNING, "telegram": logging.CRITICAL + 1}  # in the log
PAUSES = (1.0, 2.0, 4.0)  # seconds before a call of the adapter's own is made once more


class QuietBot(telegram.Bot):
    """The library's bot shows its token wherever it is printed; this one does not."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "QuietBot[…]"


class LightRequest(HTTPXRequest):
    """The library's request, which lets go of the pictures that it has sent. Its client's answers point at themselves
    and at what they answer, and would keep megabytes each until a collector comes by."""

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *args: Any, **patience: Any
    ) -> tuple[int, bytes]:
        try:
            return await super().do_request(url, method, request_data, *args, **patience)
        finally:
            for _, content, _ in (request_data.multipart_data if request_data else {}).values():
                if not isinstance(content, bytes):
                    content.close()


def silence() -> None:
    """Libraries log addresses, which hold the token, and all that came in; what matters of it is logged by us."""
    for family, level in LOUDEST.items():
        for name in (family, *(each for each in logging.root.manager.loggerDict if each.startswith(f"{family}."))):
            logging.getLogger(name).setLevel(level)


def make_bot(settings: TelegramSettings) -> telegram.Bot:
    """The library's client, its patience suited to uploads. Opens nothing yet."""
    assert settings.token is not None  # who wires adapters asks first
    silence()
    os.environ["PTB_TIMEDELTA"] = "true"  # the library's switch to durations as they will be; it warns without
    base = settings.api_base.rstrip("/")
    trusting = {"verify": authorities()}
    return QuietBot(
        settings.token.get_secret_value(),
        base_url=f"{base}/bot",
        base_file_url=f"{base}/file/bot",
        request=LightRequest(
            connection_pool_size=CONNECTIONS,
            connect_timeout=CONNECT,
            read_timeout=READ,
            write_timeout=WRITE,
            media_write_timeout=UPLOAD,
            pool_timeout=POOL,
            httpx_kwargs=trusting,
        ),
        get_updates_request=HTTPXRequest(
            connection_pool_size=2, connect_timeout=CONNECT, read_timeout=READ, httpx_kwargs=trusting
        ),
        local_mode=settings.local,
    )


async def asked(make: Callable[[], Awaitable[T]]) -> T:
    """Calls. An answer that the library can make nothing of is a TelegramError as well, whatever it stumbled over."""
    try:
        return await make()
    except UNREADABLE as odd:
        raise TelegramError("an answer that nobody can read") from odd


async def call(make: Callable[[], Awaitable[T]]) -> T:
    """Calls, and translates what goes wrong.

    Raises ChatFailed, and of the adapter's own: Moved, Unclear, Refused.
    """
    try:
        return await asked(make)
    except TelegramError as error:
        raise translated(error) from error


async def insist(make: Callable[[], Awaitable[T]], clock: Clock) -> T:
    """As `call`, for what the adapter says by itself, outside of the core's pacing: made again when Telegram is busy,
    or certainly has not heard it."""
    for pause in PAUSES:
        try:
            return await call(make)
        except (ChatBusy, ChatUnreachable) as failed:
            await clock.sleep(failed.retry_after if isinstance(failed, ChatBusy) else pause)
    return await call(make)
