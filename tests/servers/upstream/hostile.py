"""An upstream that means harm, in every dialect: it names whatever result a test wants, and serves traps.

Nothing that it names inside this machine may ever be asked for; who asks all the same is counted.
"""

import gzip
import struct
import zlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.servers.upstream.scripted import JSON, Call, message, scripted_upstream
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

    async def serve(self, call: Call) -> None:
        """Plays the dialect that the path names, or serves a file."""
        dialect, _, path = urlsplit(call.target).path.removeprefix("/").partition("/")
        match call.method, dialect, path:
            case "POST", "chat", "completions":  # the base address ends with the first segment of the path
                self.asked.append(call.body)
                images = "\n".join(f"![picture]({url})" for url in self.names)
                await call.respond(message(images if self.says is None else self.says), JSON)
            case "POST", "tasks", "v1/images/generations":
                self.asked.append(call.body)
                await call.respond_json({"id": "task-1", "status": "pending", "progress": 0})
            case "GET", "tasks", _:
                done = {"id": "task-1", "status": "completed", "progress": 100, "results": list(self.names)}
                await call.respond_json(done)
            case "POST", "tasks", "api/v1/files/upload/base64":
                self.uploads.append(call.body)
                await call.respond_json({"data": {"file_url": "https://files.example/uploaded.png"}})
            case "POST", "images", "v1/images/generations" | "v1/images/edits":
                self.asked.append(call.body)
                await call.respond_json({"created": 1, "data": [{"url": url} for url in self.names]})
            case "GET", "files", _:
                await self._serve_file(call, path)
            case _:
                await call.respond(status="404 Not Found")

    async def _serve_file(self, call: Call, name: str) -> None:
        if name == "redirect":
            [to] = parse_qs(urlsplit(call.target).query)["to"]
            await call.respond("", f"Location: {to}", status="302 Found")
        elif name == "endless":
            await call.head("Content-Type: image/png")
            while True:
                await call.send(ENDLESS)
        else:
            body, *headers = FILES[name]
            await call.respond(body, *headers)

    async def spring(self, call: Call) -> None:
        self.trapped.append(call.target)
        await call.respond(png(), "Content-Type: image/png")


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
PNG_TYPE = "Content-Type: image/png"
FILES: dict[str, tuple[bytes, *tuple[str, ...]]] = {
    "svg": (SVG, "Content-Type: image/svg+xml"),
    "svg-as-png": (SVG, PNG_TYPE),
    "html-as-png": (HTML, PNG_TYPE),
    "png-head-on-html": (b"\x89PNG\r\n\x1a\n" + HTML, PNG_TYPE),
    "gif-and-script": (b"GIF89a/*" + b"\0" * 8 + b"*/=1;alert(1)//", "Content-Type: image/gif"),
    "pdf-as-png": (b"%PDF-1.7\n1 0 obj\n", PNG_TYPE),
    "zip-as-png": (b"PK\x03\x04" + b"\0" * 60, PNG_TYPE),
    "nothing": (b"", PNG_TYPE),
    "half": (png(size=(400, 300))[:200], PNG_TYPE),
    "png-bomb": (_png_bomb(60_000), PNG_TYPE),
    "webp-bomb": (_webp_bomb(), "Content-Type: image/webp"),
    "gzip-bomb": (gzip.compress(b"\0" * 50_000_000), PNG_TYPE, "Content-Encoding: gzip"),
}
"""Body and headers of each file, by name."""


@asynccontextmanager
async def hostile() -> AsyncGenerator[Hostile]:
    """The upstream and its trap, both serving."""
    made = Hostile()
    async with scripted_upstream(made.serve) as upstream, scripted_upstream(made.spring) as trap:
        made.address, made.trap = upstream.url, trap.port
        yield made
