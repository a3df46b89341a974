"""A connection of its own for each request to an upstream: opened, used once, dropped.

A painting lasts a minute, so there is nothing to win by a pool, and two things to lose: a kept connection that the
upstream has just closed looks like a lost painting, and a pool slows down with each open one. HTTP is httpcore's;
the sockets are asyncio's own, since those that httpcore brings cost as much again as all the rest of a request.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterable, Generator, Mapping
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any

import httpcore
import httpx
from aiohappyeyeballs import start_connection  # pyright: ignore[reportUnknownVariableType] - its addresses

CONNECT = 10.0  # seconds to reach an upstream, TLS included; one that takes longer is down
EYEBALLS = 0.25  # seconds before a name's next address is tried beside the first: RFC 8305
PORTS = {"http": 80, "https": 443}
READ = 64 * 1024  # bytes that wait to be read before the sender is made to wait
FAILURES: Mapping[type[Exception], type[httpx.HTTPError]] = {
    httpcore.ReadError: httpx.ReadError,
    httpcore.WriteError: httpx.WriteError,
    httpcore.LocalProtocolError: httpx.LocalProtocolError,
    httpcore.RemoteProtocolError: httpx.RemoteProtocolError,
}


class Client(httpx.AsyncBaseTransport):
    """Sends requests as they are, and knows no cookies, no redirects, no proxies. A name and a password in the address
    go as basic authentication. Raises httpx.HTTPError."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        if url.userinfo:
            request = next(httpx.BasicAuth(url.username, url.password).auth_flow(request))
        assert isinstance(request.stream, httpx.AsyncByteStream)
        asked = httpcore.Request(
            request.method,
            httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
        )
        stream = await _connected(url, self._context)
        connection = httpcore.AsyncHTTP11Connection(asked.url.origin, stream)
        try:
            with _translated():
                response = await connection.handle_async_request(asked)
        except BaseException:
            await connection.aclose()
            raise
        assert isinstance(response.stream, AsyncIterable)
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_Body(response.stream, connection),
        )


class _Body(httpx.AsyncByteStream):
    """An answer that takes its connection with it."""

    def __init__(self, parts: AsyncIterable[bytes], connection: httpcore.AsyncHTTP11Connection) -> None:
        self._parts = parts
        self._connection = connection

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        with _translated():
            async for part in self._parts:
                yield part

    async def aclose(self) -> None:
        await self._connection.aclose()


@contextmanager
def _translated() -> Generator[None]:
    """httpcore's failures leave as httpx's, which have the same names."""
    try:
        yield
    except (httpcore.NetworkError, httpcore.ProtocolError) as exc:
        raise FAILURES[type(exc)](str(exc)) from exc


# ---------------------------------------------------------------- sockets


async def _connected(url: httpx.URL, context: ssl.SSLContext) -> "Stream":
    if url.scheme not in PORTS or not url.host:
        raise httpx.UnsupportedProtocol("neither http nor https")
    loop = asyncio.get_running_loop()
    reader = Reader(limit=READ, loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    host, port = url.raw_host.decode("ascii"), url.port or PORTS[url.scheme]
    secure = url.scheme == "https"
    try:
        async with asyncio.timeout(CONNECT):
            opened = await start_connection(await _addresses(host, port), happy_eyeballs_delay=EYEBALLS)
            transport, _ = await loop.create_connection(
                lambda: protocol,
                sock=opened,
                ssl=context if secure else None,
                server_hostname=host if secure else None,
            )
    except TimeoutError as exc:
        raise httpx.ConnectTimeout(str(exc)) from exc
    except (OSError, UnicodeError) as exc:  # UnicodeError: a name that is none
        raise httpx.ConnectError(str(exc)) from exc
    return Stream(reader, asyncio.StreamWriter(transport, protocol, reader, loop))


async def _addresses(host: str, port: int) -> list[Any]:
    """Where a host is, in getaddrinfo's form. A number needs no looking up, which takes a thread."""
    try:
        version = ip_address(host).version
    except ValueError:
        return await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    return [(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port))]


class Reader(asyncio.StreamReader):
    """What came is read before the failure that came after it, where asyncio's own forgets it."""

    failure: Exception | None = None

    def set_exception(self, exc: Exception) -> None:
        self.failure = exc
        self.feed_eof()


class Stream(httpcore.AsyncNetworkStream):
    """Knows no deadline: those of the exchange cancel what takes too long."""

    def __init__(self, reader: Reader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's
        data = await self._reader.read(max_bytes)
        if not data and self._reader.failure is not None:
            raise httpcore.ReadError(str(self._reader.failure)) from self._reader.failure
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - httpcore's
        try:
            self._writer.write(buffer)
            await self._writer.drain()
        except OSError as exc:
            raise httpcore.WriteError(str(exc)) from exc

    async def aclose(self) -> None:
        self._writer.transport.abort()  # nothing more goes out, not even what was written and waits
