"""The bare Telegram bot: python-telegram-bot and httpx."""

import asyncio
import io
import json
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

import telegram
from telegram.ext import Application, ContextTypes, MessageHandler, filters

from tests.bench.baselines.pace import LatestPercent, Pace, Window
from tests.bench.baselines.painting import client, paint

GIVEN = json.loads(sys.argv[1])
T = TypeVar("T")
EVERY = 1.0  # seconds between two edits of one message


async def insist(call: Callable[[], Awaitable[T]]) -> T:
    """As often as Telegram says that it is too soon."""
    while True:
        try:
            return await call()
        except telegram.error.RetryAfter as refused:
            seconds = refused.retry_after
            await asyncio.sleep(seconds if isinstance(seconds, int) else seconds.total_seconds())


class Bot:
    def __init__(self) -> None:
        self.http = client()
        self.overall = Window(30, 1.0)
        self.paces: dict[int, Pace] = defaultdict(lambda: Pace((Window(20, 60.0), self.overall)))
        self.direct: dict[int, Pace] = defaultdict(lambda: Pace((Window(5, 5.0), self.overall)))

    async def hear(self, update: telegram.Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        message = update.effective_message
        assert message is not None
        text = message.text or message.caption or ""
        pace = (self.direct if message.chat.type == "private" else self.paces)[message.chat.id]
        latest = LatestPercent(EVERY)
        painting = asyncio.create_task(paint(self.http, GIVEN["upstream"], text, latest.set))
        await pace.wait_for_slot()
        status = await insist(lambda: message.reply_text("painting …", do_quote=True))
        showing = asyncio.create_task(self.show(status, latest, pace))
        picture = await painting
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)
        await pace.wait_for_slot()
        media = telegram.InputMediaPhoto(io.BytesIO(picture), filename="picture.png")
        await insist(lambda: status.edit_media(media))

    async def show(self, status: telegram.Message, latest: LatestPercent, pace: Pace) -> None:
        while True:
            await latest.changes()
            if pace.try_slot():
                with suppress(telegram.error.RetryAfter):
                    await status.edit_text(f"painting … {latest.percent:.0f} %")
            await latest.pause()


async def main() -> None:
    bot = Bot()
    app: Application[Any, Any, Any, Any, Any, Any] = (
        Application.builder()
        .token(GIVEN["token"])
        .base_url(f"{GIVEN['api_base']}/bot")
        .base_file_url(f"{GIVEN['api_base']}/file/bot")
        .concurrent_updates(10_000)
        .connection_pool_size(256)
        .pool_timeout(600)
        .media_write_timeout(600)
        .read_timeout(60)
        .build()
    )
    app.add_handler(MessageHandler(filters.TEXT | filters.PHOTO, bot.hear))
    async with app:
        await app.start()
        assert app.updater is not None
        await app.updater.start_polling(poll_interval=0.0, timeout=50)
        print("ready", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
