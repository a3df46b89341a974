"""What the tests of the task dialect share: an upstream that follows a script, a provider."""

import json
from collections import deque
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from bot.errors import PaintFailed
from bot.painting import PaintEvent, PaintRequest
from bot.providers.http.client import UpstreamClient
from bot.providers.presets import resolve
from bot.providers.tasks.callbacks import Callbacks
from bot.providers.tasks.provider import TasksProvider
from tests.support.clocks import InstantClock

KEY = "sk-very-secret"

Json = Mapping[str, object]
Said = Json | tuple[int, Json] | tuple[int, Json, dict[str, str]] | str | bytes
"""One answer of the script: JSON, with a status, with headers; text; or bytes that come as a broken-off body."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `at`: seconds on the clock since the script began."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = field(repr=False)
    at: float

    def json(self) -> dict[str, Any]:
        return json.loads(self.body)


class Scripted:
    """An upstream that answers submits, questions and uploads with what its script says, the last again and again."""

    def __init__(self, clock: InstantClock, submits: Sequence[Said], polls: Sequence[Said], uploads: Sequence[Said]):
        self._clock = clock
        self._begun = clock.monotonic()
        self._script = {"submit": deque(submits), "poll": deque(polls), "upload": deque(uploads)}
        self.requests: list[Request] = []
        self.url = ""

    def of(self, kind: str) -> list[Request]:
        return [each for each in self.requests if _kind(each.method, each.path) == kind]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(
            Request(
                method=request.method,
                path=request.path_qs,
                headers={name.lower(): value for name, value in request.headers.items()},
                body=await request.read(),
                at=self._clock.monotonic() - self._begun,
            )
        )
        answers = self._script[_kind(request.method, request.path)]
        said = answers[0] if len(answers) == 1 else answers.popleft()
        if isinstance(said, bytes):
            return await _broken(request, said)
        if isinstance(said, str):
            return web.Response(text=said, content_type="text/html" if said.startswith("<") else "text/plain")
        if isinstance(said, tuple):
            return web.json_response(dict(said[1]), status=said[0], headers=said[2] if len(said) == 3 else {})
        return web.json_response(dict(said))


def _kind(method: str, path: str) -> str:
    return "poll" if method == "GET" else "upload" if "upload" in path else "submit"


async def _broken(request: web.Request, said: bytes) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Type": "application/json"})
    if said:
        answer.content_length = len(said) + 10
        await answer.prepare(request)
        await answer.write(said)
    assert request.transport is not None
    request.transport.close()
    return answer


@asynccontextmanager
async def scripted(
    clock: InstantClock, *, submits: Sequence[Said] = (), polls: Sequence[Said] = (), uploads: Sequence[Said] = ()
) -> AsyncGenerator[Scripted]:
    upstream = Scripted(clock, submits, polls, uploads)
    app = web.Application(client_max_size=100_000_000)
    app.router.add_route("*", "/{tail:.*}", upstream.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    upstream.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield upstream
    finally:
        await runner.cleanup()


def provider(
    client: UpstreamClient,
    clock: Any,
    url: str,
    preset: str | None = "evolink",
    *,
    callbacks: Callbacks | None = None,
    jitter: float = 0.0,
    **settings: Any,
) -> TasksProvider:
    given: dict[str, Any] = {"name": "up", "preset": preset, "base_url": url, "api_key": SecretStr(KEY), **settings}
    return TasksProvider(
        resolve(**given), client, clock=clock, callbacks=callbacks or Callbacks(), jitter=lambda: jitter
    )


async def gather(made: TasksProvider, request: PaintRequest | None = None) -> list[PaintEvent]:
    return [event async for event in made.paint(request or PaintRequest(prompt="a cat"))]


async def fail(made: TasksProvider, request: PaintRequest | None = None) -> tuple[PaintFailed, list[PaintEvent]]:
    """The failure of a painting that must fail, and the events before it."""
    seen: list[PaintEvent] = []

    async def collect() -> None:
        async for each in made.paint(request or PaintRequest(prompt="a cat")):
            seen.append(each)  # noqa: PERF401  # a comprehension would lose what came before the failure

    with pytest.raises(PaintFailed) as caught:
        await collect()
    return caught.value, seen
