"""The upstream of tests: a socket server that answers what a test tells it to, down to the bytes.

Answers well, cuts, stalls, resets and dribbles; remembers every request and how each connection ended.
"""

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Script = Callable[["Call"], Awaitable[None]]

SSE = "Content-Type: text/event-stream"
JSON = "Content-Type: application/json"


@dataclass(slots=True)
class Call:
    """One connection, from the server's side."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    start: str = ""
    """The request line."""
    raw_head: bytes = b""
    """The request line and the headers, as they came."""
    headers: dict[str, str] = field(default_factory=dict[str, str])
    """By lower-case name."""
    body: bytes = b""
    received: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the whole request has been read."""
    closed_by_client: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def method(self) -> str:
        return self.start.partition(" ")[0]

    @property
    def target(self) -> str:
        """Path and query, as they came."""
        return self.start.split(" ")[1]

    def json(self) -> dict[str, object]:
        return json.loads(self.body)

    async def receive(self) -> None:
        """Reads the whole request."""
        self.raw_head = await self.reader.readuntil(b"\r\n\r\n")
        self.start, *lines = self.raw_head.decode("latin-1").rstrip("\r\n").split("\r\n")
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        self.body = await self.reader.readexactly(int(self.headers.get("content-length", "0")))
        self.received.set()

    async def send(self, data: bytes | str) -> None:
        self.writer.write(data.encode() if isinstance(data, str) else data)
        await self.writer.drain()

    async def head(self, *headers: str, status: str = "200 OK") -> None:
        """Status line and headers; the body ends with the connection."""
        await self.send("\r\n".join([f"HTTP/1.1 {status}", "Connection: close", *headers, "", ""]))

    async def respond(self, body: bytes | str = b"", *headers: str, status: str = "200 OK") -> None:
        """A whole answer, with its length."""
        raw = body.encode() if isinstance(body, str) else body
        await self.head(f"Content-Length: {len(raw)}", *headers, status=status)
        await self.send(raw)

    async def respond_json(self, document: object, *headers: str, status: str = "200 OK") -> None:
        await self.respond(json.dumps(document), JSON, *headers, status=status)

    async def chunk(self, data: bytes | str) -> None:
        """One chunk of a body with `Transfer-Encoding: chunked`."""
        raw = data.encode() if isinstance(data, str) else data
        await self.send(f"{len(raw):x}\r\n".encode() + raw + b"\r\n")

    async def hangup(self) -> None:
        """Waits until the client has closed its side."""
        while await self.reader.read(65536):
            pass
        self.closed_by_client.set()

    def reset(self) -> None:
        """Ends the connection with RST instead of FIN."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


@dataclass(slots=True)
class ScriptedUpstream:
    """A running server on loopback."""

    url: str = ""
    calls: list[Call] = field(default_factory=list[Call])
    """Every connection, in order."""
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def host(self) -> str:
        """Address and port."""
        return self.url.partition("://")[2]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    async def call(self, at: int = 0) -> Call:
        """The connection number `at`, once its request is there."""
        async with self.changed:
            await self.changed.wait_for(lambda: len(self.calls) > at)
        await self.calls[at].received.wait()
        return self.calls[at]


@asynccontextmanager
async def scripted_upstream(
    *scripts: Script, reads: bool = True, tls: ssl.SSLContext | None = None
) -> AsyncGenerator[ScriptedUpstream, None]:
    """Serves each connection with the script of its number, the last one for all further.

    `reads`: whether the whole request is read before the script begins.
    """
    upstream = ScriptedUpstream()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        call = Call(reader, writer)
        script = scripts[min(len(upstream.calls), len(scripts) - 1)]
        upstream.calls.append(call)
        async with upstream.changed:
            upstream.changed.notify_all()
        try:
            if reads:
                await call.receive()
            await script(call)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # a client that hangs up early is what some tests are about
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    host, port = server.sockets[0].getsockname()[:2]
    upstream.url = f"{'https' if tls else 'http'}://{host}:{port}"
    try:
        yield upstream
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


def delta(text: str = "", **more: object) -> str:
    """A server-sent chunk of text. `more`: further fields of the choice; `finish_reason` among them."""
    choice: dict[str, object] = {"index": 0, "delta": {"content": text}, **more}
    return event({"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [choice]})


def event(document: object) -> str:
    return f"data: {json.dumps(document, ensure_ascii=False)}\n\n"


def message(text: object = "", **more: object) -> str:
    """A whole answer in one document. `more`: further fields of the message."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text, **more}, "finish_reason": "stop"}
    return json.dumps({"id": "chatcmpl-2", "choices": [choice], "usage": {"total_tokens": 87}}, ensure_ascii=False)
