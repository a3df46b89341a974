"""Administrators are told over the real wire: at an address, and in their own chats of Telegram and Discord."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot import texts
from bot.alerting import watch
from bot.alerting.channels import AdminMessages, Webhook
from bot.alerting.conditions import ConditionName, Notice, Symptom
from bot.providers.http.client import UpstreamClient
from tests.flow.world import sandbox_provider
from tests.servers.upstream.scripted import Call, Script, scripted_upstream
from tests.support.clocks import InstantClock
from tests.support.waiting import wait_until
from tests.wire.discord.easel import discord_world
from tests.wire.telegram.easel import telegram_world

NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
FUNDS = Notice(symptom=Symptom(name=ConditionName.PROVIDER_FUNDS, subject="openai", detail="a <detail>"), since=NOW)
WORDS = "The balance at provider openai is used up. Please top it up. (a <detail>)"


@pytest.fixture(autouse=True, scope="module")
def texts_read() -> None:
    """As `App.open` does, in a thread."""
    texts.preload_locales()


async def ok(call: Call) -> None:
    await call.respond("ok")


def status(line: str, *headers: str) -> Script:
    async def answer(call: Call) -> None:
        await call.respond("no", *headers, status=line)

    return answer


async def posted(*scripts: Script, notice: Notice = FUNDS) -> tuple[bool, list[dict[str, Any]]]:
    """What a webhook answers, and the objects that were posted."""
    async with scripted_upstream(*scripts) as receiver, UpstreamClient() as client:
        url = SecretStr(f"{receiver.url}/hooks/secret?wait=1")
        hook = Webhook(url, client, InstantClock(), locale="en", instance="easel.example")
        told = await hook.send(notice)
        assert {call.target for call in receiver.calls} == {"/hooks/secret?wait=1"}
        return told, [dict(call.json()) for call in receiver.calls]


async def test_what_is_posted_suits_slack_and_discord_and_programs() -> None:
    told, [body] = await posted(ok)
    assert told
    assert body.pop("at")
    assert body == {
        "text": f"Easel (easel.example): {WORDS.replace('<', '‹').replace('>', '›')}",
        "content": body["text"],
        "allowed_mentions": {"parse": []},
        "condition": "provider-funds",
        "subject": "openai",
        "detail": "a <detail>",
        "status": "problem",
        "since": NOW.isoformat(),
        "instance": "easel.example",
    }


@pytest.mark.parametrize(
    ("scripts", "told", "calls"),
    [
        ((status("503 Service Unavailable"), ok), True, 2),
        ((status("429 Too Many Requests", "Retry-After: 1"), status("500 Oops"), ok), True, 3),
        ((status("500 Oops"),), False, 3),
        ((status("404 Not Found"),), False, 1),
        ((status("302 Found", "Location: http://127.0.0.1:1/"),), False, 1),
    ],
)
async def test_a_receiver_that_fails_is_tried_again(scripts: tuple[Script, ...], told: bool, calls: int) -> None:
    answered, bodies = await posted(*scripts)
    assert (answered, len(bodies)) == (told, calls)


async def test_telegram(tmp_path: Path) -> None:
    async with telegram_world(tmp_path) as world, world.easel() as easel:
        ports = {"telegram": easel.telegram}
        admins = [f"telegram:{world.ada.id}", "telegram:@ada", "discord:1"]
        messages = AdminMessages(admins, ports, easel.app.status_messages, world.clock, locale="en")
        assert await messages.send(FUNDS)
        said = await world.wait_for_reply()
        assert said.text == WORDS
        await messages.close()
        elsewhere = AdminMessages(["discord:1"], ports, easel.app.status_messages, world.clock, locale="en")
        assert not await elsewhere.send(FUNDS)


async def test_discord(tmp_path: Path) -> None:
    async with discord_world(tmp_path) as world, world.easel() as easel:
        admins = [f"discord:{world.ada.id}", "discord:999"]
        messages = AdminMessages(
            admins, {"discord": easel.discord}, easel.app.status_messages, world.clock, locale="en"
        )
        assert await messages.send(FUNDS)
        chat = await easel.discord.open_direct_chat(str(world.ada.id))
        channel = world.server.world.channels[int(chat.id.partition("/")[2])]
        said = await world.wait_for_reply(channel)
        assert said.content == WORDS.replace("<", "\\<")
        await messages.close()


async def test_a_key_that_is_refused_is_told_and_so_is_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "LOOK_EVERY_S", 0.05)
    async with telegram_world(tmp_path) as world, scripted_upstream(ok) as receiver:
        world.settings["providers"] = [sandbox_provider(world.sandbox, "chat", api_key="wrong")]
        world.settings["notifications"] = {"webhook": receiver.url + "/hook", "admins": True}
        async with world.served():
            world.server.say(world.ada, world.private, "a fox")
            call = await asyncio.wait_for(receiver.call(), 60)
            await call.received.wait()
            body = call.json()
            assert (body["condition"], body["subject"], body["status"]) == ("provider-refuses", "chat", "problem")
            told = "Provider chat does not accept Easel’s key. Please check it."
            await world.until(lambda: [one for one in world.bot_messages() if one.text.startswith(told)])
        world.settings["providers"] = [sandbox_provider(world.sandbox, "chat")]
        async with world.served():
            world.server.say(world.ada, world.private, "a fox")
            over = "Provider chat accepts Easel’s key again."
            await world.until(lambda: [one for one in world.bot_messages() if one.text == over])
            await wait_until(lambda: _is_two(receiver.calls))
    assert receiver.calls[1].json()["status"] == "over"


async def _is_two(calls: list[Call]) -> bool:
    return len(calls) == 2 and calls[1].received.is_set()
