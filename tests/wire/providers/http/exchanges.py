"""Requests made with the upstream client, and scripted responses to them."""

import asyncio

import pytest

from bot.errors import PaintFailed
from bot.providers.http.client import UpstreamClient, exchange
from bot.providers.http.payload import Base64, Payload
from tests.servers.upstream.scripted import Call, Script

SMALL = Payload(media_type="application/json", pieces=(b'{"prompt": "a cat"}',))
BIG = Payload(media_type="application/json", pieces=(b'{"image": "', Base64(bytes(30_000_000)), b'"}'))
CHUNKED = "Transfer-Encoding: chunked"
SHORT = 0.2  # seconds; what a test with a real deadline waits


async def paint(
    client: UpstreamClient,
    url: str,
    payload: Payload = SMALL,
    *,
    timeout_s: float = 9,
    sent: asyncio.Event | None = None,
) -> bytes:
    async with exchange(client, url, payload, {}, timeout_s=timeout_s, idle_timeout_s=9, sent=sent) as answer:
        return await answer.read_body()


async def poll(client: UpstreamClient, url: str, *, timeout_s: float = 9) -> bytes:
    async with exchange(
        client, url, None, {}, method="GET", repeatable=True, timeout_s=timeout_s, idle_timeout_s=timeout_s
    ) as answer:
        return await answer.read_body()


async def upload(client: UpstreamClient, url: str) -> bytes:
    async with exchange(client, url, SMALL, {}, repeatable=True, timeout_s=9, idle_timeout_s=9) as answer:
        return await answer.read_body()


async def fail_to_paint(
    client: UpstreamClient, url: str, payload: Payload = SMALL, *, timeout_s: float = 9
) -> PaintFailed:
    with pytest.raises(PaintFailed) as caught:
        await paint(client, url, payload, timeout_s=timeout_s)
    return caught.value


def says(body: str, *headers: str, status: str = "200 OK") -> str:
    """A response with a length, after which the connection can carry another request."""
    return "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", body])


def keep_answering(*bodies: str) -> Script:
    """Answers one request after another on the same connection, then leaves it open."""

    async def script(call: Call) -> None:
        first, *others = bodies
        await call.send(says(first))
        try:
            for body in others:
                await call.receive()
                await call.send(says(body))
            await call.hangup()
        except asyncio.IncompleteReadError:
            call.closed_by_client.set()

    return script
