"""An upstream that means harm, in every dialect: it names whatever result a test wants, and serves traps.

Nothing that it names inside this machine may ever be asked for; who asks all the same is counted.
"""

import asyncio
import gzip
import struct
import zlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.support.images import png

DIALECTS = ("chat", "tasks", "images")
ENDLESS = b"\0" * 65_536


@dataclass(slots=True, kw_only=True)
class Hostile:
    """`names`: the results of the next paintings. `says`: the reply's text of the chat dialect, instead of one made of
    them. `trapped`: what was asked of the trap, which stands on another port of this machine. `asked` and
    `uploads`: the bodies of what came in."""

    names: Sequence[str] = ()
    says: str | None = None
    asked: list[bytes] = field(default_factory=list[bytes])
    uploads: list[bytes] = field(default_factory=list[bytes])
    trapped: list[str] = field(default_factory=list[str])
    address: str = ""
    trap: int = 0

    def settings(self, dialect: str) -> dict[str, Any]:
        """What makes it the only provider. Its own address is exempt, as a local upstream's would be."""
        preset = {"chat": "relay", "tasks": "evolink", "images": "openai-hk"}[dialect]
        provider = {"name": dialect, "preset": preset, "base_url": f"{self.address}/{dialect}", "api_key": "key"}
        if dialect == "tasks":
            provider["files_base_url"] = f"{self.address}/tasks"
        return {"providers": [provider], "fetch": {"allow_hosts": [self.address.removeprefix("http://")]}}

    # ------------------------------------------------------------ the dialects

    async def chat(self, request: web.Request) -> web.Response:
        self.asked.append(await request.read())
        content = self.says if self.says is not None else "\n".join(f"![picture]({url})" for url in self.names)
        message = {"role": "assistant", "content": content}
        return web.json_response({"choices": [{"message": message, "finish_reason": "stop"}]})

    async def submit(self, request: web.Request) -> web.Response:
        self.asked.append(await request.read())
        return web.json_response({"id": "task-1", "status": "pending", "progress": 0})

    async def task(self, _: web.Request) -> web.Response:
        return web.json_response({"id": "task-1", "status": "completed", "progress": 100, "results": list(self.names)})

    async def upload(self, request: web.Request) -> web.Response:
        self.uploads.append(await request.read())
        return web.json_response({"data": {"file_url": "https://files.example/uploaded.png"}})

    async def images(self, request: web.Request) -> web.Response:
        self.asked.append(await request.read())
        return web.json_response({"created": 1, "data": [{"url": url} for url in self.names]})

    # ------------------------------------------------------------ what it serves

    async def serve(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name == "redirect":
            raise web.HTTPFound(request.query["to"])
        if name == "endless":
            return await self._endless(request)
        body, media_type, headers = FILES[name]
        return web.Response(body=body, content_type=media_type, headers=headers)

    async def _endless(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "image/png"})
        await answer.prepare(request)
        try:
            while True:
                await answer.write(ENDLESS)
        except (ConnectionError, asyncio.CancelledError):
            return answer

    async def spring(self, request: web.Request) -> web.Response:
        self.trapped.append(request.path)
        return web.Response(body=png(), content_type="image/png")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png_bomb(edge: int) -> bytes:
    """A PNG of a few kilobytes that claims, and nearly holds, `edge` squared pixels."""
    head = struct.pack(">IIBBBBB", edge, edge, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * 4_000_000, 9)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def _webp_bomb() -> bytes:
    """A lossless WebP whose header claims 16384 × 16384."""
    bits = (16383) | (16383 << 14)
    body = b"\x2f" + struct.pack("<I", bits) + b"\0" * 32
    chunk = b"VP8L" + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><image href='http://169.254.169.254/latest/meta-data/'/></svg>"
HTML = b"<!doctype html><script>fetch('http://127.0.0.1')</script>"
NONE: dict[str, str] = {}
FILES: dict[str, tuple[bytes, str, dict[str, str]]] = {
    "svg": (SVG, "image/svg+xml", NONE),
    "svg-as-png": (SVG, "image/png", NONE),
    "html-as-png": (HTML, "image/png", NONE),
    "png-head-on-html": (b"\x89PNG\r\n\x1a\n" + HTML, "image/png", NONE),
    "gif-and-script": (b"GIF89a/*" + b"\0" * 8 + b"*/=1;alert(1)//", "image/gif", NONE),
    "pdf-as-png": (b"%PDF-1.7\n1 0 obj\n", "image/png", NONE),
    "zip-as-png": (b"PK\x03\x04" + b"\0" * 60, "image/png", NONE),
    "nothing": (b"", "image/png", NONE),
    "half": (png(size=(400, 300))[:200], "image/png", NONE),
    "png-bomb": (_png_bomb(60_000), "image/png", NONE),
    "webp-bomb": (_webp_bomb(), "image/webp", NONE),
    "gzip-bomb": (gzip.compress(b"\0" * 50_000_000), "image/png", {"Content-Encoding": "gzip"}),
}


@asynccontextmanager
async def hostile() -> AsyncGenerator[Hostile]:
    """The upstream and its trap, both serving."""
    made = Hostile()
    app, trap = web.Application(client_max_size=50_000_000), web.Application()
    app.add_routes(
        [
            web.post("/chat/chat/completions", made.chat),
            web.post("/tasks/v1/images/generations", made.submit),
            web.get("/tasks/v1/tasks/{id}", made.task),
            web.post("/tasks/api/v1/files/upload/base64", made.upload),
            web.post("/images/v1/images/generations", made.images),
            web.post("/images/v1/images/edits", made.images),
            web.get("/files/{name}", made.serve),
        ]
    )
    trap.router.add_route("*", "/{tail:.*}", made.spring)
    runners = [
        web.AppRunner(each, access_log=None, handler_cancellation=True, shutdown_timeout=0.1) for each in (app, trap)
    ]
    try:
        for runner in runners:
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
        made.address = f"http://127.0.0.1:{runners[0].addresses[0][1]}"
        made.trap = runners[1].addresses[0][1]
        yield made
    finally:
        for runner in runners:
            await runner.cleanup()
