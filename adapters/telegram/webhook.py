"""The webhook: its path, the secret that Telegram must present, and the status codes that it gets.

Path and secret are derived from the token, so that they stay the same over restarts and cannot be guessed.
"""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Iterable

import structlog
import telegram
from aiohttp import web

from adapters.telegram.connection import UpdateInbox
from adapters.telegram.updates import UPDATE_ID
from bot.errors import StoreFailed
from bot.ports import Membership

log = structlog.get_logger()

AUTH_HEADER = "X-Telegram-Bot-Api-Secret-Token"
BODY_TIMEOUT_S = 30.0  # that Telegram may take to send one update
MAX_UPDATE_BYTES = 1024 * 1024  # a long message with all its entities is far below


class Webhook:
    """Answers 200 once an update is handled, saved or set aside, and only then: Telegram delivers others again."""

    def __init__(self, token: str, bot: telegram.Bot, membership: Membership) -> None:
        self.path = webhook_path(token)
        self.secret = _derive_from_token(token, "secret")
        self._bot = bot
        self._membership = membership
        self._inbox: UpdateInbox | None = None

    def open(self, inbox: UpdateInbox) -> None:
        """Accepts updates from now on."""
        self._inbox = inbox

    def close(self) -> None:
        """Answers updates with 503 from now on, so that Telegram delivers them again."""
        self._inbox = None

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return [web.post(self.path, self._receive)]

    async def _receive(self, request: web.Request) -> web.Response:
        presented = request.headers.get(AUTH_HEADER, "")
        if not hmac.compare_digest(presented.encode("utf-8", "surrogateescape"), self.secret.encode()):
            log.warning("webhook call without the secret")
            return web.Response(status=401)
        if (request.content_length or 0) > MAX_UPDATE_BYTES:
            return web.Response(status=413)
        try:
            async with asyncio.timeout(BODY_TIMEOUT_S):
                body = await request.read()
        except TimeoutError:
            return web.Response(status=408)
        if (raw := _parse_body(body)) is None:
            log.warning("webhook call is no update")
            return web.Response(status=400)
        if self._inbox is None or not self._membership.reaches_database():
            return web.Response(status=503)
        try:
            await self._inbox.enqueue([self._inbox.read(raw)])
        except StoreFailed as failed:
            log.warning("update waits for the database", detail=failed.detail)
            return web.Response(status=503)
        return web.Response()


def webhook_path(token: str) -> str:
    """The path at which Telegram delivers the updates of a bot."""
    return f"/telegram/{_derive_from_token(token, 'path')}"


def _parse_body(body: bytes) -> object | None:
    """The JSON object in a body, whatever it says. None: there is none, or it says nothing."""
    try:
        raw = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return raw if isinstance(raw, dict) and raw.keys() - {UPDATE_ID} else None  # type: ignore[reportUnknownMemberType]  # JSON


def _derive_from_token(token: str, purpose: str) -> str:
    return hmac.new(token.encode(), f"easel webhook {purpose}".encode(), hashlib.sha256).hexdigest()[:48]
