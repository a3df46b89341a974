"""The HTTP routes of the admin page: the document, and what it asks for. GETs change nothing.

All addresses inside are relative, so that the page works under any path of a reverse proxy. What is shown and changed
is the core's.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from adapters.admin import queries
from adapters.admin.attempts import FailedAttempts
from adapters.admin.changes import change_routes
from adapters.admin.encode import to_json
from adapters.admin.guard import HEADERS, SEALED, Core, Guard, RequestRefused, Visit
from adapters.admin.lists import list_routes
from adapters.admin.sign_in_routes import SignInRoutes
from adapters.page_bundle import PageBundle, make_bundle
from bot.administration.sign_in import ADMIN_PATH
from bot.runtime.clock import Clock

STATIC = Path(__file__).parent / "static"
SHARED = Path(__file__).parents[1] / "playground" / "static"  # colours and helpers: the first page has them
API = f"{ADMIN_PATH}/api"
PAGE_POLICY = (
    "default-src 'none'; img-src data:; connect-src 'self'; style-src {styles}; script-src {scripts}; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


class AdminRoutes:
    """The handlers of every route."""

    def __init__(self, public_url: str | None, clock: Clock) -> None:
        """`public_url`: of the server; None: this computer alone reaches it."""
        self._guard = Guard(public_url)
        self._sign_in = SignInRoutes(self._guard, FailedAttempts(clock))
        self._clock = clock
        self._bundle: PageBundle | None = None

    def serve(self, core: Core) -> None:
        """Until then everything but the document is answered with 503."""
        self._guard.core = core

    def routes(self) -> list[web.RouteDef]:
        reading: dict[str, Callable[[Visit], Awaitable[web.StreamResponse]]] = {
            "now": _get_now,
            "statistics": self._get_statistics,
            "job": _get_job,
            "member": _get_member,
        }
        return [
            web.get(ADMIN_PATH, self._get_document),
            web.get(f"{ADMIN_PATH}/", self._get_document),
            *self._sign_in.routes(API),
            *(web.get(f"{API}/{name}", self._guard.reading(each), allow_head=False) for name, each in reading.items()),
            *list_routes(API, self._guard, self._clock),
            *change_routes(API, self._guard),
        ]

    async def _get_document(self, request: web.Request) -> web.StreamResponse:
        """The whole page in one document; it has nothing that anybody may not see."""
        bundle = self._bundle = self._bundle or await asyncio.to_thread(make_bundle, STATIC, SHARED)
        policy = PAGE_POLICY.format(styles=bundle.style_sources, scripts=bundle.script_sources)
        headers = HEADERS | {"Content-Security-Policy": policy, "Vary": "Accept-Encoding"}
        if "gzip" not in request.headers.get("Accept-Encoding", ""):
            return web.Response(body=bundle.html, content_type="text/html", charset="utf-8", headers=headers)
        headers["Content-Encoding"] = "gzip"
        return web.Response(body=bundle.compressed, content_type="text/html", charset="utf-8", headers=headers)

    async def _get_statistics(self, visit: Visit) -> web.StreamResponse:
        """The last days, and what failed and how long it took within them."""
        days = queries.parse_days(visit.request.query)
        since = queries.first_moment(days, self._clock.now())
        answer = {
            "days": await visit.administration.daily(days),
            "failures": await visit.administration.failures(since),
            "latencies": await visit.administration.latencies(since),
        }
        return web.json_response(to_json(answer), headers=SEALED)


async def _get_now(visit: Visit) -> web.StreamResponse:
    return web.json_response(to_json(await visit.administration.overview()), headers=SEALED)


async def _get_job(visit: Visit) -> web.StreamResponse:
    found = await visit.administration.job(queries.parse_key(visit.request.query, "id"))
    if found is None:
        raise RequestRefused(
            404, "There is no job with this id that can be read; it may be forgotten, or its row damaged."
        )
    return web.json_response(to_json(found), headers=SEALED)


async def _get_member(visit: Visit) -> web.StreamResponse:
    found = await visit.administration.member(queries.parse_key(visit.request.query, "key"))
    if found is None:
        raise RequestRefused(404, "Nothing is known of a member with this key.")
    return web.json_response(to_json(found), headers=SEALED)
