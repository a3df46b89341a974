"""Whom and what the playground turns away: other sites, other hosts, other paths, frames that are none."""

import asyncio
import json
import socket
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.playground.client import PlaygroundAdapter
from adapters.playground.protocol import FRAME_BYTES, SHOWN
from bot.chat import Card
from bot.errors import SettingsWrong
from tests.flow.playground.page_client import GROUP, PageServer, commands, run_playground
from tests.support.clocks import FakeClock
from tests.support.examples import examples

# ---------------------------------------------------------------- strangers


FOREIGN = [
    {"Host": "easel.example"},
    {"Host": "127.0.0.1"},
    {"Host": "127.0.0.1:1"},
    {"Host": "127.0.0.1.rebind.example:{port}"},
    {"Host": "rebind.example:{port}"},
    {"Host": "localhost.example:{port}"},
    {"Origin": "https://easel.example"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "http://localhost:{port}"},
    {"Origin": "https://127.0.0.1:{port}"},
    {"Origin": "null"},
]


@pytest.mark.forms(2)
@pytest.mark.parametrize("headers", FOREIGN)
async def test_strangers_are_turned_away_everywhere(server: PageServer, headers: dict[str, str]) -> None:
    sent = {name: value.format(port=server.server.port) for name, value in headers.items()}
    for path in ("/", "/static/app.js", "/files/x", "/previews/x", "/ws"):
        async with server.http.get(server.base + path, headers=sent) as answer:
            assert (answer.status, answer.content_type) == (403, "text/plain"), path
            assert server.base in await answer.text()
    posted = {"Origin": server.base} | sent
    async with server.http.post(f"{server.base}/files?name=x", data=b"x", headers=posted) as answer:
        assert answer.status == 403
    with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
        await server.http.ws_connect(f"{server.base}/ws", headers=sent)


@pytest.mark.forms(1)
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_another_site_can_link_to_the_page_but_not_load_from_it(server: PageServer, site: str) -> None:
    for path, status in (("/static/app.js", 403), ("/files/x", 403), ("/previews/x", 403)):
        async with server.http.get(server.base + path, headers={"Sec-Fetch-Site": site}) as answer:
            assert answer.status == status
    async with server.http.get(f"{server.base}/", headers={"Sec-Fetch-Site": site}) as answer:
        assert answer.status != 403


async def test_an_upload_needs_a_browser_that_says_whose_page_asks(server: PageServer) -> None:
    for headers, status in (({}, 403), ({"Sec-Fetch-Site": "none"}, 403), ({"Sec-Fetch-Site": "same-origin"}, 200)):
        async with server.http.post(f"{server.base}/files?name=x", data=b"x", headers=headers) as answer:
            assert answer.status == status


@pytest.mark.forms(1)
@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "[::1]"])
async def test_the_computer_s_own_names_are_welcome(server: PageServer, host: str) -> None:
    own = f"{host}:{server.server.port}"
    for headers in ({"Host": own}, {"Host": own, "Origin": f"http://{own}"}):
        async with server.http.get(f"{server.base}/files/x", headers=headers) as answer:
            assert answer.status == 404


@pytest.mark.forms(2)
@pytest.mark.parametrize(
    "path",
    [
        "/static/../client.py",
        "/static/%2e%2e/client.py",
        "/static/..%2fclient.py",
        "/static/%2e%2e%2fclient.py",
        "/static/x/../../client.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/..\\client.py",
        "/static/.hidden",
        "/files/../client.py",
        "/files/..%2f..%2fetc%2fpasswd",
        "/previews/..%2fclient.py",
    ],
)
async def test_no_path_leads_out_of_its_folder(server: PageServer, path: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.server.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.server.port}\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert answer.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400")), answer[:100]
    assert b"def " not in answer
    assert b"root:" not in answer


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "easel.example"])
def test_the_playground_refuses_to_be_reached_from_elsewhere(tmp_path: Path, host: str) -> None:
    with pytest.raises(SettingsWrong) as raised:
        PlaygroundAdapter(path=tmp_path / "room.db", host=host, clock=FakeClock(), commands=commands)
    assert raised.value.problems[0].startswith("server.host:")


# ---------------------------------------------------------------- bad wires


async def test_frames_that_are_no_frames_get_an_error_and_nothing_else(server: PageServer) -> None:
    async with server.connect() as page:
        for raw in (
            "",
            "{",
            "[]",
            "null",
            "17",
            '{"type":"shout"}',
            '{"type":"send"}',
            "[" * 100_000,
            '{"a":"\\ud800"}',
        ):
            await page.wire.send_str(raw)
            await page.receive_frame("error")
        await page.wire.send_bytes(b"\x00\x01")
        await page.receive_frame("error")
        await page.send_message("still here")


async def test_a_frame_beyond_the_limit_ends_that_connection_only(server: PageServer) -> None:
    async with server.connect() as page, server.connect() as other:
        with suppress(ConnectionError):  # the server may hang up before it has all
            await page.wire.send_str("x" * (FRAME_BYTES + 1))
        while (await page.wire.receive()).type is aiohttp.WSMsgType.TEXT:
            pass
        assert page.wire.closed
        await other.send_message("still here")


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)


def perhaps(*values: object) -> st.SearchStrategy[object]:
    return st.sampled_from(values) | JUNK


FRAMES = st.fixed_dictionaries(
    {"type": perhaps("start", "send", "press", "delete", "locale", "quota")},
    optional={
        "as": perhaps("amber", "easel", "nobody"),
        "chat": perhaps("studio", "direct-amber", "attic"),
        "text": perhaps("hello", "/imagine x", "@easel"),
        "files": perhaps([], ["0" * 32], ["../x"]),
        "reply_to": perhaps(None, "1", "0", "99999999999999999999"),
        "message": perhaps("1", "2", "-1", "1e3"),
        "action": perhaps("cancel", "edit", "explode"),
        "job": perhaps("j1", ""),
        "nonce": perhaps("a", "b", ""),
        "locale": perhaps("ru", "xx"),
    },
)


@settings(
    max_examples=examples(40),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(frames=st.lists(FRAMES | JUNK, min_size=1, max_size=5), nonce=st.uuids())
async def test_no_frame_ends_the_server(server: PageServer, frames: list[object], nonce: object) -> None:
    async with server.connect() as page:
        for frame in frames:
            await page.wire.send_str(json.dumps(frame))
        assert await page.send_message("still here", nonce=str(nonce))


async def test_a_page_that_does_not_read_is_let_go_and_others_are_not_kept_waiting(tmp_path: Path) -> None:
    async with run_playground(tmp_path, backlog=20) as server, server.connect() as other:
        deaf = socket.socket()
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.setblocking(False)
        await asyncio.get_running_loop().sock_connect(deaf, ("127.0.0.1", server.server.port))
        reader, writer = await asyncio.open_connection(sock=deaf, limit=1024)
        writer.write(
            f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{server.server.port}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        assert (await reader.readline()).startswith(b"HTTP/1.1 101")
        start = b'{"type":"start","locale":"en"}'
        writer.write(bytes([0x81, 0x80 | len(start), 0, 0, 0, 0]) + start)  # masked with zeros
        async with server.connect() as witness:  # comes later: once it is greeted, the deaf one is in
            for number in range(250):
                ref = await server.playground.post(GROUP, Card(text="я" * SHOWN), reply_to=None, key=str(number))
                for page in (other, witness):
                    await page.receive_message(ref.message_id)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(250 * SHOWN * 6)
        writer.close()


async def test_readiness_follows_the_playground(server: PageServer) -> None:
    async with server.http.get(f"{server.base}/readyz") as answer:
        assert answer.status == 200
    await server.playground.close()
    async with server.http.get(f"{server.base}/readyz") as answer:
        assert (answer.status, (await answer.json())["reasons"]) == (503, {"playground": "closed"})
