"""The region page's HTTP routes: the page itself, the picture to paint over, prices, and what was painted.

The token stands in a header, never in an address; answers are kept by nobody. What a token leads to is the core's.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import structlog
from aiohttp import web

from adapters import page_origins
from adapters.page_bundle import PageBundle, make_bundle
from bot.errors import (
    ChatFailed,
    EaselError,
    Refusal,
    RegionLinkExpired,
    RegionLinkUnknown,
    RegionLinkUsed,
    RegionOfOtherUser,
    RegionTooDetailed,
    RegionUnreadable,
    StoreFailed,
)
from bot.observability import tracing
from bot.pictures.strokes import MAX_BYTES
from bot.ports import REGION_PATH, RegionPages
from bot.texts import messages_with_prefix, negotiate_locale, translate_error

log = structlog.get_logger()

STATIC = Path(__file__).parent / "static"
SHARED = Path(__file__).parents[1] / "playground" / "static"  # colours, icons, helpers: the first page has them
BODY_BYTES = MAX_BYTES + 32_000  # of a request: what was painted, and words
LAUNCH_CHARS = 8_000  # of what a platform hands to the page; Telegram's has some hundred
TELEGRAM = "https://telegram.org"  # its script must come from there
PAGE_POLICY = (
    "default-src 'none'; img-src blob: data:; connect-src 'self'; style-src {styles}; script-src {scripts} "
    + TELEGRAM
    + "; frame-ancestors 'self' https://web.telegram.org https://*.telegram.org; base-uri 'none'; form-action 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
DEAD_LINK = (RegionLinkExpired, RegionLinkUnknown, RegionLinkUsed, RegionOfOtherUser)

Rule = Callable[[Mapping[str, str], str | None], bool]
Handler = Callable[[RegionPages, web.Request, str, str | None], Awaitable[web.StreamResponse]]


class RegionRoutes:
    """The handlers of every route."""

    regions: RegionPages | None
    """Set while the core runs; without it everything but the page itself answers 503."""

    def __init__(self, public_url: str | None) -> None:
        """`public_url`: of the server; None: this computer alone reaches it."""
        self.regions = None
        self._public_url = public_url
        self._bundle: PageBundle | None = None

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(REGION_PATH, self._index),
            web.get(f"{REGION_PATH}/page", self._guarded(_get_page, page_origins.may_read)),
            web.get(f"{REGION_PATH}/picture", self._guarded(_get_picture, page_origins.may_read)),
            web.post(f"{REGION_PATH}/price", self._guarded(_post_price, page_origins.may_change)),
            web.post(f"{REGION_PATH}/paint", self._guarded(_post_paint, page_origins.may_change)),
        ]

    async def _index(self, _request: web.Request) -> web.StreamResponse:
        """The whole page in one document; it has nothing that anybody may not see."""
        bundle = self._bundle = self._bundle or await asyncio.to_thread(make_bundle, STATIC, SHARED)
        policy = PAGE_POLICY.format(styles=bundle.style_sources, scripts=bundle.script_sources)
        headers = HEADERS | {"Content-Security-Policy": policy}
        return web.Response(body=bundle.html, content_type="text/html", charset="utf-8", headers=headers)

    def _guarded(self, handler: Handler, rule: Rule) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def guarded(request: web.Request) -> web.StreamResponse:
            if not rule(request.headers, self._public_url):
                return _refuse(request, RegionLinkUnknown(), 403)
            if self.regions is None:
                raise web.HTTPServiceUnavailable(headers=HEADERS)
            kind, _, token = request.headers.get("Authorization", "").partition(" ")
            launch = request.headers.get("X-Easel-Launch")
            if kind != "Bearer" or len(launch or "") > LAUNCH_CHARS:
                return _refuse(request, RegionLinkUnknown(), 403)
            try:
                return await handler(self.regions, request, token, launch)
            except DEAD_LINK as dead:
                return _refuse(request, dead, 403)
            except Refusal as refusal:
                return _refuse(request, refusal, 422)
            except (ChatFailed, StoreFailed) as failed:
                log.warning("region page not served", failure=type(failed).__name__, detail=failed.detail)
                return _refuse(request, failed, 503)

        return guarded


async def _get_page(regions: RegionPages, _request: web.Request, token: str, launch: str | None) -> web.StreamResponse:
    page = await regions.open_page(token, launch)
    answer = {
        "locale": page.locale,
        "texts": await asyncio.to_thread(messages_with_prefix, page.locale, "region-page-"),
        "prompt": page.prompt,
        "price": page.price,
        "limit": page.max_prompt_chars,
    }
    return web.json_response(answer, headers=HEADERS)


async def _get_picture(
    regions: RegionPages, _request: web.Request, token: str, launch: str | None
) -> web.StreamResponse:
    picture = await regions.load_picture(token, launch)
    sealed = {"Content-Security-Policy": "sandbox; default-src 'none'"}
    return web.Response(body=picture.data, content_type=picture.media_type, headers=HEADERS | sealed)


async def _post_price(regions: RegionPages, request: web.Request, token: str, launch: str | None) -> web.StreamResponse:
    body = await _read_object(request)
    return web.json_response({"price": await regions.estimate_price(token, launch, _words(body))}, headers=HEADERS)


async def _post_paint(regions: RegionPages, request: web.Request, token: str, launch: str | None) -> web.StreamResponse:
    body = await _read_object(request)
    drawing = await asyncio.to_thread(lambda: json.dumps(body.get("drawing")).encode())  # up to a megabyte
    with tracing.receiving("region"):
        text = await regions.paint(token, launch, _words(body), drawing)
    return web.json_response({"text": text}, headers=HEADERS)


async def _read_object(request: web.Request) -> dict[str, Any]:
    """The JSON object of a request. Raises RegionTooDetailed, RegionUnreadable."""
    data = bytearray()
    async for chunk in request.content.iter_any():
        data += chunk
        if len(data) > BODY_BYTES:
            raise RegionTooDetailed(detail="body")
    try:
        body = await asyncio.to_thread(json.loads, bytes(data))
    except (ValueError, RecursionError) as error:
        raise RegionUnreadable(detail=type(error).__name__) from error
    if not isinstance(body, dict):
        raise RegionUnreadable(detail="no object")
    return body  # pyright: ignore[reportUnknownVariableType] - JSON


def _words(body: dict[str, Any]) -> str:
    """The prompt in a request. Raises RegionUnreadable."""
    prompt = body.get("prompt", "")
    if not isinstance(prompt, str):
        raise RegionUnreadable(detail="prompt")
    return prompt.encode("utf-8", "replace").decode()  # lone surrogates have no bytes


def _refuse(request: web.Request, error: EaselError, status: int) -> web.Response:
    """A sentence in the browser's language, and whether the link is of no more use."""
    asked = request.headers.get("X-Easel-Locale") or request.headers.get("Accept-Language", "")
    locale = negotiate_locale(asked.split(",")[0].split(";")[0].strip())
    answer = {"refusal": translate_error(locale, error), "dead": isinstance(error, DEAD_LINK)}
    return web.json_response(answer, status=status, headers=HEADERS)
