"""A relay that answers every request for a picture with the same bytes, and serves files; and what comes of them.

Asserts nothing by itself. `HOST` in an answer is the relay's own host.
"""

import asyncio
import base64
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from pydantic import SecretStr

from bot.downloads.fetcher import Fetcher
from bot.jobs.results import JobResults
from bot.painting import FinishedImage, Options, PaintRequest, Preview
from bot.pictures.processing import ImageProcessor
from bot.providers.http.client import UpstreamClient
from bot.providers.presets import resolve_upstream
from bot.providers.registry import ProviderDependencies, make_provider
from bot.providers.tasks.callbacks import Callbacks
from tests.servers.upstream.scripted import JSON, Call, scripted_upstream
from tests.support.clocks import InstantClock
from tests.support.images import png

FOX, HAT, DRAFT = png("orange", (30, 20)), png("black", (20, 30)), png("grey", (10, 10))
B64 = base64.b64encode(FOX).decode()
WRAPPED = base64.encodebytes(FOX).decode()
URL_SAFE = base64.urlsafe_b64encode(FOX).decode()
DRAFT_B64 = base64.b64encode(DRAFT).decode()


@dataclass(slots=True)
class Relay:
    """An upstream that answers every request for a picture with `answer`, and serves `files` by their paths."""

    answer: str | bytes
    head: str = JSON
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    url: str = ""
    fetched: list[str] = field(default_factory=list[str])

    async def serve(self, call: Call) -> None:
        path = call.target
        if call.method == "POST" or path.startswith("/v1/images/generations/"):
            answer = self.answer
            if isinstance(answer, str):
                answer = answer.replace("HOST", self.url.partition("://")[2])
            await call.respond(answer, self.head)
        elif path in self.files:
            self.fetched.append(path)
            await call.respond(self.files[path], "Content-Type: image/png", "Content-Encoding: aws-chunked")
        else:
            await call.respond("<html>", status="404 Not Found")


@asynccontextmanager
async def served(relay: Relay) -> AsyncGenerator[Relay]:
    async with scripted_upstream(relay.serve) as server:
        relay.url = server.url
        yield relay


FILES = {"/a.png": FOX, "/b.png": HAT, "/images/a.png": FOX, "/files/a.png?x=1&y=2": FOX, "/thumb.png": DRAFT}


async def painted(relay: Relay, preset: str, *, base: str = "", n: int = 1) -> tuple[list[bytes], int]:
    """The files of the pictures that come of a request, and the number of previews before them."""
    clock, processor = InstantClock(), ImageProcessor()
    async with served(relay), UpstreamClient() as client, Fetcher([relay.url.partition("://")[2]]) as fetcher:
        upstream = resolve_upstream(name="up", preset=preset, base_url=relay.url + base, api_key=SecretStr("sk-secret"))
        tools = ProviderDependencies(client=client, clock=clock, callbacks=Callbacks(), jitter=lambda: 0.0)
        request = PaintRequest(prompt="a fox", options=Options(n=n))
        events = [event async for event in make_provider(upstream, tools).paint(request)]
        sources = [each.source for each in events if isinstance(each, FinishedImage)]
        async with JobResults(fetcher, processor, clock).hold(sources, owner="memory:amber") as images:
            found = [each.data for each in images]
    await asyncio.to_thread(processor.close)
    return found, sum(isinstance(each, Preview) for each in events)
