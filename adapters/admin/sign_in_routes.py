"""The routes of signing in and out. A link's token comes in the body of a request, the session's in a strict cookie.

Neither stands in an address, so that no log and no history has it.
"""

import json
from typing import Any

from aiohttp import web

from adapters.admin.attempts import WINDOW_S, FailedAttempts
from adapters.admin.cookies import CookiePlace, change_token, cookie_place, session_tokens
from adapters.admin.guard import SEALED, Core, Guard, RequestRefused, Visit
from bot.administration.sign_in import SESSION_LIMIT
from bot.store.admin_sessions import AdminSession

BODY_BYTES = 10_000  # of a request; words of a pause have a thousand characters
DEAD_LINK = (
    "This link was used already, or is more than ten minutes old. "
    "Ask for another one: type /admin link to the bot in a private chat, or run easel admin-link."
)


class SignInRoutes:
    """Signs people in and out."""

    def __init__(self, guard: Guard, attempts: FailedAttempts) -> None:
        self._guard = guard
        self._attempts = attempts

    def routes(self, base: str) -> list[web.RouteDef]:
        """`base`: path of the page's answers."""
        return [
            web.get(f"{base}/session", self._guard.open(_get_session, changes=False), allow_head=False),
            web.post(f"{base}/sign-in", self._guard.open(self._post_sign_in, changes=True)),
            web.post(f"{base}/sign-out", self._guard.changing(self._post_sign_out)),
            web.post(f"{base}/sign-out-everywhere", self._guard.changing(self._post_sign_out_everywhere)),
        ]

    async def _post_sign_in(self, request: web.Request, core: Core) -> web.StreamResponse:
        if self._attempts.is_too_many(request):
            raise RequestRefused(429, f"Too many links that do not work; wait for {WINDOW_S:.0f} seconds.")
        link = (await read_object(request)).get("link")
        begun = await core.sign_in.sign_in(link) if isinstance(link, str) else None
        if begun is None:
            self._attempts.add(request)
            raise RequestRefused(403, DEAD_LINK)
        token, session = begun
        answer = web.json_response(describe_session(session, token), headers=SEALED)
        _set_cookie(answer, cookie_place(request.headers["Origin"], self._guard.public_url), token)
        return answer

    async def _post_sign_out(self, visit: Visit) -> web.StreamResponse:
        await visit.core.sign_in.sign_out(visit.token)
        return self._forget(visit)

    async def _post_sign_out_everywhere(self, visit: Visit) -> web.StreamResponse:
        await visit.core.sign_in.sign_out_everywhere(visit.who)
        return self._forget(visit)

    def _forget(self, visit: Visit) -> web.StreamResponse:
        answer = web.json_response({"user": None}, headers=SEALED)
        place = cookie_place(visit.request.headers["Origin"], self._guard.public_url)
        answer.del_cookie(place.name, path=place.path, secure=place.is_secure or None, httponly=True, samesite="Strict")
        return answer


async def _get_session(request: web.Request, core: Core) -> web.StreamResponse:
    """Who is signed in. Nobody is no failure: the page asks before it knows."""
    for token in session_tokens(request.cookies):
        if (session := await core.sign_in.find_session(token, is_use=True)) is not None:
            return web.json_response(describe_session(session, token), headers=SEALED)
    return web.json_response({"user": None}, headers=SEALED)


def describe_session(session: AdminSession, token: str) -> dict[str, Any]:
    """What the page is told of its own session."""
    until = session.created + SESSION_LIMIT
    return {"user": session.user_key, "token": change_token(token), "until": until.isoformat()}


def _set_cookie(answer: web.Response, place: CookiePlace, token: str) -> None:
    answer.set_cookie(
        place.name,
        token,
        path=place.path,
        max_age=int(SESSION_LIMIT.total_seconds()),
        secure=place.is_secure or None,
        httponly=True,
        samesite="Strict",
    )


async def read_object(request: web.Request) -> dict[str, Any]:
    """The JSON object of a request. Raises RequestRefused."""
    data = bytearray()
    async for chunk in request.content.iter_any():
        data += chunk
        if len(data) > BODY_BYTES:
            raise RequestRefused(413, "That is too much text.")
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise RequestRefused(400, "The request cannot be read.")
    return body  # pyright: ignore[reportUnknownVariableType] - JSON
