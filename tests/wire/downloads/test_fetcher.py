"""Guarded downloads over real sockets: size limits, deadlines, encodings, cookies, proxies and signed addresses."""

import asyncio
import gzip
import zlib

import pytest

from bot.downloads.fetcher import Fetcher
from bot.errors import FetchTooLarge, FetchTooSlow
from tests.servers.upstream.scripted import Call, scripted_upstream
from tests.wire.downloads.serving import LIMIT, PICTURE, get, heads, picture, reply, targets, url_of

# ---------------------------------------------------------------- how much, how long


async def test_exactly_the_limit_is_taken_and_one_byte_more_is_not():
    async def handler(call: Call) -> None:
        await call.send(reply(bytes(int(call.target[1:]))))

    async with scripted_upstream(handler) as server, Fetcher([server.host]) as fetcher:
        assert len(await get(fetcher, url_of(server, f"/{LIMIT}"))) == LIMIT
        with pytest.raises(FetchTooLarge):
            await get(fetcher, url_of(server, f"/{LIMIT + 1}"))


async def test_an_announced_length_beyond_the_limit_is_refused_unread():
    async def handler(call: Call) -> None:
        await call.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
        await asyncio.Event().wait()  # no body ever comes

    async with scripted_upstream(handler) as server, Fetcher([server.host]) as fetcher:
        with pytest.raises(FetchTooLarge):
            await get(fetcher, url_of(server))


@pytest.mark.parametrize("chunked", [True, False])
async def test_an_endless_body_is_cut_off_at_the_limit(chunked: bool):
    async def handler(call: Call) -> None:
        head = "Transfer-Encoding: chunked" if chunked else "Connection: close"
        await call.send(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode())
        while True:
            await call.send(b"1000\r\n" + bytes(0x1000) + b"\r\n" if chunked else bytes(0x1000))

    async with scripted_upstream(handler) as server, Fetcher([server.host]) as fetcher:
        with pytest.raises(FetchTooLarge):
            await get(fetcher, url_of(server))


async def test_a_body_in_drips_ends_with_the_deadline():
    async def handler(call: Call) -> None:
        await call.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            await call.send(b".")
            await asyncio.sleep(0.02)

    async with scripted_upstream(handler) as server, Fetcher([server.host]) as fetcher:
        with pytest.raises(FetchTooSlow):
            await get(fetcher, url_of(server), timeout=0.2)


async def test_silence_ends_with_the_deadline():
    async def handler(call: Call) -> None:
        await asyncio.sleep(5)

    async with scripted_upstream(handler) as server, Fetcher([server.host]) as fetcher:
        with pytest.raises(FetchTooSlow):
            await get(fetcher, url_of(server), timeout=0.1)


async def test_the_deadline_counts_the_pauses_between_tries():
    async def handler(call: Call) -> None:
        await call.send(reply(status="503 Service Unavailable"))

    async def sleep(seconds: float) -> None:
        await asyncio.Event().wait()

    async with scripted_upstream(handler) as server, Fetcher([server.host], sleep=sleep) as fetcher:
        with pytest.raises(FetchTooSlow):
            await get(fetcher, url_of(server), timeout=0.1)


async def test_a_cancelled_download_is_cancelled():
    async def handler(call: Call) -> None:
        asked.set()
        await asyncio.sleep(5)

    asked = asyncio.Event()
    async with scripted_upstream(handler) as server, Fetcher([server.host]) as fetcher:
        task = asyncio.create_task(get(fetcher, url_of(server)))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


# ---------------------------------------------------------------- what comes


@pytest.mark.forms(1)
@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "aws-chunked, gzip"])
async def test_a_compressed_body_becomes_no_larger_than_allowed(encoding: str):
    async def handler(call: Call) -> None:
        await call.send(reply(gzip.compress(bytes(50_000_000)), Content_Encoding=encoding))

    async with scripted_upstream(handler) as server, Fetcher([server.host]) as fetcher:
        with pytest.raises(FetchTooLarge):
            await get(fetcher, url_of(server))
        assert b"accept-encoding: identity" in heads(server)[0]


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        *(
            (PICTURE, encoding)
            for encoding in (
                "Identity", "", "aws-chunked", "identity, AWS-chunked", "aws-chunked,", "UTF-8", "gzip", "deflate",
                "br", "zstd", "aws-chunked, gzip", "image/png", "chunked", "x-unknown",
            )
        ),
        (gzip.compress(PICTURE), "gzip"),
        (gzip.compress(PICTURE), "aws-chunked,GZIP"),
        (zlib.compress(PICTURE), "deflate"),
    ],
)  # fmt: skip
async def test_the_bytes_decide_whether_a_body_is_encoded_not_the_header(body: bytes, encoding: str):
    async def handler(call: Call) -> None:
        await call.send(reply(body, Content_Encoding=encoding))

    async with scripted_upstream(handler) as server, Fetcher([server.host]) as fetcher:
        assert await get(fetcher, url_of(server)) == PICTURE


async def test_cookies_are_neither_kept_nor_sent():
    async def handler(call: Call) -> None:
        await call.send(reply(PICTURE, Set_Cookie="who=me; Path=/"))

    async with scripted_upstream(handler) as server, Fetcher([f"localhost:{server.port}"]) as fetcher:
        for _ in range(2):
            await get(fetcher, url_of(server, host="localhost"))
        assert len(heads(server)) == 2
        assert not any(b"cookie" in head for head in heads(server))


async def test_a_proxy_in_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch):
    async with (
        scripted_upstream(picture) as proxy,
        scripted_upstream(picture) as server,
        Fetcher([server.host, proxy.host]) as fetcher,
    ):
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, url_of(proxy, ""))
        await get(fetcher, url_of(server))
        assert (len(targets(server)), targets(proxy)) == (1, [])


@pytest.mark.parametrize(
    "target", ["/a%2Fb?sig=x%2By%2Fz%3D&X-Amz-Credential=A%2F1", "/a?sig=a+b/c==", "/(1)~'!*.png?a=%41&b"]
)
async def test_a_signed_address_arrives_as_it_was_given(target: str):
    async with scripted_upstream(picture) as server, Fetcher([server.host]) as fetcher:
        await get(fetcher, url_of(server, target))
        assert targets(server) == [target]


async def test_what_is_not_legal_in_an_address_is_quoted():
    async with scripted_upstream(picture) as server, Fetcher([server.host]) as fetcher:
        await get(fetcher, url_of(server, "/ф a\r\nX: y.png#part"))
        assert targets(server)[0].startswith("/%D1%84%20a")
        assert b"\r\nx: y" not in heads(server)[0]


# ---------------------------------------------------------------- once more


async def test_many_downloads_run_side_by_side():
    async def handler(call: Call) -> None:
        await asyncio.wait_for(together.wait(), 10) if call.target == "/wait" else together.set()
        await call.send(reply(PICTURE))

    together = asyncio.Event()
    async with scripted_upstream(handler) as server, Fetcher([server.host]) as fetcher:
        wanted = [get(fetcher, url_of(server, target)) for target in ["/wait"] * 20 + ["/go"]]
        assert await asyncio.gather(*wanted) == [PICTURE] * 21
