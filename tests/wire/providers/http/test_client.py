"""Failed exchanges over real sockets: which requests surely were not accepted, and which may have been."""

import asyncio
import socket
from contextlib import suppress

import pytest

from bot.errors import CutShort, PaintFailed, Retry, Unreachable, WrongEndpoint
from bot.providers.http.client import SLICE_BYTES, UpstreamClient, exchange
from bot.providers.http.payload import Payload
from tests.servers.upstream.scripted import JSON, SSE, Call, scripted_upstream
from tests.wire.providers.http.exchanges import BIG, CHUNKED, SHORT, SMALL, fail_to_paint, paint

# ---------------------------------------------------------------- surely not accepted


async def test_a_refused_connection_is_unreachable(client: UpstreamClient) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections to it are refused
        failed = await fail_to_paint(client, f"http://127.0.0.1:{taken.getsockname()[1]}")
    assert isinstance(failed, Unreachable)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 64 + ".invalid"])
async def test_a_name_that_leads_nowhere_is_unreachable(
    client: UpstreamClient, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", fail)
    failed = await fail_to_paint(client, f"http://{host}/")
    assert isinstance(failed, Unreachable | WrongEndpoint)
    assert failed.retry is Retry.ELSEWHERE


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http://127.0.0.1/\x07", "127.0.0.1"])
async def test_an_address_that_is_none_is_a_wrong_endpoint(client: UpstreamClient, url: str) -> None:
    assert isinstance(await fail_to_paint(client, url), WrongEndpoint)


async def test_a_reset_before_the_request_was_written_is_unreachable(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        call.reset()

    async with scripted_upstream(script, reads=False) as up:
        assert isinstance(await fail_to_paint(client, up.url, BIG), Unreachable)
        assert len(up.calls) == 1


async def test_a_proxy_that_closes_before_the_request_was_written_is_unreachable(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        call.writer.close()

    async with scripted_upstream(script, reads=False) as up:
        assert isinstance(await fail_to_paint(client, up.url, BIG), Unreachable)


async def test_a_request_that_is_not_read_in_time_is_unreachable_and_no_more_of_it_is_sent(
    client: UpstreamClient,
) -> None:
    received = 0

    async def script(call: Call) -> None:
        nonlocal received
        await asyncio.sleep(2 * SHORT)  # the client has given up by then
        with suppress(ConnectionError):
            while piece := await call.reader.read(65536):
                received += len(piece)
        call.closed_by_client.set()

    async with scripted_upstream(script, reads=False) as up:
        sent = asyncio.Event()
        with pytest.raises(Unreachable):
            await paint(client, up.url, BIG, timeout_s=SHORT, sent=sent)
        assert not sent.is_set()
        await asyncio.wait_for(up.calls[0].closed_by_client.wait(), 9)
    assert received < BIG.length


# ---------------------------------------------------------------- perhaps accepted


async def test_a_reset_after_the_request_was_written_may_have_been_accepted(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        call.reset()

    async with scripted_upstream(script) as up:
        sent = asyncio.Event()
        with pytest.raises(CutShort):
            await paint(client, up.url, sent=sent)
        assert sent.is_set()
        assert len(up.calls) == 1


@pytest.mark.parametrize("payload", [SMALL, BIG], ids=["small", "big"])
async def test_a_proxy_that_closes_without_an_answer_may_have_accepted(
    client: UpstreamClient, payload: Payload
) -> None:
    async def script(call: Call) -> None:
        call.writer.close()

    async with scripted_upstream(script) as up:
        assert isinstance(await fail_to_paint(client, up.url, payload), CutShort)
        assert len(up.calls) == 1
        assert len(up.calls[0].body) == payload.length


async def test_only_a_request_without_its_last_part_surely_was_not_accepted(client: UpstreamClient) -> None:
    """All but the last slice arrives: the client must know that the upstream never had the whole request."""
    payload = Payload(media_type="a/b", pieces=(bytes(40 * SLICE_BYTES),))

    async def script(call: Call) -> None:
        await call.reader.readuntil(b"\r\n\r\n")
        await call.reader.readexactly(SLICE_BYTES)
        call.reset()

    async with scripted_upstream(script, reads=False) as up:
        assert isinstance(await fail_to_paint(client, up.url, payload), Unreachable)


CUTS: dict[str, tuple[tuple[str, ...], list[str]]] = {
    "with a length": ((JSON, "Content-Length: 500"), ['{"data": [']),
    "with a length and nothing": ((JSON, "Content-Length: 500"), []),
    "chunked, within a chunk": ((SSE, CHUNKED), ["20\r\ndata: "]),
    "chunked, between chunks": ((SSE, CHUNKED), ["6\r\ndata: \r\n"]),
    "chunked, nothing": ((SSE, CHUNKED), []),
    "chunked, broken": ((SSE, CHUNKED), ["6\r\ndata: \r\nno chunk\r\n"]),
    "with a length, encoded": (("Content-Encoding: gzip", "Content-Length: 500"), ["\x1f"]),
}


@pytest.mark.parametrize("ending", ["fin", "rst"])
@pytest.mark.parametrize("cut", CUTS)
async def test_an_answer_cut_short_may_have_cost_money(client: UpstreamClient, cut: str, ending: str) -> None:
    head, parts = CUTS[cut]

    async def script(call: Call) -> None:
        await call.head(*head)
        await asyncio.sleep(0.02)  # the head is read before the rest breaks
        for part in parts:
            await call.send(part)
        if ending == "rst":
            await asyncio.sleep(0.02)
            call.reset()
        elif cut == "chunked, broken":
            await call.hangup()

    async with scripted_upstream(script) as up:
        assert isinstance(await fail_to_paint(client, up.url), CutShort)
        assert len(up.calls) == 1


@pytest.mark.parametrize("head", ["", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Ty", "SSH-2.0-OpenSSH_9.2p1\r\n"])
async def test_an_answer_without_a_whole_head_may_have_cost_money(client: UpstreamClient, head: str) -> None:
    async def script(call: Call) -> None:
        await call.send(head)

    async with scripted_upstream(script) as up:
        failed = await fail_to_paint(client, up.url)
    assert isinstance(failed, CutShort)
    assert "127.0.0.1" not in str(failed.detail)


async def test_an_end_in_order_without_a_length_is_the_end_of_the_answer(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.head(SSE)
        await call.send("the picture")

    async with scripted_upstream(script) as up:
        assert await paint(client, up.url) == b"the picture"


@pytest.mark.parametrize("ending", ["fin", "rst"])
async def test_what_came_before_a_break_is_read_before_it(client: UpstreamClient, ending: str) -> None:
    """Also what waited unread, while the reader was busy with what had come before."""
    size = 200_000

    async def script(call: Call) -> None:
        await call.head(JSON, "Content-Length: 1000000")
        await call.send("x")
        await asyncio.sleep(0.05)
        await call.send("x" * (size - 1))
        await asyncio.sleep(0.05)  # so that it is not lost in the kernel with the reset
        if ending == "rst":
            call.reset()

    received = 0
    async with (
        scripted_upstream(script) as up,
        exchange(client, up.url, SMALL, {}, timeout_s=9, idle_timeout_s=9) as answer,
    ):
        chunks = answer.iter_chunks()
        received += len(await anext(chunks))
        await asyncio.sleep(0.3)
        failure: PaintFailed | None = None
        while failure is None:
            try:
                received += len(await anext(chunks))
            except PaintFailed as failed:
                failure = failed
    assert isinstance(failure, CutShort)
    assert received == size


async def test_who_waits_when_it_breaks_hears_of_it(client: UpstreamClient) -> None:
    broken = asyncio.Event()

    async def script(call: Call) -> None:
        await call.head(JSON, "Content-Length: 1000000")
        await broken.wait()
        call.reset()

    async with (
        scripted_upstream(script) as up,
        exchange(client, up.url, SMALL, {}, timeout_s=9, idle_timeout_s=9) as answer,
    ):
        reading = asyncio.create_task(answer.read_body())
        await asyncio.sleep(0)
        broken.set()
        with pytest.raises(CutShort):
            await reading
