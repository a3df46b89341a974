"""The gateway connection and its losses: resumed, restarted, refused, throttled. Each picture comes once."""

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from adapters import doctor
from adapters.discord import connection
from adapters.discord.client import DiscordAdapter
from adapters.discord.connection import MESSAGE_CONTENT_OFF
from bot.chat import Action
from bot.errors import SettingsWrong
from bot.settings import Settings
from bot.store.store import Store
from bot.texts import translate
from tests.servers.discord import Intent, Limits, Message, Permission, Rate
from tests.support.forked import easel_command, forked
from tests.support.waiting import wait_until
from tests.wire.discord.easel import DiscordWorld, Easel, button, discord_world, photo

POST = "/channels/{channel_id}/messages"
EDIT = "/channels/{channel_id}/messages/{message_id}"
BY_TOKEN = "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}"


async def says(easel: Easel, reason: str | None) -> bool:
    """Whether the adapter reports that problem."""
    return await easel.discord.problem() == reason


# ---------------------------------------------------------------- the gateway


async def test_a_gateway_loss_during_a_job_loses_nothing(world: DiscordWorld) -> None:
    async with world.gallery() as upstream, world.easel():
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a red fox")
        first = await world.wait_for_reply()
        world.server.gateway.cut()
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a blue fox")  # while nobody listens
        upstream.open.set()
        await world.until(lambda: world.server.gateway.resumes == 1)
        second = await world.wait_for_picture(after=first)
        assert "a blue fox" in second.content
        assert "a red fox" in first.content
        assert len(world.bot_messages()) == 2


async def test_an_invalid_session_is_replaced_silently(world: DiscordWorld) -> None:
    async with world.easel() as easel:
        world.server.gateway.invalidate()
        await world.until(lambda: len(world.server.gateway.identifies) == 2)
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a red fox")
        message = await world.wait_for_picture()
        assert world.bot_messages() == [message]
        await wait_until(lambda: says(easel, None))
        assert len(world.server.commands.writes) == 1


async def test_the_member_cache_is_off_and_no_member_is_fetched(world: DiscordWorld) -> None:
    async with world.easel():
        (identified,) = world.server.gateway.identifies
        wanted = Intent.GUILDS | Intent.GUILD_MESSAGES | Intent.DIRECT_MESSAGES
        assert identified["intents"] == wanted


async def test_a_wrong_token_is_one_line_for_the_operator(world: DiscordWorld) -> None:
    with pytest.raises(SettingsWrong) as wrong:
        async with world.easel(token="stale"):
            pass
    assert wrong.value.problems == ["discord.token: Discord does not accept it"]


async def test_a_revoked_token_shows_in_readyz(world: DiscordWorld) -> None:
    with capture_logs() as logs:
        async with world.easel() as easel:
            await world.server.gateway.close(4004)
            await wait_until(lambda: says(easel, "discord.token: Discord does not accept it"))
    assert [each["event"] for each in logs if each["log_level"] == "error"] == [
        "discord.token: Discord does not accept it"
    ]


@pytest.mark.thorough
async def test_a_refused_intent_that_was_not_asked_for_is_no_reason_to_hurry(
    world: DiscordWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand identifies a day are allowed: without a pause they are used up in minutes."""
    monkeypatch.setattr(connection, "RESTART_PAUSE_S", 0.05)
    async with world.easel() as easel:
        await world.server.gateway.close(4014)
        await wait_until(lambda: says(easel, "discord gateway: the gateway closed with 4014"))
        await world.until(lambda: len(world.server.gateway.identifies) == 2)


async def test_a_missing_intent_is_reported_and_done_without(world: DiscordWorld) -> None:
    with capture_logs() as logs:
        async with world.easel(message_content=True):
            world.server.say(world.ada, world.channel, f"{world.bot_mention} a red fox")
            await world.wait_for_picture()
    assert [each["event"] for each in logs if each["log_level"] == "error"] == [MESSAGE_CONTENT_OFF]


async def test_a_process_with_some_shards_receives_the_events_of_their_guilds(world: DiscordWorld) -> None:
    async with world.easel(shard_count=2, shard_ids=[1]):
        assert [each["shard"] for each in world.server.gateway.identifies] == [[1, 2]]
        channels = world.channel_per_shard()
        for channel in channels.values():
            world.server.say(world.ada, channel, f"{world.bot_mention} a red fox")
        await world.wait_for_picture(channels[1])
        assert world.bot_messages(channels[0]) == []


async def test_recommended_shards_are_connected(tmp_path: Path) -> None:
    async with discord_world(tmp_path, shards=1) as world, world.easel():
        assert [each["shard"] for each in world.server.gateway.identifies] == [[0, 1]]


# ---------------------------------------------------------------- calls that fail


@pytest.mark.forms(1)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_an_edit_is_retried_after_a_broken_connection(world: DiscordWorld, when: str) -> None:
    async with world.gallery() as upstream, world.easel():
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a red fox")
        await world.wait_for_reply()
        await upstream.fetched.wait()
        world.server.faults.drop("PATCH", EDIT, when="before" if when == "before" else "after")
        upstream.open.set()
        message = await world.wait_for_picture()
        assert world.bot_messages() == [message]
        assert len(message.attachments) == 1


async def test_a_post_whose_response_is_lost_is_not_repeated(world: DiscordWorld) -> None:
    async with world.easel():
        world.server.faults.drop("POST", POST, when="after")
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a red fox")
        message = await world.wait_for_picture()
        assert world.bot_messages() == [message]


@pytest.mark.forms(1)
@pytest.mark.parametrize("route", [EDIT, BY_TOKEN])
async def test_a_call_is_retried_after_a_server_error(world: DiscordWorld, route: str) -> None:
    async with world.gallery() as upstream, world.easel():
        if route == EDIT:
            world.server.say(world.ada, world.channel, f"{world.bot_mention} a red fox")
        else:
            world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a red fox"})
        await world.wait_for_reply()
        await upstream.fetched.wait()
        world.server.faults.fail("PATCH", route, status=502)
        upstream.open.set()
        await world.wait_for_picture()


@pytest.mark.forms(1)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_an_acknowledgement_is_retried_after_a_broken_connection(world: DiscordWorld, when: str) -> None:
    async with world.easel():
        callback = "/interactions/{interaction_id}/{interaction_token}/callback"
        world.server.faults.drop("POST", callback, when="before" if when == "before" else "after")
        asked = world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a red fox"})
        message = await world.wait_for_picture()
        assert asked.original is message


async def test_a_rate_limited_channel_gets_its_picture_after_the_limit(world: DiscordWorld) -> None:
    async with world.gallery() as upstream, world.easel():
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a red fox")
        await world.wait_for_reply()
        await upstream.fetched.wait()
        world.server.faults.limit("PATCH", EDIT, retry_after=0.5)
        upstream.open.set()
        await world.wait_for_picture()
        assert len(world.server.refused) == 1


async def test_an_old_message_that_was_edited_too_often_waits(tmp_path: Path) -> None:
    limits = Limits(old_edit=Rate(slots=1, period=1.0))
    async with discord_world(tmp_path, limits=limits) as world, world.gallery() as upstream, world.easel():
        for prompt in ("a red fox", "a blue fox"):
            world.server.say(world.ada, world.channel, f"{world.bot_mention} {prompt}")
        await world.until(lambda: len(world.bot_messages()) == 2)
        await upstream.fetched.wait()
        world.advance_clock(2 * 3600)
        upstream.open.set()
        await world.until(lambda: all(each.attachments for each in world.bot_messages()))
        assert [each.route for each in world.server.refused] == [EDIT]


@pytest.mark.thorough
async def test_a_crowd_in_one_channel_causes_no_429(world: DiscordWorld) -> None:
    async with world.easel():
        members = [world.server.world.add_member(world.guild, f"member {number}") for number in range(8)]
        for member in members:
            world.server.say(member, world.channel, f"{world.bot_mention} a fox for {member.name}")
        await world.until(lambda: len([one for one in world.bot_messages() if one.attachments]) == len(members))
        assert world.server.refused == []
        assert len(world.bot_messages()) == len(members)


async def test_a_job_in_a_channel_closed_meanwhile_is_not_charged(world: DiscordWorld) -> None:
    async with world.gallery() as upstream, world.easel() as easel:
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a red fox")
        await world.wait_for_reply()
        await upstream.fetched.wait()
        world.channel.denied = Permission.VIEW_CHANNEL  # 50001 from here on
        upstream.open.set()
        await world.wait_until_settled()
        history = await easel.app.store.history(f"discord:{world.ada.id}")
        assert [(job.state.value, job.charged) for job in history] == [("failed", 0)]


# ---------------------------------------------------------------- kill -9, and a new process


@pytest.mark.thorough
async def test_a_new_process_finishes_what_a_killed_one_has_begun(world: DiscordWorld) -> None:
    async with world.gallery() as upstream:
        async with world.process() as first:
            await world.until(lambda: world.server.commands.all() and world.server.gateway.connected)
            world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a red fox", "image": photo()})
            message = await world.wait_for_reply()
            await upstream.fetched.wait()
            await world.wait_for_checkpoint("image:0")
            await first.kill()
        upstream.open.set()
        async with world.process() as second:

            def painted() -> Message | None:
                return message if message.attachments else None

            assert await world.until(painted) is message
            assert upstream.asked == 1
            assert len(world.bot_messages()) == 1
            await world.until(lambda: world.server.gateway.connected)
            await world.wait_until_settled()
            world.server.click(world.ada, message, button(message, Action.RETRY))
            await world.until(lambda: len([one for one in world.bot_messages() if one.attachments]) == 2)
            assert len(world.server.commands.writes) == 1
            assert await second.stop() == 0


# ---------------------------------------------------------------- easel check


def settings(world: DiscordWorld, **discord: object) -> Settings:
    return Settings.model_validate(
        {
            "database_url": world.database_url,
            "discord": {"token": world.server.token, "api_base": world.server.api_base, **discord},
        }
    )


async def test_the_doctor_prints_the_invite_link(world: DiscordWorld) -> None:
    findings = {each.subject: each for each in await doctor.run_checks(settings(world))}
    assert findings["adapters"].message == "discord"
    assert findings["discord"].is_ok
    assert (
        f"https://discord.com/oauth2/authorize?client_id={world.server.world.application_id}"
        "&scope=bot+applications.commands&permissions=274878024704"
    ) in findings["discord"].message


async def test_the_doctor_reports_a_wrong_token_and_a_missing_intent(world: DiscordWorld) -> None:
    findings = {each.subject: each for each in await doctor.run_checks(settings(world, token="stale"))}
    assert findings["discord"].message == "discord.token: Discord does not accept it"
    findings = {each.subject: each for each in await doctor.run_checks(settings(world, message_content=True))}
    assert not findings["discord"].is_ok
    assert findings["discord"].message.startswith("discord.message_content: switch the intent on")


async def test_an_adapter_is_not_ready_before_it_is_started(world: DiscordWorld) -> None:
    store = await Store.open(world.database_url, clock=world.clock)
    adapter = DiscordAdapter(settings(world).discord, store.adapter_store, clock=world.clock)
    assert await adapter.problem() == "not connected yet"
    await adapter.close()
    await store.close()


def test_hidden_message_content_is_explained_in_every_language() -> None:
    for locale in ("en", "zh", "ru"):
        assert translate(locale, "discord-menu-edit") in translate(
            locale, "discord-hidden", menu=translate(locale, "discord-menu-edit")
        )


async def test_a_run_with_a_wrong_token_ends_with_one_line(world: DiscordWorld) -> None:
    world.settings["discord"] = world.platform_settings()["discord"] | {"token": "stale"}
    config, stderr = world.write_config(), world.folder / "stderr"
    async with forked(easel_command, "run", "--config", str(config), stderr=stderr) as running:
        assert await asyncio.wait_for(running.wait(), 30) == 2
    assert stderr.read_text().splitlines()[-1] == f"easel: {config}: discord.token: Discord does not accept it"
