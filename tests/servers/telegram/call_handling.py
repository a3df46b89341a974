"""The steps of every call, in this order: planned faults, the token, the API description, its handler.
Nothing of a single method lives here."""

import inspect
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from tests.servers.telegram import parameters
from tests.servers.telegram.core import Core, RejectedCall, Request
from tests.servers.telegram.errors import NO_METHOD, NOT_FOUND, UNAUTHORIZED, ApiError, Json, bad, too_large, too_many
from tests.servers.telegram.faults import Fault
from tests.servers.telegram.files import LOCAL_UPLOAD_LIMIT, UPLOAD_LIMIT
from tests.servers.telegram.methods import LOWER, METHODS, Call

TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]+")


class _DroppedError(Exception):
    """The connection is to end without an answer."""


def install(app: web.Application, core: Core) -> None:
    app.router.add_route("*", "/bot{token}/{method}", _entry(core))
    app.router.add_get("/file/bot{token}/{path:.+}", _download(core))


def _entry(core: Core) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(request: web.Request) -> web.StreamResponse:
        given = request.match_info["method"]
        passage = IncomingCall(core, LOWER.get(given.lower(), given), request.match_info["token"])
        try:
            await passage.parse(request)
            response = await passage.handle()
        except ApiError as refusal:
            response = _json(refusal.status, refusal.body)
            gone = request.transport is None or request.transport.is_closing()
            passage.record(0 if gone else refusal.status, refusal.description)
        except (_DroppedError, ConnectionError):
            if request.transport is not None:
                request.transport.abort()
            passage.record(0)
            return web.Response()
        else:
            passage.record(response.status)
        return response

    return answer


class IncomingCall:
    """One call on its way."""

    def __init__(self, core: Core, method: str, token: str) -> None:
        self._core = core
        self._method = method
        self._token = token
        self._at = core.time()
        self._form = parameters.CallParameters()

    async def parse(self, request: web.Request) -> None:
        self._form = await parameters.parse_request(request)

    async def handle(self) -> web.Response:
        fault = self._core.faults.next_fault(self._method)
        if fault is not None and fault.when == "before" and (response := await self._apply_fault(fault)) is not None:
            return response
        authorize(self._core, self._token)
        answer: Json | ApiError
        try:
            answer = {"ok": True, "result": await self._result()}
        except ApiError as refusal:
            answer = refusal
        if fault is not None and fault.when == "after" and (response := await self._apply_fault(fault)) is not None:
            return response
        if isinstance(answer, ApiError):
            raise answer
        return _json(200, answer)

    async def _result(self) -> Any:
        core, form = self._core, self._form
        limit = LOCAL_UPLOAD_LIMIT if core.switches.local else UPLOAD_LIMIT
        if any(upload.size > limit for upload in form.files.values()):
            raise too_large()
        handler = METHODS.get(self._method)
        self._validate(known=handler is not None)
        if form.fault is not None:
            raise form.fault
        if handler is None:
            raise ApiError(*NO_METHOD)
        result = handler(Call(core=core, method=self._method, params=form.params, files=form.files))
        if inspect.isawaitable(result):
            result = await result
        if core.spec is not None:
            for wrong in core.spec.answer(self._method, result):
                core.record_violation(f"the server's own answer to {self._method}: {wrong}")
        return result

    async def _apply_fault(self, fault: Fault) -> web.Response | None:
        await fault.wait()
        if fault.drop:
            raise _DroppedError
        if fault.retry_after is not None:
            self._core.refusals.append(
                RejectedCall(at=self._at, method=self._method, chat_id=None, retry_after=fault.retry_after)
            )
            raise too_many(fault.retry_after)
        if fault.refusal is not None:
            raise bad(fault.refusal)
        if fault.status is None:
            return None
        return web.Response(status=fault.status, body=fault.body, content_type="text/html")

    def _validate(self, *, known: bool) -> None:
        """Notes what the description does not allow."""
        core, form = self._core, self._form
        if not known:
            core.record_violation(f"{self._method}: the server knows no such method")
        elif core.spec is not None:
            files = {name: "" for name in form.files if not self._attached(name)}
            for wrong in core.spec.call(self._method, {**form.params, **files}):
                core.record_violation(f"{self._method}: {wrong}")

    def _attached(self, name: str) -> bool:
        """Whether a part is referred to by attach://, so that it is no parameter by itself."""
        return f"attach://{name}" in json.dumps(self._form.params)

    def record(self, status: int, error: str | None = None) -> None:
        core = self._core
        core.requests.append(
            Request(
                at=self._at,
                method=self._method,
                params=self._form.params,
                files=self._form.files,
                status=status,
                error=error,
            )
        )
        core.notify_changed()


def authorize(core: Core, token: str) -> None:
    if not TOKEN.fullmatch(token):
        raise ApiError(*NOT_FOUND)
    if token != core.token:
        raise ApiError(*UNAUTHORIZED)
    if core.logged_out:
        raise ApiError(400, "Logged out")


def _download(core: Core) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(request: web.Request) -> web.StreamResponse:
        fault = core.faults.next_fault("file")
        if fault is not None:
            await fault.wait()
            if fault.drop and request.transport is not None:
                request.transport.abort()
            if fault.status is not None:
                return web.Response(status=fault.status, body=fault.body)
        path = request.match_info["path"]
        stored = core.files.at(path) if core.linked(path) else None
        try:
            authorize(core, request.match_info["token"])
        except ApiError as refusal:
            return _json(refusal.status, refusal.body)
        if stored is None or core.switches.local:
            return _json(404, ApiError(*NOT_FOUND).body)
        core.notify_changed()
        return web.Response(body=stored.content, content_type="application/octet-stream")

    return answer


def _json(status: int, body: Any) -> web.Response:
    return web.Response(status=status, body=json.dumps(body).encode(), content_type="application/json")
