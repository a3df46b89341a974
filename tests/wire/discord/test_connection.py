"""The gateway connection and its losses: resumed, restarted, refused, throttled. Each picture comes once."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from adapters import doctor
from adapters.discord.client import DiscordAdapter
from adapters.discord.connection import MESSAGE_CONTENT_OFF
from bot.chat import Action
from bot.errors import SettingsWrong
from bot.settings import Settings
from bot.store.store import Store
from bot.texts import translate
from tests.servers.discord import Intent, Limits, Message, Permission, Rate
from tests.support import PROJECT
from tests.support.waiting import wait_until
from tests.wire.discord.easel import DiscordWorld, Easel, button, discord_world, photo

POST = "/channels/{channel_id}/messages"
EDIT = "/channels/{channel_id}/messages/{message_id}"
BY_TOKEN = "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}"


@pytest.fixture
async def place(tmp_path: Path) -> AsyncGenerator[DiscordWorld]:
    async with discord_world(tmp_path) as made:
        yield made


async def says(easel: Easel, reason: str | None) -> bool:
    """Whether that is why the adapter does not work."""
    return await easel.discord.problem() == reason


# ---------------------------------------------------------------- the gateway


async def test_a_gateway_that_drops_in_the_middle_of_a_job_costs_nothing(place: DiscordWorld) -> None:
    async with place.gallery() as upstream, place.easel():
        place.server.say(place.ada, place.channel, f"{place.me} a red fox")
        first = await place.answer()
        place.server.gateway.cut()
        place.server.say(place.ada, place.channel, f"{place.me} a blue fox")  # while nobody listens
        upstream.open.set()
        await place.until(lambda: place.server.gateway.resumes == 1)
        second = await place.picture(after=first)
        assert "a blue fox" in second.content
        assert "a red fox" in first.content
        assert len(place.mine()) == 2


async def test_a_session_that_is_invalid_is_begun_anew_without_a_trace(place: DiscordWorld) -> None:
    async with place.easel() as easel:
        place.server.gateway.invalidate()
        await place.until(lambda: len(place.server.gateway.identifies) == 2)
        place.server.say(place.ada, place.channel, f"{place.me} a red fox")
        message = await place.picture()
        assert place.mine() == [message]
        await wait_until(lambda: says(easel, None))
        assert len(place.server.commands.writes) == 1


async def test_the_member_cache_is_off_and_no_member_is_asked_for(place: DiscordWorld) -> None:
    async with place.easel():
        (identified,) = place.server.gateway.identifies
        wanted = Intent.GUILDS | Intent.GUILD_MESSAGES | Intent.DIRECT_MESSAGES
        assert identified["intents"] == wanted


async def test_a_wrong_token_is_one_line_for_the_operator(place: DiscordWorld) -> None:
    with pytest.raises(SettingsWrong) as wrong:
        async with place.easel(token="stale"):
            pass
    assert wrong.value.problems == ["discord.token: Discord does not accept it"]


async def test_a_token_that_is_withdrawn_shows_in_readyz(place: DiscordWorld) -> None:
    with capture_logs() as logs:
        async with place.easel() as easel:
            await place.server.gateway.close(4004)
            await wait_until(lambda: says(easel, "discord.token: Discord does not accept it"))
    assert [each["event"] for each in logs if each["log_level"] == "error"] == [
        "discord.token: Discord does not accept it"
    ]


async def test_an_intent_that_is_not_switched_on_is_said_and_done_without(place: DiscordWorld) -> None:
    with capture_logs() as logs:
        async with place.easel(message_content=True):
            place.server.say(place.ada, place.channel, f"{place.me} a red fox")
            await place.picture()
    assert [each["event"] for each in logs if each["log_level"] == "error"] == [MESSAGE_CONTENT_OFF]


async def test_a_process_with_its_own_shards_hears_its_own_guilds(place: DiscordWorld) -> None:
    async with place.easel(shard_count=2, shard_ids=[1]):
        assert [each["shard"] for each in place.server.gateway.identifies] == [[1, 2]]
        squares = place.squares()
        for square in squares.values():
            place.server.say(place.ada, square, f"{place.me} a red fox")
        await place.picture(squares[1])
        assert place.mine(squares[0]) == []


async def test_discord_may_recommend_shards(tmp_path: Path) -> None:
    async with discord_world(tmp_path, shards=1) as place, place.easel():
        assert [each["shard"] for each in place.server.gateway.identifies] == [[0, 1]]


# ---------------------------------------------------------------- calls that fail


@pytest.mark.parametrize("when", ["before", "after"])
async def test_an_edit_whose_connection_breaks_is_made_again(place: DiscordWorld, when: str) -> None:
    async with place.gallery() as upstream, place.easel():
        place.server.say(place.ada, place.channel, f"{place.me} a red fox")
        await place.answer()
        await upstream.fetched.wait()
        place.server.faults.drop("PATCH", EDIT, when="before" if when == "before" else "after")
        upstream.open.set()
        message = await place.picture()
        assert place.mine() == [message]
        assert len(message.attachments) == 1


async def test_a_post_whose_answer_is_lost_stands_once(place: DiscordWorld) -> None:
    async with place.easel():
        place.server.faults.drop("POST", POST, when="after")
        place.server.say(place.ada, place.channel, f"{place.me} a red fox")
        message = await place.picture()
        assert place.mine() == [message]


@pytest.mark.parametrize("route", [EDIT, BY_TOKEN])
async def test_a_server_that_stumbles_is_asked_again(place: DiscordWorld, route: str) -> None:
    async with place.gallery() as upstream, place.easel():
        if route == EDIT:
            place.server.say(place.ada, place.channel, f"{place.me} a red fox")
        else:
            place.server.slash(place.ada, place.channel, "imagine", {"prompt": "a red fox"})
        await place.answer()
        await upstream.fetched.wait()
        place.server.faults.fail("PATCH", route, status=502)
        upstream.open.set()
        await place.picture()


@pytest.mark.parametrize("when", ["before", "after"])
async def test_an_acknowledgement_whose_connection_breaks_is_given_again(place: DiscordWorld, when: str) -> None:
    async with place.easel():
        callback = "/interactions/{interaction_id}/{interaction_token}/callback"
        place.server.faults.drop("POST", callback, when="before" if when == "before" else "after")
        asked = place.server.slash(place.ada, place.channel, "imagine", {"prompt": "a red fox"})
        message = await place.picture()
        assert asked.original is message


async def test_a_chat_that_is_limited_gets_its_picture_when_it_may(place: DiscordWorld) -> None:
    async with place.gallery() as upstream, place.easel():
        place.server.say(place.ada, place.channel, f"{place.me} a red fox")
        await place.answer()
        await upstream.fetched.wait()
        place.server.faults.limit("PATCH", EDIT, retry_after=0.5)
        upstream.open.set()
        await place.picture()
        assert len(place.server.refused) == 1


async def test_an_old_message_that_was_edited_too_often_waits(tmp_path: Path) -> None:
    limits = Limits(old_edit=Rate(slots=1, period=1.0))
    async with discord_world(tmp_path, limits=limits) as place, place.gallery() as upstream, place.easel():
        for prompt in ("a red fox", "a blue fox"):
            place.server.say(place.ada, place.channel, f"{place.me} {prompt}")
        await place.until(lambda: len(place.mine()) == 2)
        await upstream.fetched.wait()
        place.later(2 * 3600)
        upstream.open.set()
        await place.until(lambda: all(each.attachments for each in place.mine()))
        assert [each.route for each in place.server.refused] == [EDIT]


async def test_a_crowd_in_one_channel_is_served_without_a_single_refusal(place: DiscordWorld) -> None:
    async with place.easel():
        members = [place.server.world.add_member(place.guild, f"member {number}") for number in range(8)]
        for member in members:
            place.server.say(member, place.channel, f"{place.me} a fox for {member.name}")
        await place.until(lambda: len([one for one in place.mine() if one.attachments]) == len(members))
        assert place.server.refused == []
        assert len(place.mine()) == len(members)


async def test_a_channel_that_was_closed_meanwhile_costs_nothing(place: DiscordWorld) -> None:
    async with place.gallery() as upstream, place.easel() as easel:
        place.server.say(place.ada, place.channel, f"{place.me} a red fox")
        await place.answer()
        await upstream.fetched.wait()
        place.channel.denied = Permission.VIEW_CHANNEL  # 50001 from here on
        upstream.open.set()
        await place.settled(easel)
        history = await easel.app.store.history(f"discord:{place.ada.id}")
        assert [(job.state.value, job.charged) for job in history] == [("failed", 0)]


# ---------------------------------------------------------------- kill -9, and a new process


@asynccontextmanager
async def process(place: DiscordWorld, token: str = "") -> AsyncGenerator[asyncio.subprocess.Process]:
    """`easel run` as an operator runs it."""
    host = str(place.settings["fetch"]["allow_hosts"][0])
    config = place.folder / "easel.toml"
    config.write_text(
        f"""
database_url = "sqlite:///{place.folder / "easel.db"}"
[discord]
token = "{token or place.server.token}"
api_base = "{place.server.api_base}"
gateway_url = "{place.server.gateway_url}"
[server]
port = 0
[fetch]
allow_hosts = ["{host}"]
[[providers]]
name = "gallery"
preset = "relay"
base_url = "http://{host}"
"""
    )
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from adapters.cli import main; main()",
        "run",
        "--config",
        str(config),
        cwd=PROJECT,
        env={name: value for name, value in os.environ.items() if not name.startswith(("EASEL_", "COV_"))},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE if token else asyncio.subprocess.DEVNULL,
    )
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


async def test_a_killed_process_leaves_nothing_behind_that_a_new_one_does_not_finish(place: DiscordWorld) -> None:
    async with place.gallery() as upstream:
        async with process(place) as first:
            await place.until(lambda: place.server.commands.all() and place.server.gateway.connected)
            place.server.slash(place.ada, place.channel, "imagine", {"prompt": "a red fox", "image": photo()})
            message = await place.answer()
            await upstream.fetched.wait()
            await place.checkpoint_saved("image:0")
            first.send_signal(signal.SIGKILL)
            await first.wait()
        upstream.open.set()
        async with process(place) as second:

            def painted() -> Message | None:
                return message if message.attachments else None

            assert await place.until(painted) is message
            assert upstream.asked == 1
            assert len(place.mine()) == 1
            await place.until(lambda: place.server.gateway.connected)
            await place.settled()
            place.server.click(place.ada, message, button(message, Action.RETRY))
            await place.until(lambda: len([one for one in place.mine() if one.attachments]) == 2)
            assert len(place.server.commands.writes) == 1
            second.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(second.wait(), 30) == 0


# ---------------------------------------------------------------- easel check


def settings(place: DiscordWorld, **discord: object) -> Settings:
    return Settings.model_validate(
        {
            "database_url": f"sqlite:///{place.folder / 'easel.db'}",
            "discord": {"token": place.server.token, "api_base": place.server.api_base, **discord},
        }
    )


async def test_the_doctor_prints_the_invite_link(place: DiscordWorld) -> None:
    findings = {each.subject: each for each in await doctor.run_checks(settings(place))}
    assert findings["adapters"].message == "discord"
    assert findings["discord"].is_ok
    assert (
        f"https://discord.com/oauth2/authorize?client_id={place.server.world.application_id}"
        "&scope=bot+applications.commands&permissions=274878024704"
    ) in findings["discord"].message


async def test_the_doctor_knows_a_wrong_token_and_a_missing_intent(place: DiscordWorld) -> None:
    findings = {each.subject: each for each in await doctor.run_checks(settings(place, token="stale"))}
    assert findings["discord"].message == "discord.token: Discord does not accept it"
    findings = {each.subject: each for each in await doctor.run_checks(settings(place, message_content=True))}
    assert not findings["discord"].is_ok
    assert findings["discord"].message.startswith("discord.message_content: switch the intent on")


async def test_before_it_is_opened_it_is_not_ready(place: DiscordWorld) -> None:
    store = await Store.open(f"sqlite:///{place.folder / 'easel.db'}", clock=place.clock)
    adapter = DiscordAdapter(settings(place).discord, store.adapter_store, clock=place.clock)
    assert await adapter.problem() == "not connected yet"
    await adapter.close()
    await store.close()


def test_what_is_hidden_is_explained_in_every_language() -> None:
    for locale in ("en", "zh", "ru"):
        assert translate(locale, "discord-menu-edit") in translate(
            locale, "discord-hidden", menu=translate(locale, "discord-menu-edit")
        )


async def test_a_run_with_a_wrong_token_ends_with_one_line(place: DiscordWorld) -> None:
    async with place.gallery(), process(place, token="stale") as running:
        _, said = await asyncio.wait_for(running.communicate(), 30)
        assert running.returncode == 2
        assert said.decode().splitlines()[-1] == "easel: discord.token: Discord does not accept it"
