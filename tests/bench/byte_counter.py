"""Counts the bytes of a server's connections: a forwarder on loopback in front of it. Knows no protocol."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

CHUNK = 65_536  # bytes read at a time


@dataclass(slots=True)
class ByteCounter:
    """What has gone through, with all headers; TLS would add 2 to 3 %."""

    url: str
    """The server's address by way of the counter."""
    sent: int = 0
    """Bytes to the server."""
    received: int = 0
    """Bytes from the server."""

    def reset(self) -> None:
        self.sent = self.received = 0


@asynccontextmanager
async def counted(url: str) -> AsyncGenerator[ByteCounter]:
    """Forwards to the server at `url` until the block ends."""
    parts = urlsplit(url)
    counter = ByteCounter("")
    connections: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        try:
            with suppress(OSError, asyncio.CancelledError):
                behind, to_server = await asyncio.open_connection(parts.hostname, parts.port)
                try:
                    await asyncio.gather(
                        _pump(reader, to_server, counter, "sent"), _pump(behind, writer, counter, "received")
                    )
                finally:
                    to_server.close()
        finally:
            writer.close()
            connections.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    counter.url = urlunsplit((parts.scheme, f"127.0.0.1:{port}", parts.path, "", ""))
    try:
        yield counter
    finally:
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, counter: ByteCounter, way: str) -> None:
    while data := await reader.read(CHUNK):
        setattr(counter, way, getattr(counter, way) + len(data))
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
