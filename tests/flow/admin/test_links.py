"""Links to the admin page: in a private chat for admins, from the command line for whoever may run it, nowhere else."""

import json
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.admin.link_command import make_link
from bot.administration.sign_in import AdminSignIn
from bot.chat import User
from bot.errors import AdminLinkInGroup, AdminPageOff, AdminsOnly, SettingsWrong
from bot.runtime.clock import SystemClock
from bot.sandbox import Sandbox
from bot.settings import Settings
from bot.texts import translate, translate_error
from tests.flow.world import MemoryWorld
from tests.support.platform import AMBER, GROUP, Platform
from tests.support.world import open_app, open_store

BOSS = User(platform="memory", id="boss", name="Boss", locale="en")
LINK = re.compile(r"https?://\S+/admin#link=([\w-]{43})\b")


@asynccontextmanager
async def easel_at(
    folder: Path, sandbox: Sandbox, listening_at: str | None, **changes: Any
) -> AsyncGenerator[MemoryWorld]:
    """Easel whose HTTP server listens there."""
    made = MemoryWorld(folder=folder, sandbox=sandbox, platform=Platform())
    settings = Settings(**made.values(changes))
    async with open_app(settings, {"memory": made.platform}, made.clock, listening_at=listening_at) as app:
        await app.start()
        made.running = app
        yield made
        made.running = None


async def ask(easel: MemoryWorld, **given: Any) -> str:
    """What the bot says to `/admin link`."""
    before = len(easel.platform.posts)
    await easel.say("/admin link", **given)
    await easel.platform.until(lambda: len(easel.platform.posts) > before)
    return easel.platform.posts[-1].text


async def test_an_admin_gets_a_link_in_private_alone(tmp_path: Path, sandbox: Sandbox) -> None:
    async with easel_at(tmp_path, sandbox, "http://127.0.0.1:8080") as easel:
        said = await ask(easel, sender=BOSS)
        [token] = LINK.findall(said)
        link = f"http://127.0.0.1:8080/admin#link={token}"
        assert said == translate("en", "answer-admin-link-local", link=link)
        assert await easel.app.sign_in.sign_in(token) is not None
        assert await ask(easel, sender=BOSS, chat=GROUP) == translate_error("en", AdminLinkInGroup())
        assert await ask(easel) == translate_error("en", AdminsOnly())
        assert not any(LINK.search(card.text) for post in easel.platform.posts[1:] for card in post.cards)


async def test_the_link_leads_to_the_public_address(tmp_path: Path, sandbox: Sandbox) -> None:
    server = {"public_url": "https://easel.example/bot/"}
    async with easel_at(tmp_path, sandbox, "http://0.0.0.0:8080", server=server) as easel:
        said = await ask(easel, sender=BOSS)
        [token] = LINK.findall(said)
        assert said == translate("en", "answer-admin-link", link=f"https://easel.example/bot/admin#link={token}")


async def test_without_a_page_there_is_no_link(tmp_path: Path, sandbox: Sandbox) -> None:
    async with easel_at(tmp_path, sandbox, None) as easel:
        assert await ask(easel, sender=BOSS) == translate_error("en", AdminPageOff())


async def test_who_is_taken_out_of_admins_has_no_rights_at_once(tmp_path: Path, sandbox: Sandbox) -> None:
    async with easel_at(tmp_path, sandbox, "http://127.0.0.1:8080") as easel:
        sign_in = easel.app.sign_in
        [unused], [used] = LINK.findall(await ask(easel, sender=BOSS)), LINK.findall(await ask(easel, sender=BOSS))
        begun = await sign_in.sign_in(used)
        assert begun is not None
        await easel.app.reconfiguration.apply(Settings(**easel.values({"admins": [AMBER.key]})))
        assert await sign_in.find_session(begun[0], is_use=True) is None
        assert await sign_in.sign_in(unused) is None
        assert await ask(easel, sender=BOSS) == translate_error("en", AdminsOnly())
        assert LINK.search(await ask(easel, sender=AMBER))


# ---------------------------------------------------------------- from the command line


def settings(url: str, **values: Any) -> Settings:
    page: dict[str, Any] = {"database_url": url, "admins": ["telegram:1"], "admin_page": {"enabled": True}}
    return Settings.model_validate(page | values)


@pytest.mark.forms(1)
async def test_a_link_from_the_command_line_signs_in(database_url: str) -> None:
    made = await make_link(settings(database_url, server={"host": "::"}), None)
    [token] = LINK.findall(made)
    assert made == f"http://127.0.0.1:8080/admin#link={token}"
    async with open_store(database_url, SystemClock()) as opened:
        begun = await AdminSignIn(opened.admin_sessions, SystemClock(), ("telegram:1",)).sign_in(token)
    assert begun is not None
    assert begun[1].user_key == "telegram:1"


@pytest.mark.parametrize(
    ("values", "user", "said"),
    [
        ({"admin_page": {"enabled": False}}, None, "admin_page.enabled: is false"),
        ({"server": {"port": 0}}, None, "server.port: 0 is any free port"),
        ({}, "telegram:2", "admins: telegram:2 is not one of them (telegram:1)"),
        ({"admins": ["telegram:1", "discord:2"]}, None, "admins: say whom the link is for: telegram:1, discord:2"),
        ({"admins": []}, None, "admins: there are none"),
        ({}, None, "easel.db does not exist yet"),
    ],
)
async def test_why_there_is_no_link_is_said(
    tmp_path: Path, values: dict[str, Any], user: str | None, said: str
) -> None:
    with pytest.raises(SettingsWrong) as refused:
        await make_link(settings(f"sqlite:///{tmp_path}/easel.db", **values), user)
    assert said in json.dumps(refused.value.problems)
