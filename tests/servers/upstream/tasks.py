"""What the tests of the tasks dialect share: an upstream with an answer for each request of a task, a provider."""

import json
from collections import deque
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from bot.providers.http.client import UpstreamClient
from bot.providers.presets import resolve_upstream
from bot.providers.tasks.callbacks import Callbacks
from bot.providers.tasks.provider import TasksProvider
from tests.servers.upstream.scripted import JSON, Call, scripted_upstream
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


class TaskUpstream:
    """Answers submits, polls and uploads with what its script says, the last answer again and again."""

    def __init__(self, clock: InstantClock, submits: Sequence[Said], polls: Sequence[Said], uploads: Sequence[Said]):
        self._clock = clock
        self._begun = clock.monotonic()
        self._script = {"submit": deque(submits), "poll": deque(polls), "upload": deque(uploads)}
        self.requests: list[Request] = []
        self.url = ""

    def of(self, kind: str) -> list[Request]:
        return [each for each in self.requests if _kind(each.method, each.path) == kind]

    async def serve(self, call: Call) -> None:
        self.requests.append(
            Request(
                method=call.method,
                path=call.target,
                headers=call.headers,
                body=call.body,
                at=self._clock.monotonic() - self._begun,
            )
        )
        answers = self._script[_kind(call.method, call.target)]
        match answers[0] if len(answers) == 1 else answers.popleft():
            case b"":
                pass  # hangs up without an answer
            case bytes() as part:
                await call.head(JSON, f"Content-Length: {len(part) + 10}")
                await call.send(part)
            case str() as text:
                await call.respond(text, f"Content-Type: text/{'html' if text.startswith('<') else 'plain'}")
            case (status, document, *headers):
                lines = [f"{name}: {value}" for each in headers for name, value in each.items()]
                await call.respond_json(dict(document), *lines, status=f"{status} Status")
            case document:
                await call.respond_json(dict(document))


def _kind(method: str, path: str) -> str:
    return "poll" if method == "GET" else "upload" if "upload" in path else "submit"


@asynccontextmanager
async def task_upstream(
    clock: InstantClock, *, submits: Sequence[Said] = (), polls: Sequence[Said] = (), uploads: Sequence[Said] = ()
) -> AsyncGenerator[TaskUpstream]:
    made = TaskUpstream(clock, submits, polls, uploads)
    async with scripted_upstream(made.serve) as server:
        made.url = server.url
        yield made


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
        resolve_upstream(**given), client, clock=clock, callbacks=callbacks or Callbacks(), jitter=lambda: jitter
    )
