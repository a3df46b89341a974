"""The real python-telegram-bot as a client of the server. Knows no test."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from telegram import Bot, Update
from telegram.error import TelegramError
from telegram.ext import Application, ContextTypes, TypeHandler

from tests.servers.telegram.server import TelegramServer


def make_bot(server: TelegramServer, token: str | None = None, *, local: bool = False) -> Bot:
    """A Bot that talks to this server only. `local`: as with a Bot API server of one's own."""
    base = server.api_base
    return Bot(token or server.token, base_url=f"{base}/bot", base_file_url=f"{base}/file/bot", local_mode=local)


@dataclass(slots=True)
class ReceivedUpdates:
    """What an Application received: updates in order, and the errors of polling."""

    updates: list[Update] = field(default_factory=list[Update])
    errors: list[TelegramError] = field(default_factory=list[TelegramError])


@asynccontextmanager
async def polling_application(server: TelegramServer) -> AsyncGenerator[ReceivedUpdates]:
    """The real Application, polling, until the block ends."""
    heard = ReceivedUpdates()

    async def keep(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        heard.updates.append(update)
        server.core.notify_changed()

    def trouble(error: TelegramError) -> None:
        heard.errors.append(error)
        server.core.notify_changed()

    app = Application.builder().bot(make_bot(server)).build()
    app.add_handler(TypeHandler[Any, Any, None](Update, keep))
    async with app:
        await app.start()
        assert app.updater is not None
        await app.updater.start_polling(
            poll_interval=0.0, timeout=5, allowed_updates=Update.ALL_TYPES, error_callback=trouble
        )
        try:
            yield heard
        finally:
            await app.updater.stop()
            await app.stop()
