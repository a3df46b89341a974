"""Exchanges over real sockets: what surely was not accepted, what may have been, and which connections are kept."""

import asyncio
import gc
import gzip
import logging
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from bot.errors import CutShort, NoAnswer, PaintFailed, Rejected, Retry, Unreachable, UpstreamDown, WrongEndpoint
from bot.logs import QUIET_LOGGERS
from bot.providers.http.client import SLICE_BYTES, Base64, Payload, UpstreamClient, exchange
from bot.tls import client_context
from tests.servers.upstream.raw import JSON, SSE, Call, Script, raw_upstream

CERTIFICATE = Path(__file__).parent / "tls" / "localhost.pem"  # for localhost alone, signed by itself, until 2126
SMALL = Payload(media_type="application/json", pieces=(b'{"prompt": "a cat"}',))
BIG = Payload(media_type="application/json", pieces=(b'{"image": "', Base64(bytes(30_000_000)), b'"}'))
CHUNKED = "Transfer-Encoding: chunked"
SHORT = 0.2  # seconds; what a test with a real deadline waits


@pytest.fixture
async def client() -> AsyncIterator[UpstreamClient]:
    async with UpstreamClient() as made:
        yield made


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

    async with raw_upstream(script, reads=False) as up:
        assert isinstance(await fail_to_paint(client, up.url, BIG), Unreachable)
        assert len(up.calls) == 1


async def test_a_proxy_that_closes_before_the_request_was_written_is_unreachable(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        call.writer.close()

    async with raw_upstream(script, reads=False) as up:
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

    async with raw_upstream(script, reads=False) as up:
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

    async with raw_upstream(script) as up:
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

    async with raw_upstream(script) as up:
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

    async with raw_upstream(script, reads=False) as up:
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

    async with raw_upstream(script) as up:
        assert isinstance(await fail_to_paint(client, up.url), CutShort)
        assert len(up.calls) == 1


@pytest.mark.parametrize("head", ["", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Ty", "SSH-2.0-OpenSSH_9.2p1\r\n"])
async def test_an_answer_without_a_whole_head_may_have_cost_money(client: UpstreamClient, head: str) -> None:
    async def script(call: Call) -> None:
        await call.send(head)

    async with raw_upstream(script) as up:
        failed = await fail_to_paint(client, up.url)
    assert isinstance(failed, CutShort)
    assert "127.0.0.1" not in str(failed.detail)


async def test_an_end_in_order_without_a_length_is_the_end_of_the_answer(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.head(SSE)
        await call.send("the picture")

    async with raw_upstream(script) as up:
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
    async with raw_upstream(script) as up, exchange(client, up.url, SMALL, {}, timeout_s=9, idle_timeout_s=9) as answer:
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

    async with raw_upstream(script) as up, exchange(client, up.url, SMALL, {}, timeout_s=9, idle_timeout_s=9) as answer:
        reading = asyncio.create_task(answer.read_body())
        await asyncio.sleep(0)
        broken.set()
        with pytest.raises(CutShort):
            await reading


# ---------------------------------------------------------------- the head of an answer


async def test_interim_responses_are_passed_over(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n")
        await call.send(says("the picture"))

    async with raw_upstream(script) as up:
        assert await paint(client, up.url) == b"the picture"


async def test_a_head_may_come_byte_by_byte(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        for char in says("the picture", JSON):
            await call.send(char)
            await asyncio.sleep(0)

    async with raw_upstream(script) as up:
        assert await paint(client, up.url) == b"the picture"


async def test_a_head_that_is_not_complete_in_time_is_no_answer(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.send("HTTP/1.1 200 OK\r\nContent-")
        await call.hangup()

    async with raw_upstream(script) as up:
        assert isinstance(await fail_to_paint(client, up.url, timeout_s=SHORT), NoAnswer)
        await up.calls[0].closed_by_client.wait()


async def test_a_head_of_many_kilobytes_is_read(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.send(says("the picture", f"Content-Security-Policy: {'x' * 40_000}"))

    async with raw_upstream(script) as up:
        assert await paint(client, up.url) == b"the picture"


async def test_a_refusal_before_the_whole_request_was_read_is_heard_at_once(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.reader.readuntil(b"\r\n\r\n")
        await call.send(says("too large", "Connection: close", status="413 Too Large"))
        await asyncio.Event().wait()

    async with raw_upstream(script, reads=False) as up:
        failed = await fail_to_paint(client, up.url, BIG)
    assert isinstance(failed, Rejected)


async def test_an_encoded_answer_is_decoded(client: UpstreamClient) -> None:
    body = gzip.compress(b"the picture")

    async def script(call: Call) -> None:
        await call.head("Content-Encoding: gzip", f"Content-Length: {len(body)}")
        await call.send(body)

    async with raw_upstream(script) as up:
        assert await paint(client, up.url) == b"the picture"


# ---------------------------------------------------------------- TLS


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


# ---------------------------------------------------------------- which connections are kept


async def test_each_painting_has_a_connection_of_its_own(client: UpstreamClient) -> None:
    async with raw_upstream(keep_answering("one", "two")) as up:
        assert await paint(client, up.url) == b"one"
        assert await paint(client, up.url) == b"one"
        assert len(up.calls) == 2
        for call in up.calls:
            await call.closed_by_client.wait()


async def test_polls_and_uploads_share_a_connection(client: UpstreamClient) -> None:
    async with raw_upstream(keep_answering("one", "two", "three")) as up:
        assert [await poll(client, up.url), await upload(client, up.url), await poll(client, up.url)] == [
            b"one",
            b"two",
            b"three",
        ]
        assert len(up.calls) == 1


def close_at_the_second_request(ending: str) -> Script:
    async def script(call: Call) -> None:
        await call.send(says("one"))
        await call.receive()
        if ending == "rst":
            call.reset()

    return script


@pytest.mark.parametrize("ending", ["fin", "rst"])
@pytest.mark.parametrize("ask", [poll, upload])
async def test_a_kept_connection_that_closes_under_the_next_request_is_replaced(
    client: UpstreamClient, ask: object, ending: str
) -> None:
    send = poll if ask is poll else upload
    async with raw_upstream(close_at_the_second_request(ending), keep_answering("two")) as up:
        assert await send(client, up.url) == b"one"
        assert await send(client, up.url) == b"two"
        assert len(up.calls) == 2


async def test_a_kept_connection_that_was_closed_between_two_polls_is_replaced(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.send(says("one"))

    async with raw_upstream(script) as up:
        assert await poll(client, up.url) == b"one"
        await asyncio.sleep(0.05)
        assert await poll(client, up.url) == b"one"
        assert len(up.calls) == 2


@pytest.mark.parametrize("ask", [poll, upload])
async def test_a_repeatable_request_that_breaks_off_again_and_again_is_unreachable(
    client: UpstreamClient, ask: object
) -> None:
    async def script(call: Call) -> None:
        call.reset()

    async with raw_upstream(script) as up:
        with pytest.raises(Unreachable):
            await (poll(client, up.url) if ask is poll else upload(client, up.url))
        assert len(up.calls) == 2


async def test_a_poll_whose_answer_breaks_off_is_unreachable(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.head(JSON, "Content-Length: 500")
        await call.send("{")

    async with raw_upstream(script) as up:
        with pytest.raises(Unreachable):
            await poll(client, up.url)


async def test_a_poll_without_an_answer_in_time_is_no_answer(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.hangup()

    async with raw_upstream(script) as up:
        with pytest.raises(NoAnswer):
            await poll(client, up.url, timeout_s=SHORT)
        await up.calls[0].closed_by_client.wait()


async def test_a_connection_whose_answer_was_not_read_is_not_kept(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.head(JSON, "Content-Length: 500")
        await call.send("{")
        await call.hangup()

    async with raw_upstream(script, keep_answering("two")) as up:
        async with exchange(
            client, up.url, None, {}, method="GET", repeatable=True, timeout_s=9, idle_timeout_s=9
        ) as answer:
            assert await answer.peek_first_byte() == b"{"
        await up.calls[0].closed_by_client.wait()
        assert await poll(client, up.url) == b"two"


async def test_cookies_are_neither_kept_nor_sent(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.send(says("one", "Set-Cookie: session=abc; Path=/"))
        await call.receive()
        await call.send(says("two", "Set-Cookie: session=abc; Path=/"))
        await call.hangup()

    async with raw_upstream(script) as up:
        for ask in (poll, poll, paint, paint):
            await ask(client, up.url)
        assert all("cookie" not in call.headers for call in up.calls)


async def test_credentials_in_the_address_go_as_basic_authentication_and_are_not_logged(
    client: UpstreamClient, caplog: pytest.LogCaptureFixture
) -> None:
    async def script(call: Call) -> None:
        await call.send(says("oops", status="500 Oops"))

    assert "httpx" in QUIET_LOGGERS  # whose client logs each address at INFO
    caplog.set_level(logging.WARNING, logger="httpx")
    async with raw_upstream(script) as up:
        failed = await fail_to_paint(client, up.url.replace("http://", "http://operator:secret@"))
        assert up.calls[0].headers["authorization"] == "Basic b3BlcmF0b3I6c2VjcmV0"
        assert up.calls[0].start == "POST / HTTP/1.1"
    assert isinstance(failed, UpstreamDown)
    assert "secret" not in f"{caplog.text} {failed} {failed.detail}"


async def test_the_characters_of_an_address_stay_as_they_are(client: UpstreamClient) -> None:
    async with raw_upstream(keep_answering("one")) as up:
        await poll(client, f"{up.url}/v1/tasks/a%2Fb%3Fc%20d?x=%2F+%25&y=a%7Eb#part")
        assert up.calls[0].start == "GET /v1/tasks/a%2Fb%3Fc%20d?x=%2F+%25&y=a%7Eb HTTP/1.1"


async def test_a_request_given_up_at_any_moment_leaves_no_socket_open(client: UpstreamClient) -> None:
    async def script(call: Call) -> None:
        await call.hangup()

    async with raw_upstream(script, reads=False) as up:
        for send in (paint, poll):
            for turns in range(25):
                asking = asyncio.create_task(send(client, up.url))
                for _ in range(turns):
                    await asyncio.sleep(0)
                asking.cancel()
                await asyncio.gather(asking, return_exceptions=True)
    gc.collect()  # a socket that nobody has closed warns now, which is an error
