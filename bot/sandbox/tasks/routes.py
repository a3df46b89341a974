"""The task dialects over HTTP: submits, status queries and uploads, each under its dialect's prefix.

Reads requests and writes responses; the lifecycle of a task stands in runner.py, its shapes in dialects.py.
"""

import functools
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import BodyPartReader, web

from bot.sandbox.faults import Fault, FaultEffect
from bot.sandbox.http_errors import (
    BadRequestError,
    Object,
    close_connection,
    error_body,
    error_response,
    reset_connection,
)
from bot.sandbox.renderer import Renderer
from bot.sandbox.server_context import ServerContext
from bot.sandbox.tasks.dialects import EVOLINK, TOAPIS, TaskDialect
from bot.sandbox.tasks.request import parse_task_request
from bot.sandbox.tasks.runner import TaskRunner
from bot.sandbox.tasks.task import Task
from bot.sandbox.tasks.uploads import (
    MAX_UPLOAD_BYTES,
    Upload,
    Uploads,
    encode_evolink_upload,
    encode_toapis_upload,
    parse_base64_upload,
    parse_upload,
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
EncodeUpload = Callable[[Upload, str], Object]


class TaskRoutes:
    """The routes of both dialects, with their tasks and uploads."""

    def __init__(
        self,
        server: ServerContext,
        renderer: Renderer,
        *,
        callbacks_to: str | None,
        upload_faults: Sequence[Fault | None],
    ) -> None:
        """`callbacks_to`: see TaskRunner. `upload_faults`: one for each upload in turn (None: no fault)."""
        self._server = server
        self._renderer = renderer
        self._upload_faults = deque(upload_faults)
        self.runner = TaskRunner(renderer, callbacks_to=callbacks_to)
        self.uploads = Uploads(renderer.files)

    def routes(self) -> list[web.RouteDef]:
        evolink = functools.partial(self._handle_upload, encode_upload=encode_evolink_upload)
        toapis = functools.partial(self._handle_upload, encode_upload=encode_toapis_upload)
        return [
            *(route for dialect in (EVOLINK, TOAPIS) for route in self._dialect_routes(dialect)),
            web.post("/evolink/api/v1/files/upload/base64", evolink),
            web.post("/evolink/api/v1/files/upload/stream", evolink),
            web.post("/toapis/v1/uploads/images", toapis),
        ]

    def _dialect_routes(self, dialect: TaskDialect) -> list[web.RouteDef]:
        def with_key(handler: Callable[[TaskDialect, web.Request], Awaitable[web.StreamResponse]]) -> Handler:
            async def handle(http_request: web.Request) -> web.StreamResponse:
                if not self._server.is_authorized(http_request):
                    return web.json_response(dialect.error_body(401, "the key is invalid"), status=401)
                return await handler(dialect, http_request)

            return handle

        return [
            web.post(dialect.prefix + dialect.submit_path, with_key(self._handle_submit)),
            web.get(dialect.prefix + dialect.query_path, with_key(self._handle_query)),
            web.post(dialect.prefix + "/v1/chat/completions", with_key(_reject_endpoint)),
        ]

    # ------------------------------------------------------------ tasks

    async def _handle_submit(self, dialect: TaskDialect, http_request: web.Request) -> web.StreamResponse:
        try:
            request = parse_task_request(dialect, await http_request.read(), self.uploads.find_reference)
        except BadRequestError as exc:
            return web.json_response(dialect.error_body(400, str(exc)), status=400)
        effect, rng = self._server.begin_request(http_request, request)
        if (refusal := _submit_refusal(dialect, effect)) is not None:
            return refusal
        body = await self.runner.start_task(dialect, request, effect, origin=_origin(http_request), rng=rng)
        if effect.ending in {"reset", "no-answer"}:
            if effect.ending == "no-answer":
                await self._renderer.sleep(effect.silence_s)
            reset_connection(http_request)
        return web.json_response(body)

    async def _handle_query(self, dialect: TaskDialect, http_request: web.Request) -> web.StreamResponse:
        found = self.runner.find_task(dialect, http_request.match_info["id"])
        if found is None:
            return web.json_response(dialect.error_body(404, "no such task"), status=404)
        task, effect = found
        task.poll_count += 1
        if task.poll_count <= effect.failing_polls:
            return web.json_response(dialect.error_body(503, "try again"), status=503)
        if task.poll_count == 1 and effect.ending == "cut":
            return await _truncated_response(http_request, task)
        return web.json_response(dialect.encode_status(task))

    # ------------------------------------------------------------ uploads

    async def _handle_upload(self, http_request: web.Request, *, encode_upload: EncodeUpload) -> web.StreamResponse:
        def error(status: int, message: str) -> web.Response:
            body: Object = {"success": False, "message": message}
            if encode_upload is encode_evolink_upload:
                body = {"success": False, "code": status, "msg": message, "data": None}
            return web.json_response(body, status=status)

        if not self._server.is_authorized(http_request):
            return error(401, "the key is invalid")
        if self._upload_faults and (fault := self._upload_faults.popleft()) is not None:
            effect = fault.effect
            if effect.body_format == "html":
                return error_response(effect)
            return error(effect.status or 500, effect.message)
        try:
            upload = await self._parse_upload_request(http_request)
        except BadRequestError as exc:
            return error(400, str(exc))
        url = self.uploads.add_upload(upload, origin=_origin(http_request))
        return web.json_response(encode_upload(upload, url))

    async def _parse_upload_request(self, http_request: web.Request) -> Upload:
        """Raises BadRequestError."""
        if http_request.path.endswith("/base64"):
            body = await http_request.read()
            return await self._renderer.run_in_thread(parse_base64_upload, body, http_request.path)
        if not http_request.content_type.startswith("multipart/"):
            raise BadRequestError("the body is no multipart form")
        part = await (await http_request.multipart()).next()
        if not isinstance(part, BodyPartReader) or part.name != "file":
            raise BadRequestError("the form has no part named file")
        data = bytes(await part.read(decode=False))
        return await self._renderer.run_in_thread(
            parse_upload,
            data[: MAX_UPLOAD_BYTES + 1],
            path=http_request.path,
            filename=part.filename or "",
            media_type=part.headers.get("Content-Type", ""),
        )


def _submit_refusal(dialect: TaskDialect, effect: FaultEffect) -> web.Response | None:
    """The response to a submit that is refused at once; None: it is accepted."""
    status = effect.status
    if effect.code == "moderation_blocked":
        status = dialect.moderation_status
    if status is None:
        return None
    if effect.body_format == "html":
        return error_response(effect)
    in_own_envelope = effect.body_format == "relay" or effect.code == "moderation_blocked"
    headers = {"Retry-After": f"{effect.retry_after_s:g}"} if effect.retry_after_s is not None else {}
    body = dialect.error_body(status, effect.message) if in_own_envelope else error_body(effect)
    return web.json_response(body, status=status, headers=headers)


async def _reject_endpoint(dialect: TaskDialect, http_request: web.Request) -> web.StreamResponse:
    """The response of the chat completions of a relay whose models only have tasks."""
    await http_request.read()
    return web.json_response(dialect.error_body(400, "invalid apitype: -1"), status=400)


async def _truncated_response(http_request: web.Request, task: Task) -> web.StreamResponse:
    """A status response that breaks off in the middle."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = 100
    await response.prepare(http_request)
    await response.write(f'{{"id": "{task.id}"'.encode())
    close_connection(http_request)
    return response


def _origin(http_request: web.Request) -> str:
    return f"{http_request.scheme}://{http_request.host}"
