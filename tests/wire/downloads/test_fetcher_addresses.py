"""Which addresses a guarded download may connect to, also by way of DNS and redirects."""

import ipaddress
import socket

import pytest

from bot.downloads.fetcher import Fetcher, guarded_socket, is_public
from bot.errors import FetchFailed, FetchForbidden
from tests.servers.upstream.scripted import Call, scripted_upstream
from tests.wire.downloads.serving import PICTURE, Names, Naps, get, picture, reply, targets, url_of

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
    async with scripted_upstream(picture) as server, Fetcher(["127.0.0.1:1"], sleep=Naps()) as fetcher:
        with pytest.raises(FetchFailed) as failure:
            await get(fetcher, url_of(server, host=host))
        assert targets(server) == []
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
    async with (
        scripted_upstream(picture) as server,
        scripted_upstream(picture) as other,
        Fetcher([server.host]) as fetcher,
    ):
        assert await get(fetcher, url_of(server)) == PICTURE
        with pytest.raises(FetchForbidden):
            await get(fetcher, url_of(other))
        assert targets(other) == []


@pytest.mark.parametrize("entry", ["localhost", "LOCALHOST"])
async def test_an_exempt_name_is_that_name_and_not_its_address(entry: str):
    async with scripted_upstream(picture) as server, Fetcher([f"{entry}:{server.port}"]) as fetcher:
        assert await get(fetcher, url_of(server, host="LocalHost")) == PICTURE
        with pytest.raises(FetchForbidden):
            await get(fetcher, url_of(server))


async def test_a_name_that_leads_inside_is_refused():
    async with scripted_upstream(picture) as server:
        for answer in (["127.0.0.1"], ["10.0.0.1", "::1"], ["::ffff:127.0.0.1", "127.0.0.1"]):
            async with Fetcher(resolver=Names(answer)) as fetcher:
                with pytest.raises(FetchForbidden):
                    await get(fetcher, url_of(server, host="pictures.example"))
        assert targets(server) == []


async def test_a_name_is_looked_up_once_so_that_the_checked_address_is_the_connected_one():
    async with scripted_upstream(picture) as server:
        inside_first, inside_later = Names(["127.0.0.1"], ["8.8.8.8"]), Names(["127.0.0.1"], ["10.0.0.1"])
        async with Fetcher(resolver=inside_first) as fetcher:
            with pytest.raises(FetchForbidden):
                await get(fetcher, url_of(server, host="a.example"))
        async with Fetcher([f"a.example:{server.port}"], resolver=inside_later) as fetcher:
            assert await get(fetcher, url_of(server, host="a.example")) == PICTURE
            with pytest.raises(FetchForbidden):
                await get(fetcher, url_of(server, host="b.example"))
        assert (inside_first.asked, inside_later.asked) == (["a.example"], ["a.example", "b.example"])
        assert len(targets(server)) == 1


# ---------------------------------------------------------------- redirects


async def test_redirects_are_followed_also_relative_ones():
    steps = {"/a": "b", "/b": "/deep/c", "/deep/c": "../d?x=1", "/d?x=1": "//127.0.0.1:{port}/e"}

    async def handler(call: Call) -> None:
        to = steps.get(call.target)
        moved = to and reply(status="302 Found", Location=to.format(port=server.port))
        await call.send(moved or reply(PICTURE))

    async with scripted_upstream(handler) as server, Fetcher([server.host]) as fetcher:
        assert await get(fetcher, url_of(server, "/a")) == PICTURE
        assert targets(server) == ["/a", "/b", "/deep/c", "/d?x=1", "/e"]


async def test_a_redirect_from_an_exempt_host_to_a_forbidden_one_is_refused():
    async def handler(call: Call) -> None:
        await call.send(reply(status="307 Temporary Redirect", Location=url_of(inside, "/secrets")))

    async with (
        scripted_upstream(picture) as inside,
        scripted_upstream(handler) as server,
        Fetcher([server.host]) as fetcher,
    ):
        with pytest.raises(FetchForbidden):
            await get(fetcher, url_of(server))
        assert targets(inside) == []


@pytest.mark.parametrize("location", ["file:///etc/passwd", "http://me:secret@127.0.0.1/", "http://0x7f.1/"])
async def test_a_redirect_to_another_kind_of_place_is_refused(location: str):
    async def handler(call: Call) -> None:
        await call.send(reply(status="301 Moved Permanently", Location=location))

    async with scripted_upstream(handler) as server, Fetcher([server.host]) as fetcher:
        with pytest.raises(FetchForbidden):
            await get(fetcher, url_of(server))


async def test_redirects_end_after_five():
    async def handler(call: Call) -> None:
        await call.send(reply(status="302 Found", Location="/again"))

    async with scripted_upstream(handler) as server, Fetcher([server.host]) as fetcher:
        with pytest.raises(FetchFailed):
            await get(fetcher, url_of(server))
        assert len(targets(server)) == 6


async def test_a_redirect_to_nowhere_fails():
    async def handler(call: Call) -> None:
        await call.send(
            reply(status="302 Found") if call.target == "/none" else reply(status="302 Found", Location="http://")
        )

    async with scripted_upstream(handler) as server, Fetcher([server.host]) as fetcher:
        for target in ("/none", "/broken"):
            with pytest.raises(FetchFailed):
                await get(fetcher, url_of(server, target))
