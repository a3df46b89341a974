"""Exchanges over TLS: certificates, and connections that break during or after the handshake."""

import ssl
from pathlib import Path

from bot.errors import CutShort, Unreachable
from bot.providers.http.client import UpstreamClient
from bot.runtime.tls import client_context
from tests.servers.upstream.scripted import Call, scripted_upstream
from tests.wire.providers.http.exchanges import fail_to_paint, paint, says

CERTIFICATE = Path(__file__).parent / "tls" / "localhost.pem"  # for localhost alone, signed by itself, until 2126


def server_context() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE, CERTIFICATE.with_suffix(".key"))
    return context


async def answer_once(call: Call) -> None:
    await call.send(says("the picture"))


async def test_an_upstream_is_known_by_its_certificate() -> None:
    trusting = ssl.create_default_context(cafile=str(CERTIFICATE))
    async with (
        scripted_upstream(answer_once, tls=server_context()) as up,
        UpstreamClient(trusting) as client,
        UpstreamClient(client_context()) as stranger,
    ):
        named = up.url.replace("127.0.0.1", "localhost")
        assert await paint(client, named) == b"the picture"
        assert isinstance(await fail_to_paint(client, up.url), Unreachable)  # another's name
        assert isinstance(await fail_to_paint(stranger, named), Unreachable)


async def test_an_upstream_without_tls_is_unreachable_by_https(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.send("HTTP/1.1 400 Bad Request\r\n\r\n")

    async with scripted_upstream(script, reads=False) as up:
        assert isinstance(await fail_to_paint(client, up.url.replace("http://", "https://")), Unreachable)


async def test_a_handshake_that_breaks_off_is_unreachable(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.reader.read(1)
        call.reset()

    async with scripted_upstream(script, reads=False) as up:
        assert isinstance(await fail_to_paint(client, up.url.replace("http://", "https://")), Unreachable)


async def test_a_break_within_tls_may_have_been_accepted() -> None:
    async def script(call: Call) -> None:
        call.writer.transport.abort()

    trusting = ssl.create_default_context(cafile=str(CERTIFICATE))
    async with scripted_upstream(script, tls=server_context()) as up, UpstreamClient(trusting) as client:
        assert isinstance(await fail_to_paint(client, up.url.replace("127.0.0.1", "localhost")), CutShort)
