"""Which failures of a download are retried, and that none of them quotes a signed address."""

import traceback

import pytest

from bot.downloads.fetcher import RETRY_PAUSES_S, Fetcher
from bot.errors import FetchFailed, FetchForbidden
from tests.servers.upstream.scripted import Call, scripted_upstream
from tests.wire.downloads.serving import LIMIT, PICTURE, Naps, get, picture, reply, targets, url_of


@pytest.mark.parametrize("status", ["500 Oops", "502 Bad Gateway", "503 Busy", "408 Timeout", "429 Too Many"])
async def test_a_passing_failure_is_tried_again_at_most_twice(status: str):
    async def handler(call: Call) -> None:
        good = call.target == "/third" and len(targets(server)) == 3
        await call.send(reply(PICTURE) if good else reply(status=status))

    naps = Naps()
    async with scripted_upstream(handler) as server, Fetcher([server.host], sleep=naps) as fetcher:
        assert await get(fetcher, url_of(server, "/third")) == PICTURE
        assert naps.taken == list(RETRY_PAUSES_S)
        with pytest.raises(FetchFailed):
            await get(fetcher, url_of(server, "/never"))
        assert targets(server) == ["/third"] * 3 + ["/never"] * 3


async def test_nothing_is_tried_again_where_the_caller_wants_no_retries():
    async def handler(call: Call) -> None:
        await call.send(reply(status="503 Busy"))

    naps = Naps()
    async with scripted_upstream(handler) as server, Fetcher([server.host], sleep=naps) as fetcher:
        for url in (url_of(server), "http://no-such-host.invalid/"):
            with pytest.raises(FetchFailed):
                await fetcher.download(url, max_bytes=LIMIT, timeout_s=20, retries=False)
        assert (len(targets(server)), naps.taken) == (1, [])


@pytest.mark.parametrize("status", ["204 No Content", "404 Not Found", "403 Forbidden", "410 Gone", "304 Same"])
async def test_a_lasting_failure_is_not_tried_again(status: str):
    async def handler(call: Call) -> None:
        await call.send(reply(status=status))

    naps = Naps()
    async with scripted_upstream(handler) as server, Fetcher([server.host], sleep=naps) as fetcher:
        if status.startswith("204"):
            assert await get(fetcher, url_of(server)) == b""
        else:
            with pytest.raises(FetchFailed):
                await get(fetcher, url_of(server))
        assert (len(targets(server)), naps.taken) == (1, [])


@pytest.mark.parametrize("way", ["reset", "silent close", "half a body", "half a head"])
async def test_a_broken_connection_is_tried_again(way: str):
    async def handler(call: Call) -> None:
        if len(targets(server)) == 3:
            await call.send(reply(PICTURE))
        elif way == "reset":
            call.reset()
        elif way == "half a body":
            await call.send(reply(PICTURE)[:-1000])
        elif way == "half a head":
            await call.send(b"HTTP/1.1 200 OK\r\nContent-Le")

    async with scripted_upstream(handler) as server, Fetcher([server.host], sleep=Naps()) as fetcher:
        assert await get(fetcher, url_of(server)) == PICTURE


async def test_a_refused_connection_is_tried_again_and_then_fails():
    async with scripted_upstream(picture) as server:
        pass  # closed: nobody listens there now
    naps = Naps()
    async with Fetcher([server.host], sleep=naps) as fetcher:
        with pytest.raises(FetchFailed):
            await get(fetcher, url_of(server))
    assert naps.taken == list(RETRY_PAUSES_S)


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH_9.9\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x00\xff" * 500])
async def test_what_does_not_speak_http_fails(answer: bytes):
    async def handler(call: Call) -> None:
        await call.send(answer)

    async with scripted_upstream(handler) as server, Fetcher([server.host], sleep=Naps()) as fetcher:
        with pytest.raises(FetchFailed):
            await get(fetcher, url_of(server))


async def test_a_refusal_is_not_tried_again():
    naps = Naps()
    async with Fetcher(sleep=naps) as fetcher:
        with pytest.raises(FetchForbidden):
            await get(fetcher, "http://127.0.0.1:9/")
    assert naps.taken == []


async def test_no_failure_tells_the_signature_of_an_address():
    async def handler(call: Call) -> None:
        await call.send(
            {"/gone": reply(status="404 Not Found"), "/odd": b"HTTP/1.1 abc\r\n\r\n"}[call.target.split("?")[0]]
        )

    async with scripted_upstream(handler) as server, Fetcher([server.host], sleep=Naps()) as fetcher:
        urls = [url_of(server, "/gone?sig=hidden"), url_of(server, "/odd?sig=hidden"), "http://a b?sig=hidden"]
        for url in [*urls, "http://127.0.0.1:9/?sig=hidden"]:
            with pytest.raises(FetchFailed) as failure:
                await get(fetcher, url)
            assert "hidden" not in "".join(traceback.format_exception(failure.value)).replace(url, "")
