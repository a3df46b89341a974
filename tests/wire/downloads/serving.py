"""What tests of downloads share: answers for a scripted upstream, a resolver and pauses of their own."""

import socket
from collections.abc import Callable

from aiohttp.abc import AbstractResolver, ResolveResult

from bot.downloads.fetcher import Fetcher
from tests.servers.upstream.scripted import Call, ScriptedUpstream

LIMIT = 100_000
PICTURE = bytes(range(256)) * 100


def reply(body: bytes = b"", status: str = "200 OK", **headers: str) -> bytes:
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *lines])
    return head.encode() + b"\r\n\r\n" + body


async def picture(call: Call) -> None:
    await call.send(reply(PICTURE))


def url_of(upstream: ScriptedUpstream, target: str = "/picture", host: str = "127.0.0.1") -> str:
    """The address of something that the upstream serves; `host`: the name to call it by."""
    return upstream.url.replace("127.0.0.1", host) + target


def targets(upstream: ScriptedUpstream) -> list[str]:
    """Path and query of every request."""
    return [call.target for call in upstream.calls if call.start]


def heads(upstream: ScriptedUpstream) -> list[bytes]:
    """Request line and headers of every request, in lower case."""
    return [call.raw_head.lower() for call in upstream.calls if call.start]


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


class Store:
    """A file that a test lets come or break off; `answers` are called one a request, the last one again and again."""

    def __init__(self, *answers: Callable[[Call], bytes]) -> None:
        self._answers = list(answers)

    async def __call__(self, call: Call) -> None:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        await call.send(answer(call))


def whole(call: Call) -> bytes:
    """The whole file, which has an ETag."""
    return reply(PICTURE, ETag='"v1"')


def half(call: Call) -> bytes:
    """The first half, and then nothing."""
    return whole(call)[: -len(PICTURE) // 2]


def rest(call: Call) -> bytes:
    """What the request's Range asks for."""
    return part(call, len(PICTURE))


def part(call: Call, end: int, **headers: str) -> bytes:
    """What the request's Range asks for, up to `end`."""
    start = int(call.headers["range"].removeprefix("bytes=").removesuffix("-"))
    given = {"Content_Range": f"bytes {start}-{end - 1}/{len(PICTURE)}", "ETag": '"v1"', **headers}
    return reply(PICTURE[start:end], "206 Partial Content", **given)
