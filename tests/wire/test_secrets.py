"""No secret shows anywhere: marked tokens and keys, a whole Easel on both platforms and in every dialect, everything
that can fail failing; then the marks are looked for in logs, the database, requests, messages, pages and commands.

What Telegram's adapter does about its own token is proved in `telegram/test_secrets.py` in more detail.
"""

import asyncio
import logging
import os
import re
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web
from discord.gateway import DiscordWebSocket
from discord.http import Route

from adapters import doctor, service
from adapters.telegram import api
from bot.chat import Action
from bot.sandbox import Sandbox
from bot.settings import Settings
from tests.servers import discord as discords
from tests.servers import telegram as telegrams
from tests.support import PROJECT
from tests.support.clocks import FastClock
from tests.support.databases import migrated_sqlite
from tests.support.images import png
from tests.support.waiting import wait_until
from tests.wire.discord import easel as in_discord
from tests.wire.telegram import easel as in_telegram
from tests.wire.telegram.edges import free_port

TELEGRAM = "700001:AAE_MarkedTelegramTokenThatNobodyMaySee"
DISCORD = "MarkedDiscord.Token.ThatNobodyMaySee"
KEY, ECHOED = "sk-marked-key-of-the-upstream", "sk-marked-key-of-the-echo"
WISH = "umbrellabird at dusk"  # in members' prompts, long enough to be hidden in quotes
SPEED = 10.0  # times as fast as the machine's: pauses before the next try, and rate limits
PATIENCE = 2.0  # real seconds of Telegram's library with a call
PUBLIC = "https://easel.example"
DIALECTS = ("chat", "tasks", "images")
# The first three are the echo's, which turns down all others; then the sandbox does what stands in brackets.
TROUBLES = ("stop", "prose", "moved", "[[400]]", "[[500]]", "[[moderation]]", "[[broken]]", "[[gone]]", "[[cut]]")


# ---------------------------------------------------------------- an upstream that says back whatever it is told


@dataclass(slots=True)
class Echo:
    """Answers every request with an error in which all of it stands: headers, key, prompt. `heard`: requests whole,
    without their authorization."""

    address: str = ""
    heard: list[str] = field(default_factory=list[str])

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = (await request.read()).decode("utf-8", "replace")
        key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        others = {name: value for name, value in request.headers.items() if name != "Authorization"}
        self.heard.append(f"{request.method} {request.raw_path} {others} {body}")
        words = f"the key {key} may not do this: {body}"
        told = {"error": {"code": key, "type": key, "message": words}, "trace_id": key}
        headers = {"X-Request-Id": key, "Location": f"{self.address}/{key}"}
        if "prose" in body:
            said = {"role": "assistant", "content": words}
            whole: Any = {
                "id": key,
                "choices": [{"message": said, "finish_reason": "stop"}],
                "status": "failed",
                **told,
            }
            return web.json_response(whole, headers=headers)
        if "moved" in body:
            return web.Response(status=302, text=words, headers=headers)
        return web.json_response(told, status=400 if "stop" in body else 503, headers=headers)


@asynccontextmanager
async def echo() -> AsyncGenerator[Echo]:
    made = Echo()
    app = web.Application(client_max_size=100_000_000)
    app.router.add_route("*", "/{tail:.*}", made.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield made
    finally:
        await runner.cleanup()


# ---------------------------------------------------------------- a whole Easel


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """Easel as `easel run` serves it, in both platforms at once. `address`: of its own server."""

    telegram: in_telegram.TelegramWorld
    discord: in_discord.DiscordWorld
    sandbox: Sandbox
    echo: Echo
    settings: Settings
    address: str
    folder: Path


@pytest.fixture(autouse=True)
def own_discord() -> Iterator[None]:
    """The library keeps its addresses for the whole process."""
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    yield
    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Everything that anybody logs, from before the adapters are made. The database's libraries would only repeat what
    lies in its files, which are read."""
    for name in (None, *logging.root.manager.loggerDict):
        if name is None or not name.startswith(("aiosqlite", "sqlalchemy")):
            caplog.set_level(logging.DEBUG, logger=name)
    return caplog


@asynccontextmanager
async def whole(folder: Path, dialect: str, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Whole]:
    clock = FastClock(SPEED)
    monkeypatch.setattr(service, "SystemClock", lambda: clock)
    monkeypatch.setattr(api, "READ_TIMEOUT_S", PATIENCE)
    port = await free_port()
    address = f"http://127.0.0.1:{port}"
    async with (
        echo() as repeats,
        Sandbox(key=KEY, pace=0, edge=64, callbacks_to=address) as sandbox,
        telegrams.TelegramServer(
            token=TELEGRAM, limits=telegrams.UNLIMITED, now=clock.now, time=clock.monotonic
        ) as telegram,
        discords.DiscordServer(token=DISCORD, now=clock.now, time=clock.monotonic) as discord,
    ):
        telegram.webhook.to = address
        ada = telegram.add_user("Ada")
        guild = discord.world.add_guild()
        values: dict[str, Any] = {
            "database_url": migrated_sqlite(folder),
            "providers": [
                {"name": "echo", "preset": "sandbox", "base_url": repeats.address, "api_key": ECHOED},
                {"name": "good", "preset": "sandbox", "base_url": sandbox.address, "api_key": KEY},
            ],
            "fetch": {"allow_hosts": [sandbox.address.removeprefix("http://")]},
            "drain_s": 0,
            "limits": {"user_per_minute": None, "user_concurrent": 20},
            "server": {"port": port, "public_url": PUBLIC},
            "playground": {"enabled": True, "path": folder / "playground.db"},
            "telegram": {"token": TELEGRAM, "api_base": telegram.api_base, "mode": "webhook"},
            "discord": {"token": DISCORD, "api_base": discord.api_base, "gateway_url": discord.gateway_url},
        }
        for provider in values["providers"]:
            provider["dialect"] = dialect
        settings = Settings(**values)
        stop, serving = asyncio.Event(), asyncio.Event()
        running = asyncio.create_task(service.serve(settings, stop=stop, ready=lambda _: serving.set()))
        try:
            await serving.wait()
            await wait_until(lambda: is_ready(address))
            yield Whole(
                telegram=in_telegram.TelegramWorld(
                    server=telegram,
                    sandbox=sandbox,
                    folder=folder,
                    clock=clock,
                    ada=ada,
                    private=telegram.private(ada, opened=True),
                    group=telegram.add_group("Painters", members=[ada]),
                ),
                discord=in_discord.DiscordWorld(
                    server=discord,
                    sandbox=sandbox,
                    folder=folder,
                    clock=clock,
                    guild=guild,
                    channel=discord.world.add_channel(guild),
                    ada=discord.world.add_member(guild, "Ada"),
                ),
                sandbox=sandbox,
                echo=repeats,
                settings=settings,
                address=address,
                folder=folder,
            )
        finally:
            stop.set()
            await running


async def is_ready(address: str) -> bool:
    async with httpx.AsyncClient() as caller:
        return (await caller.get(f"{address}/readyz")).status_code == 200


# ---------------------------------------------------------------- what is done in it


async def telegram_scenes(world: in_telegram.TelegramWorld) -> None:
    server, ada, private = world.server, world.ada, world.private

    async def request(text: str, *, picture: bool = False, chat: telegrams.Chat = private) -> telegrams.Message:
        sent = server.photo(ada, chat, png(), caption=text) if picture else server.say(ada, chat, text)
        shown = await world.until(lambda: _last_word(world, chat, sent))
        assert shown is not None
        return shown

    await asyncio.gather(*(request(f"a {WISH} {words}") for words in TROUBLES))
    picture = await request(f"a {WISH}", picture=True)
    server.press(ada, picture, in_telegram.button(picture, Action.VARY))
    await request(f"/imagine@easel_bot a {WISH}", chat=world.group)
    for words in (("/help", "/quota", "/history"), ("/privacy", "/admin stats"), ("/nothing", "--size 9:1 x")):
        await asyncio.gather(*(request(each) for each in words))
    faults = server.faults
    for method in ("sendMessage", "editMessageMedia", "getFile", "file"):
        faults.fail(method)
        faults.drop(method)
        faults.garble(method)
        await request(f"a {WISH} once more", picture=True)
        faults.planned.clear()


def _last_word(
    world: in_telegram.TelegramWorld, chat: telegrams.Chat, request: telegrams.Message
) -> telegrams.Message | None:
    found = [one for one in world.mine(chat) if one.reply_to is request and "easel:cancel:" not in repr(one.buttons)]
    return found[-1] if found else None


async def discord_scenes(world: in_discord.DiscordWorld) -> None:
    server, ada, channel = world.server, world.ada, world.channel

    async def said(text: str, **given: Any) -> discords.Message:
        request = server.say(ada, channel, f"{world.bot_mention} {text}", **given)
        shown = await world.until(lambda: _last_post(world, request))
        assert shown is not None
        return shown

    async def asked(command: str, options: dict[str, Any] | None = None) -> discords.Message:
        made = server.slash(ada, channel, command, options or {})
        shown = await world.until(lambda: _answer(made))
        assert shown is not None
        return shown

    await asyncio.gather(*(said(f"a {WISH} {words}") for words in TROUBLES))
    await said(f"a {WISH}", files=[in_discord.photo()])
    picture = await asked("imagine", {"prompt": f"a {WISH}", "image": in_discord.photo()})
    click = server.click(ada, picture, in_discord.button(picture, Action.EDIT))
    await world.until(lambda: click.modal)
    server.click(ada, picture, in_discord.button(picture, Action.VARY))
    await asyncio.gather(*(asked(each) for each in ("help", "quota", "history", "privacy")))
    message = ("/channels/{channel_id}/messages", "/channels/{channel_id}/messages/{message_id}")
    token = "/webhooks/{webhook_id}/{webhook_token}/messages/@original"
    for method, route in (("POST", message[0]), ("PATCH", message[1]), ("PATCH", token)):
        server.faults.fail(method, route)
        server.faults.drop(method, route)
        server.faults.garble(method, route)
        if route == token:
            await asked("imagine", {"prompt": f"a {WISH} once more"})
        else:
            await said(f"a {WISH} once more")
        server.faults.planned.clear()
    server.gateway.cut()
    await said(f"a {WISH} after a cut")


def _last_post(world: in_discord.DiscordWorld, request: discords.Message) -> discords.Message | None:
    posts = [one for one in world.bot_messages() if one.reference is not None and one.reference.message is request]
    return next((one for one in posts if "easel:cancel:" not in repr(one.components)), None)


def _answer(asked: discords.Interaction) -> discords.Message | None:
    shown = asked.original
    return None if shown is None or shown.loading or "easel:cancel:" in repr(shown.components) else shown


async def callers(easel: Whole) -> str:
    """Whatever anybody may ask Easel's own server for, rightly or not; its answers."""
    hook = easel.telegram.server.webhook
    path = hook.url.removeprefix(PUBLIC)
    async with httpx.AsyncClient(base_url=easel.address) as caller:
        answers = [await caller.get(each) for each in ("/healthz", "/readyz", "/metrics", "/", "/nothing")]
        answers += [
            await caller.post(path, content=b"{}", headers={"X-Telegram-Bot-Api-Secret-Token": "wrong"}),
            await caller.post(path, content=b"{"),
            await caller.get(path),
            await caller.post("/callbacks/guessed"),
            await caller.get("/callbacks/guessed"),
            await caller.post("/", content=b"x" * 100),
        ]
    return "".join(f"{answer.status_code} {answer.headers} {answer.text}" for answer in answers)


async def command(folder: Path, settings: Settings, name: str, **broken: Any) -> str:
    """What `easel NAME` writes, with these settings in its environment."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("EASEL_", "COV_"))}
    provider = settings.providers[0]
    env |= {
        "EASEL_DATABASE_URL": settings.database_url,
        "EASEL_TELEGRAM__TOKEN": TELEGRAM,
        "EASEL_TELEGRAM__API_BASE": settings.telegram.api_base,
        "EASEL_DISCORD__TOKEN": DISCORD,
        "EASEL_DISCORD__API_BASE": settings.discord.api_base,
        "EASEL_PROVIDERS": f'[{{"preset": "sandbox", "base_url": "{provider.base_url}", "api_key": "{ECHOED}"}}]',
        "EASEL_LOG__LEVEL": "debug",
        **broken,
    }
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from adapters.cli import main; main()",
        name,
        cwd=folder,
        env=env | {"PYTHONPATH": str(PROJECT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await running.communicate()
    return said.decode()


# ---------------------------------------------------------------- where the marks are looked for


def written(folder: Path) -> str:
    """What lies in the databases' files."""
    return "".join(each.read_bytes().decode("latin-1") for each in sorted(folder.glob("*.db*")))


def shown_in_telegram(server: telegrams.TelegramServer) -> str:
    """Every state of every message, every answer, and the parameters of every call."""
    chats = [*server.core.world.chats.values()]
    states = [state for chat in chats for one in chat.messages.values() for state in one.history]
    calls = [(one.method, one.params) for one in server.requests if one.method != "setWebhook"]
    return repr([(state.text, state.markup) for state in states]) + repr(calls)


def shown_in_discord(server: discords.DiscordServer) -> str:
    """Every version of every message, and the body of every call."""
    messages = [(one.versions, one.components) for one in server.world.messages.values()]
    return repr(messages) + repr([(one.method, one.route, one.payload) for one in server.requests])


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_marked_secrets_show_nowhere(
    tmp_path: Path, log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, dialect: str
) -> None:
    async with whole(tmp_path, dialect, monkeypatch) as easel:
        await asyncio.gather(telegram_scenes(easel.telegram), discord_scenes(easel.discord))
        await easel.discord.wait_until_settled()
        http = await callers(easel)
        hook = easel.telegram.server.webhook
        paths = [hook.secret or "", hook.url.rpartition("/")[2]]
        tokens = easel.discord.server.interactions.tokens
        findings = await doctor.run_checks(easel.settings)
        upstream = repr(easel.sandbox.requests) + "".join(easel.echo.heard)
    places = {
        "log": log.text + repr([record.__dict__ for record in log.records]),
        "database": await asyncio.to_thread(written, tmp_path),
        "upstream": upstream,
        "telegram": shown_in_telegram(easel.telegram.server),
        "discord": shown_in_discord(easel.discord.server),
        "http": http,
        "check": repr(findings),
        "objects": repr(easel.settings),
    }
    keys = [KEY, ECHOED, TELEGRAM, TELEGRAM.partition(":")[2], DISCORD]
    assert easel.echo.heard
    assert tokens
    assert all(paths)
    for secret in [*keys, *paths]:
        assert [place for place, text in places.items() if secret in text] == []
    called = re.findall(PUBLIC + r"/callbacks/([\w-]+)", upstream)
    assert bool(called) == (dialect == "tasks")
    for secret in called:  # upstreams are told, nobody else
        assert [place for place, text in places.items() if secret in text and place != "upstream"] == []
    # An interaction's token lies in the database, since it answers after a restart too; a signature dies in a day.
    signatures = ["&hm=", f"file/bot{TELEGRAM}"]
    for secret in [*tokens, *signatures]:
        assert [place for place, text in places.items() if secret in text and place != "database"] == []
    assert WISH not in places["log"]
    assert WISH not in http


async def test_commands_of_the_operator_print_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with whole(tmp_path, "chat", monkeypatch) as easel:
        settings = easel.settings
        right = await command(tmp_path, settings, "check")
        assert "provider" in right
    elsewhere = f"://easel:{KEY}@127.0.0.1:1/easel"
    wrong = await asyncio.gather(
        command(tmp_path, settings, "check"),  # nobody answers any more
        command(tmp_path, settings, "run", EASEL_DISCORD__API_BASE=DISCORD),
        command(tmp_path, settings, "run", EASEL_PROVIDERS=f"[{{{ECHOED}"),
        command(tmp_path, settings, "run", EASEL_DATABASE_URL=f"postgresql{elsewhere}"),
        command(tmp_path, settings, "check", EASEL_DATABASE_URL=f"postgresql{elsewhere}"),
    )
    for said in (right, *wrong):
        assert said
        for secret in (KEY, ECHOED, TELEGRAM.partition(":")[2], DISCORD):
            assert secret not in said
