"""The task dialects over HTTP: submits, questions, uploads, each under its family's prefix.

Reads requests and writes answers; what happens to a task stands in tasks, its shapes in task_forms.
"""

import functools
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from aiohttp import BodyPartReader, web

from bot.sandbox.faults import Fault, FaultEffect
from bot.sandbox.http_errors import BadRequestError, error_body, close_connection, error_response, reset_connection
from bot.sandbox.renderer import Studio
from bot.sandbox.tasks.dialects import EVOLINK, TOAPIS, Family
from bot.sandbox.tasks.request import decode
from bot.sandbox.tasks.runner import Tasks
from bot.sandbox.tasks.task import Errand, Object, Task
from bot.sandbox.tasks.uploads import MAX_UPLOAD, Upload, Uploads, decode_base64, read_upload, told_evolink, told_toapis

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class House(Protocol):
    """What the task dialects share with the rest of the sandbox."""

    def knows(self, request: web.Request) -> bool:
        """Whether the request carries the key."""
        ...

    def begin(self, request: web.Request, errand: Errand) -> tuple[FaultEffect, random.Random]:
        """Records a submit; returns how its answer departs from the honest one, and the dice of its pace."""
        ...


class TaskRoutes:
    """The routes of both families. `upload_faults`: one for each upload in turn (None: no fault)."""

    def __init__(
        self, house: House, studio: Studio, *, callbacks_to: str | None, upload_faults: Sequence[Fault | None]
    ) -> None:
        self._house = house
        self._studio = studio
        self._upload_faults = deque(upload_faults)
        self.tasks = Tasks(studio, callbacks_to=callbacks_to)
        self.uploads = Uploads(studio.shelf)

    def routes(self) -> list[web.RouteDef]:
        """All that the dialects answer to."""
        return [
            *(route for family in (EVOLINK, TOAPIS) for route in self._family(family)),
            web.post("/evolink/api/v1/files/upload/base64", functools.partial(self._upload, told=told_evolink)),
            web.post("/evolink/api/v1/files/upload/stream", functools.partial(self._upload, told=told_evolink)),
            web.post("/toapis/v1/uploads/images", functools.partial(self._upload, told=told_toapis)),
        ]

    def _family(self, family: Family) -> list[web.RouteDef]:
        def keyed(handler: Callable[[Family, web.Request], Awaitable[web.StreamResponse]]) -> Handler:
            async def handle(request: web.Request) -> web.StreamResponse:
                if not self._house.knows(request):
                    return web.json_response(family.error(401, "the key is invalid"), status=401)
                return await handler(family, request)

            return handle

        return [
            web.post(family.prefix + family.submit, keyed(self._submit)),
            web.get(family.prefix + family.query, keyed(self._query)),
            web.post(family.prefix + "/v1/chat/completions", keyed(_wrong_endpoint)),
        ]

    # ------------------------------------------------------------ tasks

    async def _submit(self, family: Family, request: web.Request) -> web.StreamResponse:
        try:
            errand = decode(family, await request.read(), self.uploads.picture)
        except BadRequestError as exc:
            return web.json_response(family.error(400, str(exc)), status=400)
        twist, dice = self._house.begin(request, errand)
        if (refused := _refused(family, twist)) is not None:
            return refused
        opened = await self.tasks.begin(family, errand, twist, origin=_origin(request), dice=dice)
        if twist.ending in {"reset", "no-answer"}:
            if twist.ending == "no-answer":
                await self._studio.sleep(twist.silence_s)
            reset_connection(request)
        return web.json_response(opened)

    async def _query(self, family: Family, request: web.Request) -> web.StreamResponse:
        found = self.tasks.find(family, request.match_info["id"])
        if found is None:
            return web.json_response(family.error(404, "no such task"), status=404)
        task, twist = found
        task.polls += 1
        if task.polls <= twist.failing_polls:
            return web.json_response(family.error(503, "try again"), status=503)
        if task.polls == 1 and twist.ending == "cut":
            return await _half(request, task)
        return web.json_response(family.told(task))

    # ------------------------------------------------------------ uploads

    async def _upload(self, request: web.Request, *, told: Callable[[Upload, str], Object]) -> web.StreamResponse:
        def fail(status: int, message: str) -> web.Response:
            body: Object = {"success": False, "message": message}
            if told is told_evolink:
                body = {"success": False, "code": status, "msg": message, "data": None}
            return web.json_response(body, status=status)

        if not self._house.knows(request):
            return fail(401, "the key is invalid")
        if self._upload_faults and (fault := self._upload_faults.popleft()) is not None:
            twist = fault.effect
            return error_response(twist) if twist.body_format == "html" else fail(twist.status or 500, twist.message)
        try:
            upload = await self._received(request)
        except BadRequestError as exc:
            return fail(400, str(exc))
        return web.json_response(told(upload, self.uploads.put(upload, origin=_origin(request))))

    async def _received(self, request: web.Request) -> Upload:
        """Raises BadRequestError."""
        if request.path.endswith("/base64"):
            return await self._studio.in_thread(decode_base64, await request.read(), request.path)
        if not request.content_type.startswith("multipart/"):
            raise BadRequestError("the body is no multipart form")
        part = await (await request.multipart()).next()
        if not isinstance(part, BodyPartReader) or part.name != "file":
            raise BadRequestError("the form has no part named file")
        data = bytes(await part.read(decode=False))
        return await self._studio.in_thread(
            read_upload,
            data[: MAX_UPLOAD + 1],
            path=request.path,
            filename=part.filename or "",
            media_type=part.headers.get("Content-Type", ""),
        )


def _refused(family: Family, twist: FaultEffect) -> web.Response | None:
    """The answer to a submit that is not taken; None: it is."""
    status = twist.status
    if twist.code == "moderation_blocked":
        status = family.moderated
    if status is None:
        return None
    if twist.body_format == "html":
        return error_response(twist)
    own = twist.body_format == "relay" or twist.code == "moderation_blocked"
    headers = {"Retry-After": f"{twist.retry_after_s:g}"} if twist.retry_after_s is not None else {}
    body = family.error(status, twist.message) if own else error_body(twist)
    return web.json_response(body, status=status, headers=headers)


async def _wrong_endpoint(family: Family, request: web.Request) -> web.StreamResponse:
    """Chat completions are not what these models answer to."""
    await request.read()
    return web.json_response(family.error(400, "invalid apitype: -1"), status=400)


async def _half(request: web.Request, task: Task) -> web.StreamResponse:
    """An answer that breaks off in the middle."""
    answer = web.StreamResponse(headers={"Content-Type": "application/json"})
    answer.content_length = 100
    await answer.prepare(request)
    await answer.write(f'{{"id": "{task.id}"'.encode())
    close_connection(request)
    return answer


def _origin(request: web.Request) -> str:
    return f"{request.scheme}://{request.host}"
