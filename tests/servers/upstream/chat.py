"""What the tests of the chat dialect share: a provider on a scripted upstream, and what came of a painting."""

import base64

from pydantic import SecretStr

from bot.painting import Blob, FinishedImage, Link, PaintEvent, Progress
from bot.providers.chat.provider import ChatProvider
from bot.providers.http.client import UpstreamClient
from bot.providers.presets import resolve_upstream
from tests.servers.upstream.scripted import SSE, Call, Script

KEY = "sk-very-secret"
PICTURE = "https://files.example/tem/4abe.png"
OTHER = "https://files.example/tem/5c0d.png"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
INLINE = "data:image/png;base64," + base64.b64encode(PNG).decode()
DONE = "data: [DONE]\n\n"
ACE_500: dict[str, object] = {
    "success": False,
    "error": {"code": "api_error", "message": "fetch failed"},
    "trace_id": "2cf86e86",
}
SHORT = 0.2  # seconds; what a test with a real deadline waits


def provider(client: UpstreamClient, url: str, preset: str = "relay", **settings: object) -> ChatProvider:
    given = {"base_url": url, "api_key": SecretStr(KEY), **settings}
    return ChatProvider(resolve_upstream(name="up", preset=preset, **given), client)  # type: ignore[arg-type]  # as settings do


def pictures(events: list[PaintEvent]) -> list[Link | Blob]:
    return [each.source for each in events if isinstance(each, FinishedImage)]


def percents(events: list[PaintEvent]) -> list[float]:
    return [each.percent for each in events if isinstance(each, Progress)]


def answers(*parts: str | bytes, head: tuple[str, ...] = (SSE,), status: str = "200 OK") -> Script:
    """A script that sends these parts and ends the connection."""

    async def script(call: Call) -> None:
        await call.head(*head, status=status)
        for part in parts:
            await call.send(part)

    return script


async def hang(call: Call) -> None:
    await call.hangup()
