"""Connections that ask for nothing hold up nobody: half-open ones are closed, or make room; noise is no log."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from adapters.http import connections
from adapters.http.connections import ConnectionLimiter, LimitedConnection, max_connections
from adapters.http.server import HttpServer
from bot.runtime import descriptors

HALF_OPEN = b"GET / HTTP/1.1\r\nX: "
LONG_S = 1000.0  # longer than any test

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def running(server: HttpServer) -> AsyncGenerator[HttpServer]:
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def connected(server: HttpServer, data: bytes = b"") -> AsyncGenerator[Streams]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(data)
    await writer.drain()
    try:
        yield reader, writer
    finally:
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


async def is_closed(reader: asyncio.StreamReader) -> bool:
    """Waits until the server has closed the connection without a word."""
    try:
        return await reader.read() == b""
    except ConnectionResetError:
        return True


async def healthy(server: HttpServer) -> bool:
    async with aiohttp.ClientSession() as session, session.get(f"{server.address}/healthz") as response:
        return response.status == 200


@pytest.mark.parametrize("sent", [b"", b"G", HALF_OPEN, HALF_OPEN + b"a\r\n"])
async def test_a_request_that_is_never_whole_is_given_up(sent: bytes) -> None:
    async with running(HttpServer("127.0.0.1", 0, header_timeout_s=0.05)) as server:
        async with connected(server, sent) as (reader, _):
            assert await is_closed(reader)
        assert await healthy(server)


async def test_a_header_that_comes_byte_by_byte_is_no_whole_one() -> None:
    server = HttpServer("127.0.0.1", 0, header_timeout_s=0.1)
    async with running(server), connected(server, HALF_OPEN) as (reader, writer):
        closed = asyncio.ensure_future(is_closed(reader))
        while not closed.done():
            writer.write(b"a")
            await asyncio.wait([closed], timeout=0.01)
        assert closed.result()


async def test_a_connection_between_two_requests_is_closed_after_a_while() -> None:
    async with running(HttpServer("127.0.0.1", 0, idle_timeout_s=0.05)) as server:
        request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        async with connected(server, request + HALF_OPEN) as (reader, _):
            answer = await reader.read()
            assert answer.startswith(b"HTTP/1.1 200 OK")  # and nothing but the end follows


async def test_a_request_under_way_may_take_longer_than_a_header() -> None:
    async def slow(_: web.Request) -> web.Response:
        await asyncio.sleep(0.2)
        return web.Response(text="late")

    server = HttpServer("127.0.0.1", 0, header_timeout_s=0.05)
    server.mount([web.get("/slow", slow)])
    async with running(server), aiohttp.ClientSession() as session, session.get(f"{server.address}/slow") as response:
        assert await response.text() == "late"


async def test_half_open_connections_make_room_for_others_the_oldest_first() -> None:
    server = HttpServer("127.0.0.1", 0, connections=8, header_timeout_s=LONG_S)
    async with running(server), AsyncExitStack() as opened:
        held = [await opened.enter_async_context(connected(server, HALF_OPEN)) for _ in range(30)]
        assert await healthy(server)
        assert all([await is_closed(reader) for reader, _ in held[:22]])
        reader, writer = held[-1]
        writer.write(b"a\r\nHost: x\r\n\r\n")  # the newest are still heard
        assert b" 404 " in await reader.readline()


async def test_where_all_connections_are_in_use_a_further_one_is_refused() -> None:
    go_on = asyncio.Event()

    async def slow(_: web.Request) -> web.Response:
        await go_on.wait()
        return web.Response()

    server = HttpServer("127.0.0.1", 0, connections=2)
    server.mount([web.get("/slow", slow)])
    with capture_logs() as logged:
        async with running(server), AsyncExitStack() as opened:
            request = b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"
            held = [await opened.enter_async_context(connected(server, request)) for _ in range(2)]
            async with connected(server, request) as (reader, _):
                assert await is_closed(reader)
            go_on.set()
            for reader, _ in held:
                assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    assert [each["connections"] for each in logged if each["log_level"] == "warning"] == [2]


NOISE = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 40 + b"\r\n\r\n",  # TLS
    b"hello\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
    b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
    b"POST /read HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
]


@pytest.mark.parametrize("noise", NOISE, ids=range(len(NOISE)))
async def test_what_is_no_http_is_a_line_for_debugging_without_a_traceback(
    noise: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def read(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    server = HttpServer("127.0.0.1", 0)
    server.mount([web.post("/read", read)])
    with capture_logs() as logged:
        async with running(server), connected(server, noise) as (reader, _):
            assert b" 400 " in await reader.readline()
    assert {each["log_level"] for each in logged} == {"debug"}
    assert not any("exc_info" in each or "exception" in each for each in logged)
    assert [each for each in caplog.records if each.levelno > logging.DEBUG or each.exc_info] == []


async def test_a_client_that_leaves_in_the_middle_of_its_body_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    reading, left = asyncio.Event(), asyncio.Event()

    async def read(request: web.Request) -> web.Response:
        reading.set()
        try:
            return web.Response(body=await request.read())
        finally:
            left.set()

    server = HttpServer("127.0.0.1", 0)
    server.mount([web.post("/read", read)])
    async with running(server):
        async with connected(server, b"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"):
            await reading.wait()
        await left.wait()
    assert [each for each in caplog.records if each.levelno > logging.DEBUG] == []


# ---------------------------------------------------------------- one address


class Peer(asyncio.Transport):
    """A connection from an address; `aborted` once the server has ended it."""

    def __init__(self, address: str) -> None:
        super().__init__({"peername": (address, 1)})
        self.aborted = False

    def abort(self) -> None:
        self.aborted = True


def connect(limiter: ConnectionLimiter, addresses: Iterable[str]) -> list[Peer]:
    """A half-open connection from each address."""
    peers = [Peer(address) for address in addresses]
    for each in peers:
        LimitedConnection(asyncio.Protocol(), limiter, LONG_S).connection_made(each)
    return peers


async def test_one_address_has_no_more_than_its_share_and_drops_its_own() -> None:
    limiter = ConnectionLimiter(100, per_address=3)
    other = connect(limiter, ["2001:4860:4860::8888"])
    peers = connect(limiter, ["8.8.8.8"] * 5)
    assert [each.aborted for each in peers] == [True, True, False, False, False]
    assert not other[0].aborted
    assert len(limiter) == 4


@pytest.mark.parametrize("address", ["127.0.0.1", "172.17.0.1", "10.0.0.2", "fe80::1%eth0", "::1"])
async def test_a_reverse_proxy_is_not_one_client(address: str) -> None:
    limiter = ConnectionLimiter(100, per_address=3)
    assert not any(each.aborted for each in connect(limiter, [address] * 50))


def test_most_descriptors_are_kept_for_outgoing_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descriptors, "limit", lambda: 64)
    assert max_connections() == 8
    monkeypatch.setattr(descriptors, "limit", lambda: 1_000_000)
    assert max_connections() == connections.MAX_CONNECTIONS
