"""The sandbox as one HTTP server: start and stop, the key, the request log, downloads, the list of models.

Imports nothing of the rest of Easel: to Easel it is somebody else's server. What a dialect answers stands in its
own package.
"""

import asyncio
import functools
import hmac
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Self

from aiohttp import web

from bot.sandbox.chat.routes import PREFIXES, ChatRoutes
from bot.sandbox.faults import Fault, FaultEffect, combine_effects, parse_faults
from bot.sandbox.http_errors import error_response
from bot.sandbox.images.routes import AZURE_PREFIX, ImagesRoutes
from bot.sandbox.moderation import ModerationRequest, ModerationRoutes
from bot.sandbox.renderer import Renderer
from bot.sandbox.request_log import RecordedRequest, record_request
from bot.sandbox.server_context import ParsedRequest
from bot.sandbox.tasks.routes import TaskRoutes
from bot.sandbox.tasks.task import Task
from bot.sandbox.tasks.uploads import Upload

MAX_BODY_BYTES = 100_000_000  # five references of 10 MB as base64, and room
MAX_RECORDED_REQUESTS = 1000
MODELS = ("gpt-4o-image", "gpt-image-1-mini", "gpt-image-1.5", "gpt-image-2")  # listed; any other name paints as well
MODEL_LIST_PREFIXES = (*PREFIXES, "/hk/v1", "/toapis/v1", AZURE_PREFIX)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Faults = Sequence[Fault | None] | Callable[[RecordedRequest], Fault | None]


class Sandbox:
    """An image upstream for trying things out, between `start` and `stop`."""

    dropped: int
    """Requests whose client disconnected before the end of the response."""

    def __init__(
        self,
        *,
        key: str = "sandbox",
        pace: float = 8.0,
        previews: bool = False,
        max_parallel: int = 16,
        faults: Faults = (),
        seed: int = 0,
        host: str = "127.0.0.1",
        port: int = 0,
        links: bool = False,
        callbacks_to: str | None = None,
        upload_faults: Sequence[Fault | None] = (),
        edge: int | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Nothing is opened yet.

        `key`: the API key that requests must carry.
        `pace`: seconds that one request takes, give or take a sixth; 0 for tests.
        `previews`: whether unfinished pictures are shown half way.
        `max_parallel`: requests painted at once; further ones wait in a queue.
        `faults`: one fault for each painting request in turn (None: no fault; none after the last), or a function
        of the request. Faults named in the prompt are added to it.
        `seed`: of the jitter of the pace.
        `port`: 0 takes any free one.
        `links`: whether chat requests may give references as http(s) addresses; they are named, never fetched.
        `callbacks_to`: origin, such as `http://127.0.0.1:8080`, that receives every callback in place of the host
        of its address, as a reverse proxy would; None: that host itself.
        `upload_faults`: one fault for each upload in turn (None: no fault).
        `edge`: longest edge that is painted, pixels; larger pictures are painted smaller, to save the time of tests.
        `sleep`: waits that many seconds.
        """
        self._key = key
        self._faults = faults if callable(faults) else functools.partial(_next_fault, deque(faults))
        self._seed = seed
        self._host = host
        self._port = port
        self._renderer = Renderer(pace=pace, previews=previews, max_parallel=max_parallel, sleep=sleep, edge=edge)
        self._chat = ChatRoutes(self, self._renderer, allow_links=links)
        self._images = ImagesRoutes(self, self._renderer)
        self._moderation = ModerationRoutes(self, self._renderer)
        self._tasks = TaskRoutes(self, self._renderer, callbacks_to=callbacks_to, upload_faults=upload_faults)
        self._requests: deque[RecordedRequest] = deque(maxlen=MAX_RECORDED_REQUESTS)
        self._count = 0
        self._runner: web.AppRunner | None = None
        self._stopping = False
        self.dropped = 0

    async def start(self) -> None:
        """Listens. Raises OSError when the port is taken."""
        app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[self._count_dropped])
        app.add_routes(self._chat.routes())
        app.add_routes([web.get(f"{prefix}/models", self._list_models) for prefix in MODEL_LIST_PREFIXES])
        app.add_routes(self._tasks.routes())
        app.add_routes(self._images.routes())
        app.add_routes(self._moderation.routes())
        app.add_routes([web.get("/{folder:pictures|pictures/download|references}/{name}", self._get_file)])
        app.add_routes([web.get("/previews/{name}", self._get_preview)])
        self._stopping = False
        self._renderer.open()
        self._tasks.runner.open()
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()

    async def stop(self) -> None:
        """Ends every connection and frees the port. May be called twice."""
        self._stopping = True
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        await self._tasks.runner.close()
        await self._renderer.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def address(self) -> str:
        """The origin, such as `http://127.0.0.1:8080`. Raises RuntimeError while not started."""
        if self._runner is None:
            raise RuntimeError("the sandbox is not started")
        return f"http://{self._host}:{self._runner.addresses[0][1]}"

    @property
    def requests(self) -> list[RecordedRequest]:
        """The painting requests that were understood, oldest first, at most MAX_RECORDED_REQUESTS."""
        return list(self._requests)

    @property
    def moderations(self) -> list[ModerationRequest]:
        """The requests to the moderation endpoint that were understood, oldest first."""
        return list(self._moderation.requests)

    @property
    def tasks(self) -> list[Task]:
        """The tasks of the task dialects in their current state, oldest first."""
        return self._tasks.runner.list_tasks()

    @property
    def uploads(self) -> list[Upload]:
        """The files uploaded for the task dialects, oldest first."""
        return self._tasks.uploads.list_uploads()

    @property
    def running(self) -> int:
        """Requests being painted."""
        return self._renderer.running

    @property
    def queued(self) -> int:
        """Requests waiting for a parallel slot."""
        return self._renderer.queued

    @property
    def painted(self) -> int:
        """Pictures painted to the end."""
        return self._renderer.painted

    # ------------------------------------------------------------ ServerContext

    def is_authorized(self, http_request: web.Request, header: str = "Authorization") -> bool:
        """Whether the request carries the key: as a Bearer token, or bare in another header."""
        scheme, _, key = http_request.headers.get(header, "").rpartition(" ")
        expected = "bearer" if header == "Authorization" else ""
        return scheme.lower() == expected and hmac.compare_digest(key.encode(), self._key.encode())

    def begin_request(self, http_request: web.Request, parsed: ParsedRequest) -> tuple[FaultEffect, random.Random]:
        """Records a painting request; returns the combined effect of its faults, and the random numbers of its
        pace."""
        record = record_request(http_request, parsed)
        self._requests.append(record)
        self._count += 1
        configured = self._faults(record)
        effect = combine_effects([*([configured] if configured else []), *parse_faults(parsed.prompt, parsed.dialect)])
        return effect, random.Random(f"{self._seed} {self._count}")  # noqa: S311 - the jitter of a pace

    # ------------------------------------------------------------ routes of its own

    @web.middleware
    async def _count_dropped(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Counts the clients that disconnect before their response is complete."""
        try:
            return await handler(request)
        except (asyncio.CancelledError, ConnectionError):
            self.dropped += not self._stopping
            raise

    async def _list_models(self, request: web.Request) -> web.StreamResponse:
        """The list of models, for requests with the key in either header."""
        if not self.is_authorized(request) and not self.is_authorized(request, "api-key"):
            return error_response(Fault("401").effect)
        return web.json_response({"object": "list", "data": [{"id": model, "object": "model"} for model in MODELS]})

    async def _get_file(self, request: web.Request) -> web.Response:
        return self._serve_file(request.match_info["name"])

    async def _get_preview(self, request: web.Request) -> web.Response:
        return self._serve_file(f"preview-{request.match_info['name']}")

    def _serve_file(self, name: str) -> web.Response:
        file = self._renderer.files.get_file(name)
        if file is None:
            return web.Response(status=404, text="no longer here")
        return web.Response(body=file.data, content_type=file.media_type)


def _next_fault(faults: deque[Fault | None], _: RecordedRequest) -> Fault | None:
    return faults.popleft() if faults else None
