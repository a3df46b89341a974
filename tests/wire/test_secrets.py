"""No secret shows anywhere: marked tokens and keys, a whole Easel on both platforms and in every dialect, everything
that can fail failing; then the marks are looked for in logs, the database, requests, messages, pages and commands.

What Telegram's adapter does about its own token is proved in `telegram/test_secrets.py` in more detail.
"""

import asyncio
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route

from adapters import doctor
from bot.chat import Action
from bot.settings import Settings
from tests.servers import discord as discords
from tests.servers import telegram as telegrams
from tests.support.forked import easel_command, forked
from tests.support.images import png
from tests.wire.discord import easel as in_discord
from tests.wire.marked_easel import (
    DIALECTS,
    DISCORD,
    ECHOED,
    KEY,
    PUBLIC,
    TELEGRAM,
    TROUBLES,
    WISH,
    Whole,
    whole,
)
from tests.wire.telegram import easel as in_telegram


@pytest.fixture(autouse=True)
def own_discord() -> Iterator[None]:
    """The library keeps its addresses for the whole process."""
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    yield
    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before


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
    found = [
        one for one in world.bot_messages(chat) if one.reply_to is request and "easel:cancel:" not in repr(one.buttons)
    ]
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
    provider = settings.providers[0]
    env = {
        "EASEL_DATABASE_URL": settings.database_url,
        "EASEL_TELEGRAM__TOKEN": TELEGRAM,
        "EASEL_TELEGRAM__API_BASE": settings.telegram.api_base,
        "EASEL_DISCORD__TOKEN": DISCORD,
        "EASEL_DISCORD__API_BASE": settings.discord.api_base,
        "EASEL_PROVIDERS": f'[{{"preset": "sandbox", "base_url": "{provider.base_url}", "api_key": "{ECHOED}"}}]',
        "EASEL_LOG__LEVEL": "debug",
        **broken,
    }
    errors = folder / f"stderr {uuid4()}"
    async with forked(easel_within, str(folder), env, name, stderr=errors) as child:
        said = await child.stdout.read()
        await child.wait()
    return said.decode() + errors.read_text()


def easel_within(folder: str, env: dict[str, str], name: str) -> None:
    """`easel NAME` in that folder, in the child."""
    os.environ.update(env)
    os.chdir(folder)
    easel_command(name)


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


@pytest.mark.forms(1)
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
        upstream = repr(easel.sandbox.requests) + "".join(easel.echo.received)
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
    assert easel.echo.received
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


@pytest.mark.thorough
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
