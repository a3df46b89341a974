"""Guarded downloads over real sockets on loopback, from servers that behave as badly as they can."""

import asyncio
import gzip
import ipaddress
import socket
import traceback
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.errors import FetchFailed, FetchForbidden, FetchTooLarge, FetchTooSlow
from bot.fetch import RETRY_PAUSES_S, Fetcher, guarded_socket, is_public

LIMIT = 100_000
PICTURE = bytes(range(256)) * 100

Handler = Callable[[str, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """Hands each request's target to `handler`, which writes whatever bytes it likes."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.targets: list[str] = []
        self.headers: list[bytes] = []

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, target: str = "/picture", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{target}"


@asynccontextmanager
async def serving(handler: Handler) -> AsyncGenerator[Server]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            target = head.split(b" ")[1].decode()
            server.targets.append(target)
            server.headers.append(head.lower())
            await handler(target, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has seen enough
        finally:
            writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as listening:
        server = Server(listening.sockets[0].getsockname()[1])
        yield server


def reply(body: bytes = b"", status: str = "200 OK", **headers: str) -> bytes:
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *lines])
    return head.encode() + b"\r\n\r\n" + body


async def picture(target: str, writer: asyncio.StreamWriter) -> None:
    writer.write(reply(PICTURE))


class Naps:
    """Notes how long somebody wanted to sleep, and does not."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


class Names(AbstractResolver):
    """A DNS that says what the test wants, and another thing the next time."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=each,
                port=port,
                family=socket.AF_INET6 if ":" in each else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=0,
            )
            for each in answer
        ]

    async def close(self) -> None:
        pass


async def get(fetcher: Fetcher, url: str, timeout: float = 30) -> bytes:  # noqa: ASYNC109 - handed on
    return await fetcher.download(url, max_bytes=LIMIT, timeout_s=timeout)


# ---------------------------------------------------------------- where to


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254",
        "168.63.129.16", "169.254.169.254", "172.16.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1",
        "192.168.0.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1",
        "255.255.255.255", "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1",
        "2002:7f00:1::", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0",
        "fec0::1", "ff02::1", "ff0e::1",
    ],
)  # fmt: skip
def test_what_is_not_on_the_public_internet_is_not_public(address: str):
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "172.15.0.1", "172.32.0.1", "100.63.0.1", "2001:4860:4860::8888", "2a00:1450::1",
     "::ffff:8.8.8.8", "64:ff9b::808:808"],
)  # fmt: skip
def test_what_is_on_the_public_internet_is_public(address: str):
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "8.8.8.8"), (socket.AF_INET6, "2a00:1450::1")])
def test_a_public_address_gets_its_socket(family: socket.AddressFamily, address: str):
    with guarded_socket((family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, 443))) as made:
        assert (made.family, made.type) == (family, socket.SOCK_STREAM)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "2130706433", "0x7f000001",
     "0x7f.1", "127.1", "0177.0.0.1", "127.0.0.1.", "localhost.", "0", "0.0.0.0",
     "１２７.0.0.1", "127。0。0。1"],
)  # fmt: skip
async def test_loopback_is_refused_however_it_is_spelled(host: str):
    async with serving(picture) as server, Fetcher(["127.0.0.1:1"], sleep=Naps()) as fetcher:
        with pytest.raises(FetchFailed) as failure:
            await get(fetcher, server.url(host=host))
        assert server.targets == []
        if host.isascii() and host != "localhost.":  # a name that not every resolver knows
            assert isinstance(failure.value, FetchForbidden)


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://example.com/a.png", "data:image/png;base64,AAAA", "gopher://example.com/",
     "http://user:secret@example.com/", "https://user@example.com/", "http://:secret@example.com/"],
)  # fmt: skip
async def test_only_http_without_credentials_is_opened(url: str):
    async with Fetcher() as fetcher:
        with pytest.raises(FetchForbidden):
            await get(fetcher, url)


@pytest.mark.parametrize(
    "url",
    ["", "picture.png", "//example.com/a", "http://", "http:///a", "http://a:99999/", "http://[::1", "http://a:b/",
     "http://example.com/" + "a" * 9000],
)  # fmt: skip
async def test_what_is_no_address_fails(url: str):
    async with Fetcher() as fetcher:
        with pytest.raises(FetchFailed):
            await get(fetcher, url)


async def test_an_exempt_host_is_exempt_on_its_port_alone():
    async with serving(picture) as server, serving(picture) as other, Fetcher([server.host]) as fetcher:
        assert await get(fetcher, server.url()) == PICTURE
        with pytest.raises(FetchForbidden):
            await get(fetcher, other.url())
        assert other.targets == []


@pytest.mark.parametrize("entry", ["localhost", "LOCALHOST"])
async def test_an_exempt_name_is_that_name_and_not_its_address(entry: str):
    async with serving(picture) as server, Fetcher([f"{entry}:{server.port}"]) as fetcher:
        assert await get(fetcher, server.url(host="LocalHost")) == PICTURE
        with pytest.raises(FetchForbidden):
            await get(fetcher, server.url())


async def test_a_name_that_leads_inside_is_refused():
    async with serving(picture) as server:
        for answer in (["127.0.0.1"], ["10.0.0.1", "::1"], ["::ffff:127.0.0.1", "127.0.0.1"]):
            async with Fetcher(resolver=Names(answer)) as fetcher:
                with pytest.raises(FetchForbidden):
                    await get(fetcher, server.url(host="pictures.example"))
        assert server.targets == []


async def test_a_name_is_looked_up_once_so_that_the_checked_address_is_the_connected_one():
    async with serving(picture) as server:
        inside_first, inside_later = Names(["127.0.0.1"], ["8.8.8.8"]), Names(["127.0.0.1"], ["10.0.0.1"])
        async with Fetcher(resolver=inside_first) as fetcher:
            with pytest.raises(FetchForbidden):
                await get(fetcher, server.url(host="a.example"))
        async with Fetcher([f"a.example:{server.port}"], resolver=inside_later) as fetcher:
            assert await get(fetcher, server.url(host="a.example")) == PICTURE
            with pytest.raises(FetchForbidden):
                await get(fetcher, server.url(host="b.example"))
        assert (inside_first.asked, inside_later.asked) == (["a.example"], ["a.example", "b.example"])
        assert len(server.targets) == 1


# ---------------------------------------------------------------- redirects


async def test_redirects_are_followed_also_relative_ones():
    steps = {"/a": "b", "/b": "/deep/c", "/deep/c": "../d?x=1", "/d?x=1": "//127.0.0.1:{port}/e"}

    async def handler(target: str, writer: asyncio.StreamWriter) -> None:
        to = steps.get(target)
        moved = to and reply(status="302 Found", Location=to.format(port=server.port))
        writer.write(moved or reply(PICTURE))

    async with serving(handler) as server, Fetcher([server.host]) as fetcher:
        assert await get(fetcher, server.url("/a")) == PICTURE
        assert server.targets == ["/a", "/b", "/deep/c", "/d?x=1", "/e"]


async def test_a_redirect_from_an_exempt_host_to_a_forbidden_one_is_refused():
    async def handler(target: str, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(status="307 Temporary Redirect", Location=inside.url("/secrets")))

    async with serving(picture) as inside, serving(handler) as server, Fetcher([server.host]) as fetcher:
        with pytest.raises(FetchForbidden):
            await get(fetcher, server.url())
        assert inside.targets == []


@pytest.mark.parametrize("location", ["file:///etc/passwd", "http://me:secret@127.0.0.1/", "http://0x7f.1/"])
async def test_a_redirect_to_another_kind_of_place_is_refused(location: str):
    async def handler(target: str, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(status="301 Moved Permanently", Location=location))

    async with serving(handler) as server, Fetcher([server.host]) as fetcher:
        with pytest.raises(FetchForbidden):
            await get(fetcher, server.url())


async def test_redirects_end_after_five():
    async def handler(target: str, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(status="302 Found", Location="/again"))

    async with serving(handler) as server, Fetcher([server.host]) as fetcher:
        with pytest.raises(FetchFailed):
            await get(fetcher, server.url())
        assert len(server.targets) == 6


async def test_a_redirect_to_nowhere_fails():
    async def handler(target: str, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(status="302 Found") if target == "/none" else reply(status="302 Found", Location="http://"))

    async with serving(handler) as server, Fetcher([server.host]) as fetcher:
        for target in ("/none", "/broken"):
            with pytest.raises(FetchFailed):
                await get(fetcher, server.url(target))


# ---------------------------------------------------------------- how much, how long


async def test_exactly_the_limit_is_taken_and_one_byte_more_is_not():
    async def handler(target: str, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(bytes(int(target[1:]))))

    async with serving(handler) as server, Fetcher([server.host]) as fetcher:
        assert len(await get(fetcher, server.url(f"/{LIMIT}"))) == LIMIT
        with pytest.raises(FetchTooLarge):
            await get(fetcher, server.url(f"/{LIMIT + 1}"))


async def test_an_announced_length_beyond_the_limit_is_refused_unread():
    async def handler(target: str, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
        await writer.drain()
        await asyncio.Event().wait()  # no body ever comes

    async with serving(handler) as server, Fetcher([server.host]) as fetcher:
        with pytest.raises(FetchTooLarge):
            await get(fetcher, server.url())


@pytest.mark.parametrize("chunked", [True, False])
async def test_an_endless_body_is_cut_off_at_the_limit(chunked: bool):
    async def handler(target: str, writer: asyncio.StreamWriter) -> None:
        head = "Transfer-Encoding: chunked" if chunked else "Connection: close"
        writer.write(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode())
        while True:
            writer.write(b"1000\r\n" + bytes(0x1000) + b"\r\n" if chunked else bytes(0x1000))
            await writer.drain()

    async with serving(handler) as server, Fetcher([server.host]) as fetcher:
        with pytest.raises(FetchTooLarge):
            await get(fetcher, server.url())


async def test_a_body_in_drips_ends_with_the_deadline():
    async def handler(target: str, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b".")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with serving(handler) as server, Fetcher([server.host]) as fetcher:
        with pytest.raises(FetchTooSlow):
            await get(fetcher, server.url(), timeout=0.2)


async def test_silence_ends_with_the_deadline():
    async def handler(target: str, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5)

    async with serving(handler) as server, Fetcher([server.host]) as fetcher:
        with pytest.raises(FetchTooSlow):
            await get(fetcher, server.url(), timeout=0.1)


async def test_the_deadline_counts_the_pauses_between_tries():
    async def handler(target: str, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(status="503 Service Unavailable"))

    async def sleep(seconds: float) -> None:
        await asyncio.Event().wait()

    async with serving(handler) as server, Fetcher([server.host], sleep=sleep) as fetcher:
        with pytest.raises(FetchTooSlow):
            await get(fetcher, server.url(), timeout=0.1)


async def test_a_cancelled_download_is_cancelled():
    async def handler(target: str, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await asyncio.sleep(5)

    asked = asyncio.Event()
    async with serving(handler) as server, Fetcher([server.host]) as fetcher:
        task = asyncio.create_task(get(fetcher, server.url()))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


# ---------------------------------------------------------------- what comes


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "x-unknown"])
async def test_an_encoded_body_is_refused_for_it_may_be_a_bomb(encoding: str):
    async def handler(target: str, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(gzip.compress(bytes(50_000_000)), Content_Encoding=encoding))

    async with serving(handler) as server, Fetcher([server.host]) as fetcher:
        with pytest.raises(FetchFailed):
            await get(fetcher, server.url())
        assert b"accept-encoding: identity" in server.headers[0]


async def test_the_identity_encoding_is_no_encoding():
    async def handler(target: str, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(PICTURE, Content_Encoding="Identity"))

    async with serving(handler) as server, Fetcher([server.host]) as fetcher:
        assert await get(fetcher, server.url()) == PICTURE


async def test_cookies_are_neither_kept_nor_sent():
    async def handler(target: str, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(PICTURE, Set_Cookie="who=me; Path=/"))

    async with serving(handler) as server, Fetcher([f"localhost:{server.port}"]) as fetcher:
        for _ in range(2):
            await get(fetcher, server.url(host="localhost"))
        assert len(server.headers) == 2
        assert not any(b"cookie" in head for head in server.headers)


async def test_a_proxy_in_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch):
    async with (
        serving(picture) as proxy,
        serving(picture) as server,
        Fetcher([server.host, proxy.host]) as fetcher,
    ):
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url(""))
        await get(fetcher, server.url())
        assert (len(server.targets), proxy.targets) == (1, [])


@pytest.mark.parametrize(
    "target", ["/a%2Fb?sig=x%2By%2Fz%3D&X-Amz-Credential=A%2F1", "/a?sig=a+b/c==", "/(1)~'!*.png?a=%41&b"]
)
async def test_a_signed_address_arrives_as_it_was_given(target: str):
    async with serving(picture) as server, Fetcher([server.host]) as fetcher:
        await get(fetcher, server.url(target))
        assert server.targets == [target]


async def test_what_is_not_legal_in_an_address_is_quoted():
    async with serving(picture) as server, Fetcher([server.host]) as fetcher:
        await get(fetcher, server.url("/ф a\r\nX: y.png#part"))
        assert server.targets[0].startswith("/%D1%84%20a")
        assert b"\r\nx: y" not in server.headers[0]


# ---------------------------------------------------------------- once more


@pytest.mark.parametrize("status", ["500 Oops", "502 Bad Gateway", "503 Busy", "408 Timeout", "429 Too Many"])
async def test_a_passing_failure_is_tried_again_at_most_twice(status: str):
    async def handler(target: str, writer: asyncio.StreamWriter) -> None:
        good = target == "/third" and len(server.targets) == 3
        writer.write(reply(PICTURE) if good else reply(status=status))

    naps = Naps()
    async with serving(handler) as server, Fetcher([server.host], sleep=naps) as fetcher:
        assert await get(fetcher, server.url("/third")) == PICTURE
        assert naps.taken == list(RETRY_PAUSES_S)
        with pytest.raises(FetchFailed):
            await get(fetcher, server.url("/never"))
        assert server.targets == ["/third"] * 3 + ["/never"] * 3


@pytest.mark.parametrize("status", ["204 No Content", "404 Not Found", "403 Forbidden", "410 Gone", "304 Same"])
async def test_a_lasting_failure_is_not_tried_again(status: str):
    async def handler(target: str, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(status=status))

    naps = Naps()
    async with serving(handler) as server, Fetcher([server.host], sleep=naps) as fetcher:
        if status.startswith("204"):
            assert await get(fetcher, server.url()) == b""
        else:
            with pytest.raises(FetchFailed):
                await get(fetcher, server.url())
        assert (len(server.targets), naps.taken) == (1, [])


@pytest.mark.parametrize("way", ["reset", "silent close", "half a body", "half a head"])
async def test_a_broken_connection_is_tried_again(way: str):
    async def handler(target: str, writer: asyncio.StreamWriter) -> None:
        if len(server.targets) == 3:
            writer.write(reply(PICTURE))
        elif way == "reset":
            writer.transport.abort()
        elif way == "half a body":
            writer.write(reply(PICTURE)[:-1000])
        elif way == "half a head":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Le")

    async with serving(handler) as server, Fetcher([server.host], sleep=Naps()) as fetcher:
        assert await get(fetcher, server.url()) == PICTURE


async def test_a_refused_connection_is_tried_again_and_then_fails():
    async with serving(picture) as server:
        pass  # closed: nobody listens there now
    naps = Naps()
    async with Fetcher([server.host], sleep=naps) as fetcher:
        with pytest.raises(FetchFailed):
            await get(fetcher, server.url())
    assert naps.taken == list(RETRY_PAUSES_S)


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH_9.9\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x00\xff" * 500])
async def test_what_does_not_speak_http_fails(answer: bytes):
    async def handler(target: str, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    async with serving(handler) as server, Fetcher([server.host], sleep=Naps()) as fetcher:
        with pytest.raises(FetchFailed):
            await get(fetcher, server.url())


async def test_a_refusal_is_not_tried_again():
    naps = Naps()
    async with Fetcher(sleep=naps) as fetcher:
        with pytest.raises(FetchForbidden):
            await get(fetcher, "http://127.0.0.1:9/")
    assert naps.taken == []


async def test_no_failure_tells_the_signature_of_an_address():
    async def handler(target: str, writer: asyncio.StreamWriter) -> None:
        writer.write({"/gone": reply(status="404 Not Found"), "/odd": b"HTTP/1.1 abc\r\n\r\n"}[target.split("?")[0]])

    async with serving(handler) as server, Fetcher([server.host], sleep=Naps()) as fetcher:
        urls = [server.url("/gone?sig=hidden"), server.url("/odd?sig=hidden"), "http://a b?sig=hidden"]
        for url in [*urls, "http://127.0.0.1:9/?sig=hidden"]:
            with pytest.raises(FetchFailed) as failure:
                await get(fetcher, url)
            assert "hidden" not in "".join(traceback.format_exception(failure.value)).replace(url, "")


async def test_many_downloads_run_side_by_side():
    async def handler(target: str, writer: asyncio.StreamWriter) -> None:
        await asyncio.wait_for(together.wait(), 10) if target == "/wait" else together.set()
        writer.write(reply(PICTURE))

    together = asyncio.Event()
    async with serving(handler) as server, Fetcher([server.host]) as fetcher:
        wanted = [get(fetcher, server.url(target)) for target in ["/wait"] * 20 + ["/go"]]
        assert await asyncio.gather(*wanted) == [PICTURE] * 21
