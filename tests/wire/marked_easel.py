"""A whole Easel with marked tokens and keys, on both platforms, and an upstream that echoes everything it receives.

What the tests of leaked secrets run. Asserts nothing by itself.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters import service
from adapters.telegram import api
from bot.sandbox import Sandbox
from bot.settings import Settings
from tests.servers import discord as discords
from tests.servers import telegram as telegrams
from tests.servers.upstream.scripted import Call, scripted_upstream
from tests.support.clocks import FastClock
from tests.support.waiting import wait_until
from tests.support.world import World
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
    """Answers every request with an error in which all of it stands: headers, key, prompt."""

    address: str = ""
    received: list[str] = field(default_factory=list[str])
    """Requests whole, without their authorization."""

    async def serve(self, call: Call) -> None:
        body = call.body.decode("utf-8", "replace")
        key = call.headers.get("authorization", "").removeprefix("Bearer ")
        others = {name: value for name, value in call.headers.items() if name != "authorization"}
        self.received.append(f"{call.start} {others} {body}")
        words = f"the key {key} may not do this: {body}"
        error = {"error": {"code": key, "type": key, "message": words}, "trace_id": key}
        headers = (f"X-Request-Id: {key}", f"Location: {self.address}/{key}")
        if "prose" in body:
            said = {"role": "assistant", "content": words}
            choices = [{"message": said, "finish_reason": "stop"}]
            await call.respond_json({"id": key, "choices": choices, "status": "failed", **error}, *headers)
        elif "moved" in body:
            await call.respond(words, *headers, "Content-Type: text/plain", status="302 Found")
        else:
            status = "400 Bad Request" if "stop" in body else "503 Service Unavailable"
            await call.respond_json(error, *headers, status=status)


@asynccontextmanager
async def echo() -> AsyncGenerator[Echo]:
    made = Echo()
    async with scripted_upstream(made.serve) as upstream:
        made.address = upstream.url
        yield made


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
        in_both: dict[str, Any] = {"sandbox": sandbox, "folder": folder, "clock": clock}
        world = World(**in_both)
        world.settings = {
            "providers": [
                world.provider(name="echo", base_url=repeats.address, api_key=ECHOED, dialect=dialect),
                world.provider(name="good", api_key=KEY, dialect=dialect),
            ],
            "limits": {"user_per_minute": None, "user_concurrent": 20},
            "server": {"port": port, "public_url": PUBLIC},
            "playground": {"enabled": True, "path": folder / "playground.db"},
            "telegram": {"token": TELEGRAM, "api_base": telegram.api_base, "mode": "webhook"},
            "discord": {"token": DISCORD, "api_base": discord.api_base, "gateway_url": discord.gateway_url},
        }
        async with world.served():
            await wait_until(lambda: is_ready(address))
            yield Whole(
                telegram=in_telegram.TelegramWorld(
                    server=telegram,
                    ada=ada,
                    private=telegram.private(ada, opened=True),
                    group=telegram.add_group("Painters", members=[ada]),
                    **in_both,
                ),
                discord=in_discord.DiscordWorld(
                    server=discord,
                    guild=guild,
                    channel=discord.world.add_channel(guild),
                    ada=discord.world.add_member(guild, "Ada"),
                    **in_both,
                ),
                sandbox=sandbox,
                echo=repeats,
                settings=Settings(**world.values()),
                address=address,
                folder=folder,
            )


async def is_ready(address: str) -> bool:
    async with httpx.AsyncClient() as caller:
        return (await caller.get(f"{address}/readyz")).status_code == 200
