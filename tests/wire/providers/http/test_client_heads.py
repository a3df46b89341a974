"""Heads of responses: interim, slow, late, large and early ones, and encoded bodies."""

import asyncio
import gzip

from bot.errors import NoAnswer, TooLarge
from bot.providers.http.client import UpstreamClient
from tests.servers.upstream.scripted import JSON, Call, scripted_upstream
from tests.wire.providers.http.exchanges import BIG, SHORT, fail_to_paint, paint, says


async def test_interim_responses_are_passed_over(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n")
        await call.send(says("the picture"))

    async with scripted_upstream(script) as up:
        assert await paint(client, up.url) == b"the picture"


async def test_a_head_may_come_byte_by_byte(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        for char in says("the picture", JSON):
            await call.send(char)
            await asyncio.sleep(0)

    async with scripted_upstream(script) as up:
        assert await paint(client, up.url) == b"the picture"


async def test_a_head_that_is_not_complete_in_time_is_no_answer(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.send("HTTP/1.1 200 OK\r\nContent-")
        await call.hangup()

    async with scripted_upstream(script) as up:
        assert isinstance(await fail_to_paint(client, up.url, timeout_s=SHORT), NoAnswer)
        await up.calls[0].closed_by_client.wait()


async def test_a_head_of_many_kilobytes_is_read(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.send(says("the picture", f"Content-Security-Policy: {'x' * 40_000}"))

    async with scripted_upstream(script) as up:
        assert await paint(client, up.url) == b"the picture"


async def test_a_refusal_before_the_whole_request_was_read_is_heard_at_once(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.reader.readuntil(b"\r\n\r\n")
        await call.send(says("too large", "Connection: close", status="413 Too Large"))
        await asyncio.Event().wait()

    async with scripted_upstream(script, reads=False) as up:
        failed = await fail_to_paint(client, up.url, BIG)
    assert isinstance(failed, TooLarge)


async def test_an_encoded_answer_is_decoded(client: UpstreamClient) -> None:
    body = gzip.compress(b"the picture")

    async def script(call: Call) -> None:
        await call.head("Content-Encoding: gzip", f"Content-Length: {len(body)}")
        await call.send(body)

    async with scripted_upstream(script) as up:
        assert await paint(client, up.url) == b"the picture"
