"""Updates that Telegram brings: the address, the secret it must show, and what is answered.

Both are made from the token, so that they stay the same over restarts and cannot be guessed.
"""

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Iterable, Sequence

import structlog
import telegram
from aiohttp import web

from adapters.telegram.errors import UNREADABLE
from bot.errors import StoreFailed

log = structlog.get_logger()

HEADER = "X-Telegram-Bot-Api-Secret-Token"
LARGEST = 1024 * 1024  # bytes of an update; a long message with all its entities is far below

Put = Callable[[Sequence[telegram.Update]], Awaitable[None]]


class Webhook:
    """Answers 200 when an update is taken care of or written down, and only then: others are brought again."""

    def __init__(self, token: str, bot: telegram.Bot) -> None:
        self.path = f"/telegram/{_derived(token, 'path')}"
        self.secret = _derived(token, "secret")
        self._bot = bot
        self._put: Put | None = None

    def open(self, put: Put) -> None:
        self._put = put

    def close(self) -> None:
        """What comes from now on is asked to come again."""
        self._put = None

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return [web.post(self.path, self._receive)]

    async def _receive(self, request: web.Request) -> web.Response:
        shown = request.headers.get(HEADER, "")
        if not hmac.compare_digest(shown.encode("utf-8", "surrogateescape"), self.secret.encode()):
            log.warning("webhook call without the secret")
            return web.Response(status=401)
        if (request.content_length or 0) > LARGEST:
            return web.Response(status=413)
        try:
            update = telegram.Update.de_json(json.loads(await request.read()), self._bot)
        except UNREADABLE:
            log.warning("webhook call is no update")
            return web.Response(status=400)
        if self._put is None:
            return web.Response(status=503)
        try:
            await self._put([update])
        except StoreFailed as failed:
            log.warning("update waits for the database", detail=failed.detail)
            return web.Response(status=503)
        return web.Response()


def _derived(token: str, purpose: str) -> str:
    return hmac.new(token.encode(), f"easel webhook {purpose}".encode(), hashlib.sha256).hexdigest()[:48]
