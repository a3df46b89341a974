"""The upstream of the benchmark: the chat dialect in the sandbox's phrases, at an exact pace, with a prepared picture.

The sandbox itself paints while it answers, which would be measured as well; here only timers run.
"""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache

from aiohttp import web

from bot.sandbox.chat.progress_formats import ENGLISH
from bot.sandbox.painting.painter import paint
from bot.sandbox.painting.picture_spec import PictureSpec
from tests.bench.jobs import JobRegistry, MeasuredJob, now

MAX_BODY = 100_000_000  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How a painting goes: `lines` of progress evenly spread over `seconds`."""

    seconds: float
    lines: int


@cache
def sample_image(width: int = 1024, height: int = 1024) -> bytes:
    """A PNG of the sandbox's painter; 1024 × 1024 have 230 kB, 1792 × 1280 have 470 kB."""
    return paint(PictureSpec(prompt="a red fox in the snow", references=(), width=width, height=height, quality="high"))


class BenchUpstream:
    """Records in `registry` when the request was complete, each percentage sent, and the last byte."""

    def __init__(self, registry: JobRegistry, pace: Pace, image: bytes) -> None:
        self._registry = registry
        self.pace = pace
        self._image = image
        self.address = ""

    async def chat(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        job = self._registry.find_by_prompt(raw[:4096].decode("utf-8", "replace"))
        if job is None:
            return web.json_response({"error": {"message": "no job is named"}}, status=400)
        job.upstream_at = now()
        job.requests += 1
        try:
            return await self._paint(request, job)
        except (asyncio.CancelledError, ConnectionError):
            job.released_at = now()
            raise

    async def _paint(self, request: web.Request, job: MeasuredJob) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        begun = now()
        for line in ENGLISH.opening:
            await response.write(event(line.format(refs="", prompt=job.prompt)))
        for number in range(1, self.pace.lines + 1):
            await asyncio.sleep(begun + self.pace.seconds * number / (self.pace.lines + 1) - now())
            percent = round(100 * number / (self.pace.lines + 1), 1)
            job.sent_percents.append((now(), percent))
            await response.write(event(ENGLISH.step.format(percent=percent)))
        await asyncio.sleep(begun + self.pace.seconds - now())
        last = event(f"![]({self.address}/pictures/{job.key}.png)\n\n") + event("", finish=True) + b"data: [DONE]\n\n"
        job.last_byte_at = now()
        await response.write(last)
        await response.write_eof()
        return response

    async def file(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._image, content_type="image/png")


def event(text: str, *, finish: bool = False) -> bytes:
    """A stream chunk in the relay's format."""
    choice: dict[str, object] = {"delta": {"content": text, "role": "assistant"}, "index": 0}
    if finish:
        choice = {"delta": {}, "index": 0, "finish_reason": "stop"}
    chunk = {"choices": [choice], "created": 1, "id": "chatcmpl-bench", "model": "gpt-4o-image"}
    return b"data: " + json.dumps(chunk | {"object": "chat.completion.chunk"}).encode() + b"\n\n"


@asynccontextmanager
async def serve_upstream(
    registry: JobRegistry, pace: Pace, image: bytes | None = None
) -> AsyncGenerator[BenchUpstream]:
    """Serves on 127.0.0.1 until the block ends."""
    made = BenchUpstream(registry, pace, image or await asyncio.to_thread(sample_image))
    app = web.Application(client_max_size=MAX_BODY)
    app.add_routes([web.post("/chat/completions", made.chat), web.get("/pictures/{name}", made.file)])
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=4096).start()
    made.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield made
    finally:
        await runner.cleanup()
