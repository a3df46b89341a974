"""Exchanges over TLS: certificates, and connections that break during or after the handshake."""

import asyncio
import ssl
from contextlib import suppress
from pathlib import Path

from bot.errors import CutShort, Unreachable
from bot.providers.http.client import UpstreamClient
from bot.tls import client_context
from tests.servers.upstream.raw import Call, Script, raw_upstream
from tests.wire.providers.http.exchanges import fail_to_paint, paint, says

CERTIFICATE = Path(__file__).parent / "tls" / "localhost.pem"  # for localhost alone, signed by itself, until 2126


async def served_with_tls(script: Script) -> tuple[asyncio.Server, int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        call = Call(reader, writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await call.receive()
            await script(call)
        writer.close()

    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ours.load_cert_chain(CERTIFICATE, CERTIFICATE.with_suffix(".key"))
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=ours)
    return server, server.sockets[0].getsockname()[1]


async def answer_once(call: Call) -> None:
    await call.send(says("the picture"))


async def test_an_upstream_is_known_by_its_certificate() -> None:
    trusting = ssl.create_default_context(cafile=str(CERTIFICATE))
    server, port = await served_with_tls(answer_once)
    async with server, UpstreamClient(trusting) as client, UpstreamClient(client_context()) as stranger:
        assert await paint(client, f"https://localhost:{port}/") == b"the picture"
        assert isinstance(await fail_to_paint(client, f"https://127.0.0.1:{port}/"), Unreachable)  # another's name
        assert isinstance(await fail_to_paint(stranger, f"https://localhost:{port}/"), Unreachable)


async def test_an_upstream_without_tls_is_unreachable_by_https(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.send("HTTP/1.1 400 Bad Request\r\n\r\n")

    async with raw_upstream(script, reads=False) as up:
        assert isinstance(await fail_to_paint(client, up.url.replace("http://", "https://")), Unreachable)


async def test_a_handshake_that_breaks_off_is_unreachable(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.reader.read(1)
        call.reset()

    async with raw_upstream(script, reads=False) as up:
        assert isinstance(await fail_to_paint(client, up.url.replace("http://", "https://")), Unreachable)


async def test_a_break_within_tls_may_have_been_accepted() -> None:
    async def script(call: Call) -> None:
        call.writer.transport.abort()

    server, port = await served_with_tls(script)
    async with server, UpstreamClient(ssl.create_default_context(cafile=str(CERTIFICATE))) as client:
        assert isinstance(await fail_to_paint(client, f"https://localhost:{port}/"), CutShort)
