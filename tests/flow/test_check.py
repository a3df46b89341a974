"""`easel check` against what is really there: an Easel that runs or does not, a proxy with TLS, clocks, disks."""

import asyncio
import json
import shutil
import socket
import ssl
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from aiohttp import ClientSession, web

from adapters import doctor
from adapters.cli import main
from adapters.doctor import machine, network
from adapters.doctor.findings import Finding, bounded
from adapters.http.server import INSTANCE_HEADER, HttpServer
from bot.chat import Chat
from bot.errors import SettingsWrong
from bot.runtime.clock import SystemClock
from bot.runtime.tls import client_context
from bot.settings import Settings, variables
from bot.store.store import Store
from tests.flow.store.stores import RULES, new_job
from tests.servers.upstream.scripted import Call, scripted_upstream
from tests.support import PROJECT

CERTIFICATE = PROJECT / "tests/wire/providers/http/tls/localhost.pem"  # for localhost, signed by itself


def settings(**values: Any) -> Settings:
    return Settings.model_validate(values)


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process trusts the certificate of localhost."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    client_context.cache_clear()
    yield
    client_context.cache_clear()


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


# ---------------------------------------------------------------- the public address


@asynccontextmanager
async def served_over_tls(answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncGenerator[str]:
    """What the world reaches: `https://localhost:port`."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE, CERTIFICATE.with_suffix(".key"))
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        yield f"https://localhost:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def passes_on(port: Callable[[], int]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """A reverse proxy in front of Easel's server, which passes on the two paths that the guide names."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if not request.path.startswith(("/callbacks/", "/telegram/")):
            return web.Response(status=404, text="not for the world")
        async with (
            ClientSession() as client,
            client.request(request.method, f"http://127.0.0.1:{port()}{request.path}") as passed,
        ):
            headers = {INSTANCE_HEADER: passed.headers[INSTANCE_HEADER]} if INSTANCE_HEADER in passed.headers else {}
            return web.Response(status=passed.status, body=await passed.read(), headers=headers)

    return answer


async def public_address(url: str, port: int, **values: Any) -> Finding:
    server = {"host": "127.0.0.1", "port": port, "public_url": url}
    [found] = await network.check_public_address(settings(server=server, **values))
    assert found.subject == "public address"
    return found


@pytest.mark.usefixtures("trusted")
async def test_the_public_address_of_an_easel_that_runs_leads_to_it() -> None:
    server = HttpServer("127.0.0.1", 0)
    await server.start()
    try:
        async with served_over_tls(passes_on(lambda: server.port)) as url:
            found = await public_address(url, server.port)
    finally:
        await server.stop()
    assert (found.status, found.message) == ("ok", f"{url} answers over HTTPS as this Easel")


@pytest.mark.usefixtures("trusted")
async def test_the_public_address_is_tried_where_no_easel_runs(free_port: int) -> None:
    async with served_over_tls(passes_on(lambda: free_port)) as url:
        found = await public_address(url, free_port)
        assert (found.status, found.message) == ("ok", f"{url} answers over HTTPS as this Easel")
        async with httpx.AsyncClient() as client:
            with pytest.raises(httpx.ConnectError):  # nobody listens any more
                await client.get(f"http://127.0.0.1:{free_port}/healthz")


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(("database", "status"), [("sqlite:///easel.db", "FAIL"), ("postgresql://db/easel", "ok")])
async def test_another_easel_at_the_public_address_is_told_from_ones_own(database: str, status: str) -> None:
    mine, other = HttpServer("127.0.0.1", 0), HttpServer("127.0.0.1", 0)
    await mine.start()
    await other.start()
    try:
        async with served_over_tls(passes_on(lambda: other.port)) as url:
            assert (await public_address(url, mine.port, database_url=database)).status == status
    finally:
        await mine.stop()
        await other.stop()


@pytest.mark.usefixtures("trusted")
async def test_something_else_at_the_public_address_is_named(free_port: int) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=404, headers={"Server": "nginx"})

    async with served_over_tls(answer) as url:
        found = await public_address(url, free_port)
    assert (found.is_ok, found.message) == (False, f"{url} answers with HTTP 404 of nginx, and not as Easel")
    assert found.hint == f"let the proxy pass /callbacks/, /telegram/ and /region on to http://127.0.0.1:{free_port}"


async def test_a_certificate_that_nobody_trusts_is_a_fault(free_port: int) -> None:
    async with served_over_tls(passes_on(lambda: free_port)) as url:
        found = await public_address(url, free_port)
    assert not found.is_ok
    assert "certificate" in found.message
    assert "certificate" in found.hint


async def test_a_public_address_that_nobody_serves_is_a_fault(free_port: int) -> None:
    found = await public_address(f"https://localhost:{free_port}", free_port + 1)
    assert not found.is_ok
    assert "cannot be reached" in found.message
    assert found.hint


async def test_without_a_public_address_none_is_asked() -> None:
    assert await network.check_public_address(settings()) == []


# ---------------------------------------------------------------- an Easel that runs


async def test_an_easel_that_runs_is_asked_whether_it_is_ready() -> None:
    reasons: dict[str, str] = {}

    async def telegram() -> str | None:
        return reasons.get("telegram")

    server = HttpServer("127.0.0.1", 0, checks={"telegram": telegram})
    await server.start()
    try:
        configured = settings(server={"port": server.port}).server
        where = f"an Easel answers at 127.0.0.1:{server.port}"
        assert await machine.check_port(configured) == Finding(subject="server", is_ok=True, message=where)
        reasons["telegram"] = "no connection"
        found = await machine.check_port(configured)
        assert (found.is_ok, found.message) == (False, f"{where}, and is not ready (telegram: no connection)")
    finally:
        await server.stop()


# ---------------------------------------------------------------- the clock


@asynccontextmanager
async def told(ahead: timedelta | None) -> AsyncGenerator[str]:
    """An upstream whose clock is that far ahead of this machine's; None: it says no time."""

    async def answer(call: Call) -> None:
        date = [] if ahead is None else [f"Date: {format_datetime(datetime.now(UTC) + ahead, usegmt=True)}"]
        await call.respond("{}", *date)

    async with scripted_upstream(answer) as upstream:
        yield upstream.url


@pytest.mark.parametrize(
    ("ahead", "status", "says"),
    [
        (timedelta(), "ok", "agrees with 1 of those it talks to"),
        (timedelta(minutes=-10), "FAIL", "s ahead of what others say"),
        (timedelta(days=2), "FAIL", "s behind of what others say"),
    ],
)
async def test_the_clock_is_compared_with_others(ahead: timedelta, status: str, says: str) -> None:
    async with told(ahead) as address:
        [found] = await network.check_clock([address, address])
    assert found.status == status
    assert says in found.message


async def test_who_says_no_time_says_nothing_of_the_clock(free_port: int) -> None:
    async with told(None) as address:
        assert await network.check_clock([address, f"http://127.0.0.1:{free_port}", "no address"]) == []
    assert await network.check_clock([]) == []


# ---------------------------------------------------------------- the disk


class Usage(NamedTuple):
    free: int


@pytest.mark.parametrize(("free", "status"), [(50_000_000_000, "ok"), (500_000_000, "note"), (1_000_000, "FAIL")])
def test_a_disk_that_fills_up_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, status: str) -> None:
    def measure(_: object) -> Usage:
        return Usage(free)

    monkeypatch.setattr(shutil, "disk_usage", measure)
    found = machine.check_disk(settings(database_url=f"sqlite:///{tmp_path}/not/yet/easel.db"))
    assert {each.status for each in found} == {status}
    assert bool(found[0].hint) == (status != "ok")


@pytest.mark.parametrize(
    ("count", "words"), [(12, "12 bytes"), (4_096, "4.1 kB"), (1_500_000, "1.5 MB"), (3 * 10**12, "3.0 TB")]
)
def test_sizes_are_for_people(count: int, words: str) -> None:
    assert machine.size(count) == words


# ---------------------------------------------------------------- the database


async def test_the_size_of_the_database_and_its_program_are_told(empty_database: str) -> None:
    store = await Store.open(empty_database, clock=SystemClock(), migrate=True)
    await store.close()
    [found] = [
        each
        for each in await doctor.run_checks(settings(database_url=empty_database, server={"enabled": False}))
        if each.subject == "database size"
    ]
    assert found.message.startswith(("SQLite 3.", "PostgreSQL 1"))


async def test_groups_with_the_newest_jobs_are_known(empty_database: str) -> None:
    store = await Store.open(empty_database, clock=SystemClock(), migrate=True)
    try:
        for name in ("a", "b", "a", "c"):
            chat = Chat(platform="telegram", id=f"-{ord(name)}", kind="group")
            await store.accept_job(new_job(chat=chat), RULES)
        await store.accept_job(new_job(), RULES)  # in private
        found = [each.id for each in await store.latest_groups("telegram", 2)]
        assert found == [f"-{ord('c')}", f"-{ord('a')}"]
        assert await store.latest_groups("discord", 2) == []
    finally:
        await store.close()


# ---------------------------------------------------------------- what is left at an upstream


@pytest.mark.parametrize(
    ("preset", "body", "says", "status"),
    [
        ("evolink", '{"data": {"user": {"remaining_credits": 1095.4}, "token": {}}}', "1,095.40 credits left", "ok"),
        ("evolink", '{"data": {"user": {"remaining_credits": 0.2}}}', "0.20 credits left", "note"),
        ("openrouter", '{"data": {"usage": 25.5, "limit_remaining": 74.5}}', "74.50 dollars left", "ok"),
        ("openrouter", '{"data": {"usage": 25.5, "limit_remaining": null}}', "it sets no limit for this key", "ok"),
        ("openrouter", '{"data": "maintenance"}', None, None),
    ],
)
async def test_the_balance_is_told_where_the_upstream_tells_it(
    preset: str, body: str, says: str | None, status: str | None
) -> None:
    async def answer(call: Call) -> None:
        await call.respond(body, "Content-Type: application/json")

    async with scripted_upstream(answer) as upstream:
        values = {"providers": [{"preset": preset, "base_url": upstream.url, "api_key": "k"}]}
        found = await doctor.run_checks(settings(**values, server={"enabled": False}))
    told = [(each.message, each.status) for each in found if each.subject == f"provider {preset} balance"]
    assert told == ([] if says is None else [(says, status)])


# ---------------------------------------------------------------- one check and the others


async def test_a_check_that_hangs_or_breaks_is_a_line_and_holds_up_nobody() -> None:
    async def hang() -> list[Finding]:
        await asyncio.Event().wait()
        return []

    async def break_down() -> list[Finding]:
        raise RuntimeError("of postgresql://me:secret@db")

    async def mistaken() -> list[Finding]:
        raise SettingsWrong(["a: b"])

    [hung] = await bounded("discord", hang(), timeout_s=0.01)
    assert (hung.subject, hung.is_ok, hung.message) == ("discord", False, "no answer within 0.01 s")
    [broken] = await bounded("discord", break_down())
    assert (broken.is_ok, broken.message) == (False, "the check itself failed (RuntimeError)")
    with pytest.raises(SettingsWrong):
        await bounded("discord", mistaken())


# ---------------------------------------------------------------- the command


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept_logging: None) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def check(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[Any, Any]:
    """The exit code and the JSON."""
    monkeypatch.setattr(sys, "argv", ["easel", "check", "--json", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code, json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("folder")
def test_json_of_a_failure(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    Path("easel.toml").write_text("playground.enabled = true\nserver.port = 0\n")
    code, told = check(monkeypatch, capsys)
    assert (code, told["ok"]) == (1, False)
    [failed] = [each for each in told["findings"] if each["status"] == "fail"]
    assert failed["subject"] == "providers"
    assert "easel init" in failed["hint"]


@pytest.mark.usefixtures("folder")
def test_json_of_a_mistake_in_the_settings(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    Path("easel.toml").write_text("[limits]\nuser_daly = 1\n")
    code, told = check(monkeypatch, capsys)
    assert code == 2
    [finding] = told["findings"]
    assert finding["message"] == "easel.toml: limits.user_daly: unknown key; did you mean limits.user_daily?"
    assert (told["ok"], finding["status"]) == (False, "fail")


# ---------------------------------------------------------------- the region page


@pytest.mark.parametrize(
    ("server", "said", "hinted"),
    [
        ({}, "no Region button in discord and telegram: server.public_url is not set", True),
        ({"public_url": "https://easel.example", "enabled": False}, "server.enabled is false", True),
        ({"public_url": "https://easel.example/"}, "members paint at https://easel.example/region", False),
    ],
)
def test_why_there_is_no_region_button_is_said(server: dict[str, Any], said: str, hinted: bool) -> None:
    [found] = network.describe_region_page(settings(server=server), ["discord", "telegram"])
    assert (found.subject, found.is_ok, bool(found.hint)) == ("region page", True, hinted)
    assert said in found.message
    assert network.describe_region_page(settings(server=server), []) == []


@pytest.mark.parametrize(
    ("server", "said", "hinted"),
    [
        ({}, "at http://127.0.0.1:8080/admin, on this computer alone", False),
        ({"host": "::1", "port": 90}, "at http://[::1]:90/admin, on this computer alone", False),
        ({"host": "0.0.0.0"}, "at http://127.0.0.1:8080/admin, on this computer alone", True),
        ({"public_url": "https://easel.example/bot/"}, "at https://easel.example/bot/admin, over HTTPS", False),
    ],
)
def test_where_administrators_sign_in_is_said(server: dict[str, Any], said: str, hinted: bool) -> None:
    [found] = network.describe_admin_page(settings(server=server, admins=["telegram:1"], admin_page={"enabled": True}))
    assert (found.subject, found.is_ok, bool(found.hint)) == ("admin page", True, hinted)
    assert said in found.message
    assert network.describe_admin_page(settings(server=server)) == []
