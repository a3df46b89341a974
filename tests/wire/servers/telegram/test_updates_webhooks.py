"""The test Telegram server with the real python-telegram-bot: updates delivered to a webhook."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from aiohttp import web
from telegram import (
    Bot,
)
from telegram.error import (
    BadRequest,
    Conflict,
)

from tests.servers.telegram import TelegramServer
from tests.servers.telegram.real_bot import make_bot
from tests.servers.telegram.scenes import Scene, one_message


class Hook:
    """A bot's own address: keeps what is posted to it, answers with the statuses it was given, then 200; to a
    `slow` text only once it is `passed`."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.secrets: list[str | None] = []
        self.statuses: list[int] = []
        self.base = ""
        self.slow: str | None = None
        self.passed = asyncio.Event()

    async def take(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.json())
        if self.bodies[-1]["message"]["text"] == self.slow:
            await self.passed.wait()
        self.secrets.append(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)


@pytest.fixture
async def hook() -> AsyncGenerator[Hook]:
    hook = Hook()
    app = web.Application()
    app.router.add_post("/hook", hook.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield hook
    await runner.cleanup()


async def test_a_webhook_gets_the_updates_with_its_secret_again_after_a_failure(hook: Hook) -> None:
    async with TelegramServer(http_webhooks=True) as server, make_bot(server) as bot:
        ada = server.add_user("Ada")
        hook.statuses = [500]
        await bot.set_webhook(f"{hook.base}/hook", secret_token="hush", max_connections=3, allowed_updates=["message"])
        server.say(ada, server.private(ada), "one")
        server.say(ada, server.private(ada), "two")
        await server.until(lambda: not server.pending)
        assert [body["message"]["text"] for body in hook.bodies] == ["one", "one", "two"]
        assert hook.bodies[0] == hook.bodies[1]
        assert set(hook.secrets) == {"hush"}
        assert [status for _, status in server.webhook.deliveries] == [500, 200, 200]
        info = await bot.get_webhook_info()
        assert (info.url, info.max_connections, info.allowed_updates) == (f"{hook.base}/hook", 3, ("message",))
        assert info.last_error_message == "Wrong response from the webhook: 500 Internal Server Error"
        with pytest.raises(Conflict, match="can't use getUpdates method while webhook is active"):
            await bot.get_updates()
        await bot.delete_webhook(drop_pending_updates=True)
        assert not await bot.get_updates()


async def test_a_webhook_gets_updates_of_other_chats_while_one_is_slow(hook: Hook) -> None:
    async with TelegramServer(http_webhooks=True) as server, make_bot(server) as bot:
        ada, bea = server.add_user("Ada"), server.add_user("Bea")
        await bot.set_webhook(f"{hook.base}/hook")
        hook.slow = "wait for it"
        server.say(ada, server.private(ada), "wait for it")
        server.say(ada, server.private(ada), "after it")
        server.say(bea, server.private(bea), "at once")
        await server.until(lambda: len(server.pending) == 2)
        assert {body["message"]["text"] for body in hook.bodies} == {"wait for it", "at once"}
        hook.passed.set()
        await server.until(lambda: not server.pending)
        assert hook.bodies[-1]["message"]["text"] == "after it"


async def test_updates_that_waited_can_be_dropped(place: Scene, bot: Bot) -> None:
    place.server.say(place.ada, place.chat, "old")
    await bot.delete_webhook(drop_pending_updates=True)
    assert not await bot.get_updates(timeout=0)
    place.server.say(place.ada, place.chat, "old too")
    await bot.set_webhook("https://127.0.0.1:8443/hook", drop_pending_updates=True)
    assert (await bot.get_webhook_info()).pending_update_count == 0


async def test_a_webhook_ends_a_poll_and_nobody_there_keeps_the_updates(place: Scene, bot: Bot) -> None:
    waiting = asyncio.create_task(bot.get_updates(timeout=30))
    await place.server.until(lambda: place.server.core.updates.polled)
    async with make_bot(place.server) as other:
        await other.set_webhook("https://127.0.0.1:8443/hook")
        with pytest.raises(Conflict, match="terminated by setWebhook request"):
            await waiting
        place.server.say(place.ada, place.chat, "kept")
        await place.server.until(lambda: place.server.webhook.deliveries)
        info = await other.get_webhook_info()
        assert (info.pending_update_count, info.last_error_message) == (1, "Connection refused")
        await other.delete_webhook()
        assert (await one_message(other, place)).text == "kept"


@pytest.mark.forms(2)
@pytest.mark.parametrize(
    ("url", "more", "words"),
    [
        ("http://127.0.0.1/hook", {}, "(?i)An HTTPS URL must be provided"),
        ("https://example.org:8080/", {}, "only on ports 80, 88, 443 or 8443"),
        ("https://example.org/", {"secret_token": "no spaces"}, "unallowed characters"),
        ("https://example.org/", {"max_connections": 101}, "must be in range"),
    ],
)
async def test_webhooks_telegram_refuses(place: Scene, bot: Bot, url: str, more: dict[str, Any], words: str) -> None:
    with pytest.raises(BadRequest, match=words):
        await bot.set_webhook(url, **more)
