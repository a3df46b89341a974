"""The steps of every REST call, in this order: planned faults, the token, rate limits, the API description,
its handler. Knows no single route."""

import asyncio
import json
import math
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from tests.servers.discord import request_bodies, rest
from tests.servers.discord.core import Core, Refused, Request
from tests.servers.discord.entities import Flag
from tests.servers.discord.errors import ApiError, unauthorized
from tests.servers.discord.faults import Fault
from tests.servers.discord.rest.call import Handler

PREFIX = "/api/v10"
VIA = {"Via": "1.1 google"}  # its absence on a 429 means a ban by Cloudflare
NO_TOKEN = ("/webhooks/{webhook_id}/{webhook_token}", "/interactions/", "/gateway")
GATEWAY_BOT = "/gateway/bot"


class _DroppedError(Exception):
    """The connection ends without a response."""


def install(app: web.Application, core: Core) -> None:
    """Adds all routes. An unknown one is a violation."""
    # "@me" and "@original" first: aiohttp takes the first route that fits.
    for (method, route), handler in sorted(rest.ROUTES.items(), key=lambda item: "@" not in item[0][1]):
        app.router.add_route(method, PREFIX + route, _entry(core, route, handler))
    app.router.add_route("*", PREFIX + "/{tail:.*}", _unknown_route(core))


def _unknown_route(core: Core) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        core.record_violation(f"{request.method} {request.path}: the server knows no such route")
        return _json(404, {"message": "404: Not Found", "code": 0})

    return answer


def _entry(core: Core, route: str, handler: Handler) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        form = await request_bodies.parse_body(request)
        passage = CallHandling(core, request, route, form)
        try:
            response = await passage.handle(handler)
        except ApiError as refusal:
            response = passage.refuse(refusal)
        except _DroppedError:
            if request.transport is not None:
                request.transport.abort()
            passage.record(0)
            return web.Response()
        response.headers.update(passage.headers)
        passage.record(response.status)
        return response

    return answer


class CallHandling:
    """The handling of one call."""

    def __init__(self, core: Core, request: web.Request, route: str, form: request_bodies.RequestBody) -> None:
        self._core = core
        self._request = request
        self._route = route
        self._form = form
        self._where = f"{request.method} {route}"
        self._at = core.time()
        self.headers: dict[str, str] = {}

    async def handle(self, handler: Handler) -> web.Response:
        core, method = self._core, self._request.method
        fault = core.faults.next_fault(method, self._route)
        if fault is not None and (response := await self._apply_fault(fault)) is not None:
            return response
        self._authorize()
        slot = core.buckets.take_slot(method, self._route, self._request.match_info)
        self.headers = slot.headers
        if slot.scope is not None:
            return self._limited(slot.reset_after, slot.scope)
        self._validate()
        payload: Any = {} if self._form.payload is None else self._form.payload
        answer = handler(
            rest.Call(
                core=core,
                params=self._request.match_info,
                query=self._request.query,
                payload=payload,
                files=self._form.files,
            )
        )
        if fault is not None and fault.drop == "after":
            raise _DroppedError
        if fault is not None and fault.body is not None:
            return web.Response(body=fault.body, content_type="application/json")
        if answer is None:
            self._hold_to_description(204, None)
            return web.Response(status=204)
        self._hold_to_description(200, answer)
        return _json(200, answer)

    def refuse(self, refusal: ApiError) -> web.Response:
        if refusal.status != 429:
            return _json(refusal.status, refusal.body)
        self._note_refused("user")
        return _json(429, refusal.body, {**VIA, "Retry-After": str(math.ceil(refusal.body["retry_after"]))})

    async def _apply_fault(self, fault: Fault) -> web.Response | None:
        if fault.gate is not None:
            await fault.gate.wait_until_open()
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.drop == "before":
            raise _DroppedError
        if fault.retry_after is not None and fault.edge_page:
            return self._banned(fault.retry_after, fault.status or 429)
        if fault.retry_after is not None:
            return self._limited(fault.retry_after, fault.scope, fault.told_by)
        return None if fault.status is None else web.Response(status=fault.status, text="upstream error")

    def _authorize(self) -> None:
        if self._route.startswith(NO_TOKEN) and self._route != GATEWAY_BOT:
            return
        if self._request.headers.get("Authorization") != f"Bot {self._core.token}":
            raise unauthorized()

    def _limited(self, retry_after: float, scope: str, told_by: str = "body and headers") -> web.Response:
        self._note_refused(scope)
        body = {
            "message": "You are being rate limited.",
            "retry_after": retry_after,
            "global": scope == "global" and "body" in told_by,
        }
        headers = {**VIA, "Retry-After": str(math.ceil(retry_after))}
        if "headers" in told_by:
            headers["X-RateLimit-Scope"] = scope
            headers |= {"X-RateLimit-Global": "true"} if scope == "global" else {}
        return _json(429, body, headers)

    def _banned(self, retry_after: float, status: int) -> web.Response:
        self._note_refused("edge")
        page = "<!doctype html><html><head><title>Access denied</title></head><body>error code: 1015</body></html>"
        headers = {"Retry-After": str(math.ceil(retry_after))}
        return web.Response(status=status, text=page, content_type="text/html", headers=headers)

    def _note_refused(self, scope: str) -> None:
        self._core.refused.append(Refused(at=self._at, method=self._request.method, route=self._route, scope=scope))

    def _validate(self) -> None:
        """Notes what the documents or the description do not allow, and refuses it as Discord would."""
        faults = [*self._form.faults]
        spec = self._core.spec
        if spec is not None:
            wrong = spec.request(self._request.method, self._route, set(self._request.query), self._form.payload)
            faults += [wrong] if wrong else []
        for fault in faults:
            self._core.record_violation(f"{self._where}: {fault}")
        if faults:
            raise ApiError(400, 50035, "Invalid Form Body", errors={"_errors": []})

    def _hold_to_description(self, status: int, answer: rest.Answer) -> None:
        """The server keeps to the description too; components V2 are stored as sent, and left out."""
        if self._core.spec is None or _has_v2(answer):
            return
        wrong = self._core.spec.answer(self._request.method, self._route, status, answer)
        if wrong:
            self._core.record_violation(f"the server's own answer to {self._where}: {wrong}")

    def record(self, status: int) -> None:
        self._core.requests.append(
            Request(
                at=self._at,
                method=self._request.method,
                route=self._route,
                path=self._request.path.removeprefix(PREFIX),
                params=dict(self._request.match_info),
                payload=self._form.payload,
                files=self._form.files,
                status=status,
            )
        )
        self._core.notify_changed()


def _has_v2(answer: rest.Answer) -> bool:
    bodies = answer if isinstance(answer, list) else [answer or {}]
    messages = [body.get("resource", {}).get("message", body) for body in bodies]
    return any(int(message.get("flags") or 0) & Flag.COMPONENTS_V2 for message in messages)


def _json(status: int, body: Any, headers: dict[str, str] | None = None) -> web.Response:
    """With exactly this content type: discord.py takes any other for text."""
    return web.Response(
        status=status,
        body=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", **(headers or {})},
    )
