"""A server that answers downloads byte for byte as a test wants, with a fake resolver and fake pauses."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp.abc import AbstractResolver, ResolveResult

from bot.fetch import Fetcher

LIMIT = 100_000
PICTURE = bytes(range(256)) * 100
Handler = Callable[[str, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """Hands each request's target to `handler`, which writes whatever bytes it likes."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.targets: list[str] = []
        self.headers: list[bytes] = []

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, target: str = "/picture", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{target}"


@asynccontextmanager
async def serving(handler: Handler) -> AsyncGenerator[Server]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            target = head.split(b" ")[1].decode()
            server.targets.append(target)
            server.headers.append(head.lower())
            await handler(target, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has seen enough
        finally:
            writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as listening:
        server = Server(listening.sockets[0].getsockname()[1])
        yield server


def reply(body: bytes = b"", status: str = "200 OK", **headers: str) -> bytes:
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *lines])
    return head.encode() + b"\r\n\r\n" + body


async def picture(target: str, writer: asyncio.StreamWriter) -> None:
    writer.write(reply(PICTURE))


class Naps:
    """Notes how long somebody wanted to sleep, and does not."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


class Names(AbstractResolver):
    """A DNS that says what the test wants, and another thing the next time."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=each,
                port=port,
                family=socket.AF_INET6 if ":" in each else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=0,
            )
            for each in answer
        ]

    async def close(self) -> None:
        pass


async def get(fetcher: Fetcher, url: str, timeout: float = 30) -> bytes:  # noqa: ASYNC109 - handed on
    return await fetcher.download(url, max_bytes=LIMIT, timeout_s=timeout)
