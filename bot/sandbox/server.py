"""The sandbox over HTTP: keys, routes, records. The upstream of the demo, the tests and the benchmarks.

Imports nothing of Easel: it is somebody else's server. Big bodies are read in threads.
"""

import asyncio
import functools
import hmac
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Self

from aiohttp import web

from bot.sandbox.chat.playback import ChatPlayback
from bot.sandbox.chat.request import ChatRequest, parse_chat_request
from bot.sandbox.chat.response import StreamedResponse, WholeResponse
from bot.sandbox.faults import Fault, FaultEffect, parse_faults, combine_effects
from bot.sandbox.http_errors import BadRequestError, error_response, reset_connection
from bot.sandbox.images.request import ImagesRequest
from bot.sandbox.images.routes import ImagesRoutes
from bot.sandbox.renderer import Studio
from bot.sandbox.request_log import Received, received
from bot.sandbox.tasks.routes import TaskRoutes
from bot.sandbox.tasks.task import Errand, Task
from bot.sandbox.tasks.uploads import Upload

MAX_BODY = 100_000_000  # bytes: five references of 10 MB as base64, and room
REMEMBERED = 1000  # requests
MODELS = ("gpt-4o-image", "gpt-image-1-mini", "gpt-image-1.5", "gpt-image-2")  # in its list; any name is painted
PREFIXES = ("", "/v1", "/openai", "/openai/v1")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Faults = Sequence[Fault | None] | Callable[[Received], Fault | None]


class Sandbox:
    """An image upstream to try things on.

    `key`: the Bearer key it wants. `pace`: seconds for a picture, give or take a sixth; 0 for tests.
    `previews`: an unfinished picture half way. `max_parallel`: paintings at once; more wait in line.
    `faults`: one for each request in turn (None: no fault; none when used up), or a function from the
    request; faults named in the prompt are added. `seed`: of the jitter. `port` 0: any free one. `links`:
    take references that are http(s) addresses; they are named, never opened. `sleep`: how time passes.
    `callbacks_to`: the address that answers for the host of every callback, as a proxy would; None: that host.
    `upload_faults`: one for each upload in turn. `edge`: the longest edge that is painted, in pixels; larger
    pictures shrink to it, to save the time of tests.

    `dropped`: requests whose client left before the end.
    """

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
        self._key = key
        self._faults = faults if callable(faults) else functools.partial(_next, deque(faults))
        self._seed = seed
        self._host = host
        self._port = port
        self._links = links
        self._studio = Studio(pace=pace, previews=previews, max_parallel=max_parallel, sleep=sleep, edge=edge)
        self._tasks = TaskRoutes(self, self._studio, callbacks_to=callbacks_to, upload_faults=upload_faults)
        self._requests: deque[Received] = deque(maxlen=REMEMBERED)
        self._count = 0
        self._runner: web.AppRunner | None = None
        self._stopping = False
        self.dropped = 0

    async def start(self) -> None:
        """Opens the port. Raises OSError when it is taken."""
        app = web.Application(client_max_size=MAX_BODY, middlewares=[self._noticing])
        app.add_routes([web.post(f"{prefix}/chat/completions", self._chat) for prefix in PREFIXES])
        app.add_routes([web.get(f"{prefix}/models", self._models) for prefix in (*PREFIXES, "/hk/v1", "/toapis/v1")])
        app.add_routes(self._tasks.routes())
        app.add_routes(ImagesRoutes(self, self._studio).routes())
        app.add_routes([web.get("/{shelf:pictures|pictures/download|references}/{name}", self._file)])
        app.add_routes([web.get("/previews/{name}", self._preview)])
        self._stopping = False
        self._studio.open()
        self._tasks.tasks.open()
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()

    async def stop(self) -> None:
        """Ends every connection and frees the port. May be called twice."""
        self._stopping = True
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        await self._tasks.tasks.close()
        await self._studio.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def address(self) -> str:
        """Such as `http://127.0.0.1:8080`. Raises RuntimeError while not started."""
        if self._runner is None:
            raise RuntimeError("the sandbox is not started")
        return f"http://{self._host}:{self._runner.addresses[0][1]}"

    @property
    def requests(self) -> list[Received]:
        """The painting requests that were understood, oldest first, at most REMEMBERED."""
        return list(self._requests)

    @property
    def tasks(self) -> list[Task]:
        """The tasks of the task dialects as they stand, oldest first."""
        return self._tasks.tasks.all

    @property
    def uploads(self) -> list[Upload]:
        """What was uploaded for the task dialects, oldest first."""
        return self._tasks.uploads.all

    @property
    def running(self) -> int:
        """Paintings under way."""
        return self._studio.running

    @property
    def queued(self) -> int:
        """Requests waiting in line."""
        return self._studio.queued

    @property
    def painted(self) -> int:
        """Pictures painted to the end."""
        return self._studio.painted

    # ------------------------------------------------------------ requests

    @web.middleware
    async def _noticing(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Counts the clients that leave before their answer is complete."""
        try:
            return await handler(request)
        except (asyncio.CancelledError, ConnectionError):
            self.dropped += not self._stopping
            raise

    def knows(self, request: web.Request, header: str = "Authorization") -> bool:
        """Whether the request carries the key: as a Bearer token, or bare in another header."""
        scheme, _, key = request.headers.get(header, "").rpartition(" ")
        wanted = "bearer" if header == "Authorization" else ""
        return scheme.lower() == wanted and hmac.compare_digest(key.encode(), self._key.encode())

    def begin(self, request: web.Request, errand: ChatRequest | Errand | ImagesRequest) -> tuple[FaultEffect, random.Random]:
        """Records a painting request; returns how its answer departs from the honest one, and its dice."""
        record = received(request, errand)
        self._requests.append(record)
        self._count += 1
        given = self._faults(record)
        twist = combine_effects([*([given] if given else []), *parse_faults(errand.prompt)])
        return twist, random.Random(f"{self._seed} {self._count}")  # noqa: S311 - the jitter of a pace

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        if not self.knows(request):
            return error_response(Fault("401").effect)
        try:
            ask = await self._studio.in_thread(parse_chat_request, await request.read(), links=self._links)
        except BadRequestError as exc:
            return error_response(FaultEffect(status=400, code="token_mismatched", message=str(exc)))
        twist, dice = self.begin(request, ask)
        if twist.status is not None:
            return error_response(twist)
        if twist.ending in {"reset", "no-answer"}:
            if twist.ending == "no-answer":
                await self._studio.sleep(twist.silence_s)
            reset_connection(request)
            return web.Response()
        reply = StreamedResponse(request, ask.model, fragmented=twist.fragmented) if ask.stream else WholeResponse(request, ask.model)
        origin = f"{request.scheme}://{request.host}"
        await ChatPlayback(self._studio, reply, ask, twist, origin=origin, rng=dice).send_response()
        return reply.response

    async def _models(self, request: web.Request) -> web.StreamResponse:
        """What can be asked for, to who has the key, in either header."""
        if not self.knows(request) and not self.knows(request, "api-key"):
            return error_response(Fault("401").effect)
        return web.json_response({"object": "list", "data": [{"id": model, "object": "model"} for model in MODELS]})

    async def _file(self, request: web.Request) -> web.Response:
        return self._shelved(request.match_info["name"])

    async def _preview(self, request: web.Request) -> web.Response:
        return self._shelved(f"preview-{request.match_info['name']}")

    def _shelved(self, name: str) -> web.Response:
        file = self._studio.shelf.get_file(name)
        if file is None:
            return web.Response(status=404, text="no longer here")
        return web.Response(body=file.data, content_type=file.media_type)


def _next(faults: deque[Fault | None], _: Received) -> Fault | None:
    return faults.popleft() if faults else None
