"""The HTTP server over real sockets: health, readiness, metrics, mounted routes, addresses it cannot have."""

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from prometheus_client import Counter
from structlog.testing import capture_logs

from adapters.http.server import Check, HttpServer
from bot.errors import SettingsWrong

Logs = list[MutableMapping[str, Any]]


@pytest.fixture(autouse=True)
def logs() -> Iterator[Logs]:
    with capture_logs() as kept:
        yield kept


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@asynccontextmanager
async def running(server: HttpServer) -> AsyncGenerator[str]:
    await server.start()
    try:
        yield server.address
    finally:
        await server.stop()


def saying(answer: str | None) -> Check:
    async def check() -> str | None:
        return answer

    return check


async def raising() -> str | None:
    raise RuntimeError("postgresql://easel:hunter2@db")


async def hanging() -> str | None:
    await asyncio.Event().wait()
    return None


async def test_it_is_healthy_as_long_as_it_answers(http: aiohttp.ClientSession) -> None:
    server = HttpServer("127.0.0.1", 0, checks={"database": saying("locked")})
    async with running(server) as base, http.get(f"{base}/healthz") as answer:
        assert (answer.status, await answer.text()) == (200, "ok\n")


async def test_it_is_ready_when_every_check_passes(http: aiohttp.ClientSession) -> None:
    server = HttpServer("127.0.0.1", 0, checks={"database": saying(None)})
    server.add_check("discord", saying(None))
    async with running(server) as base, http.get(f"{base}/readyz") as answer:
        assert (answer.status, await answer.json()) == (200, {"ready": True, "reasons": {}})


async def test_it_names_every_reason_for_not_being_ready_and_no_secret(http: aiohttp.ClientSession) -> None:
    checks = {"a": saying(None), "b": saying("not connected"), "c": raising, "d": hanging}
    server = HttpServer("127.0.0.1", 0, checks=checks, check_timeout_s=0.05)
    async with running(server) as base, http.get(f"{base}/readyz") as answer:
        reasons = {"b": "not connected", "c": "RuntimeError", "d": "no answer"}
        assert (answer.status, await answer.json()) == (503, {"ready": False, "reasons": reasons})


async def test_it_shows_metrics_as_prometheus_reads_them(http: aiohttp.ClientSession) -> None:
    Counter("easel_test_things", "Counted by a test").inc(3)
    async with running(HttpServer("127.0.0.1", 0)) as base, http.get(f"{base}/metrics") as answer:
        assert answer.content_type == "text/plain"
        assert "easel_test_things_total 3.0" in await answer.text()


async def test_adapters_mount_their_routes(http: aiohttp.ClientSession) -> None:
    async def hello(_: web.Request) -> web.Response:
        return web.Response(text="hello")

    server = HttpServer("127.0.0.1", 0)
    server.mount([web.get("/hello", hello)])
    async with running(server) as base:
        async with http.get(f"{base}/hello") as answer:
            assert await answer.text() == "hello"
        async with http.get(f"{base}/nothing") as answer:
            assert answer.status == 404


async def test_a_secret_in_a_path_is_not_logged(http: aiohttp.ClientSession, logs: Logs) -> None:
    async with running(HttpServer("127.0.0.1", 0)) as base:
        async with http.post(f"{base}/telegram/very-secret?token=hidden"):
            pass
        async with http.get(f"{base}/healthz"):
            pass
    assert [(each["path"], each["status"], each["log_level"]) for each in logs] == [
        ("/telegram/…", 404, "debug"),
        ("/healthz", 200, "debug"),
    ]


async def test_a_port_in_use_is_a_mistake_in_the_settings(unused_port_holder: int) -> None:
    server = HttpServer("127.0.0.1", unused_port_holder)
    with pytest.raises(SettingsWrong) as raised:
        await server.start()
    assert raised.value.problems == [f"server.port: {unused_port_holder} is in use by another program"]
    await server.stop()


@pytest.mark.parametrize(
    ("host", "port", "key"), [("203.0.113.7", 0, "server.host"), ("127.0.0.1", 99_999, "server.port")]
)
async def test_an_address_that_cannot_be_had_names_its_setting(host: str, port: int, key: str) -> None:
    with pytest.raises(SettingsWrong) as raised:
        await HttpServer(host, port).start()
    assert raised.value.problems[0].startswith(f"{key}: ")


async def test_it_tells_where_it_listens(http: aiohttp.ClientSession) -> None:
    server = HttpServer("::1", 0)
    assert server.address == "http://[::1]:0"
    async with running(server) as base:
        assert base == f"http://[::1]:{server.port}"
        assert server.port > 0
        async with http.get(f"{base}/healthz") as answer:
            assert answer.status == 200


async def test_stopping_lets_requests_under_way_finish(http: aiohttp.ClientSession) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_: web.Request) -> web.Response:
        begun.set()
        await go_on.wait()
        return web.Response(text="finished")

    server = HttpServer("127.0.0.1", 0)
    server.mount([web.get("/slow", slow)])
    await server.start()
    request = asyncio.create_task(http.get(f"{server.address}/slow"))
    await begun.wait()
    stopping = asyncio.create_task(server.stop())
    await asyncio.sleep(0)
    go_on.set()
    async with await request as answer:
        assert await answer.text() == "finished"
    await stopping
    await server.stop()


@pytest.fixture
def unused_port_holder() -> Iterator[int]:
    """A port that somebody else listens on."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]
