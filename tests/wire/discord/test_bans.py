"""Refusals that are not one chat's: everybody waits, nobody hammers, and the most urgent calls go first afterwards."""

from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr

from adapters.discord import call_gate
from adapters.discord.call_gate import SLOW_PAUSE_S, CallGate
from adapters.discord.errors import CallRejected
from adapters.discord.gateway import COMMANDS_RETRY_S
from adapters.discord.rest import RestClient
from bot.errors import ChatBusy
from tests.servers.discord import DiscordServer
from tests.support.clocks import FakeClock, FastClock
from tests.wire.discord.easel import DiscordWorld, discord_world, done

SPEED = 20.0  # times as fast as the machine's
PAUSE_S = 20.0  # that a refusal names
ON_THE_WAY_S = 5.0  # of the fast clock, that a call takes which was sent before the refusal arrived
POST, EDIT = "/channels/{channel_id}/messages", "/channels/{channel_id}/messages/{message_id}"
TOKEN_EDIT = "/webhooks/{webhook_id}/{webhook_token}/messages/@original"
ANY_TOKEN_EDIT = "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}"

Refuse = Callable[[DiscordServer, str], None]


def by_edge(server: DiscordServer, route: str) -> None:
    server.faults.ban("PATCH", route, retry_after=PAUSE_S)


def by_edge_with_403(server: DiscordServer, route: str) -> None:
    server.faults.ban("PATCH", route, retry_after=PAUSE_S, status=403)


def by_body(server: DiscordServer, route: str) -> None:
    server.faults.limit("PATCH", route, retry_after=PAUSE_S, scope="global", told_by="body")


def by_headers(server: DiscordServer, route: str) -> None:
    server.faults.limit("PATCH", route, retry_after=PAUSE_S, scope="global", told_by="headers")


def silent_seconds(world: DiscordWorld) -> float:
    """Seconds between the refusal and the next call of the token, but for those that were on their way already."""
    [refused] = world.server.refused
    return min(one.at for one in world.server.requests if one.at > refused.at + ON_THE_WAY_S) - refused.at


@pytest.mark.forms(1)
@pytest.mark.parametrize(
    ("refuse", "slash"), [(by_edge, False), (by_edge_with_403, True), (by_body, True), (by_headers, False)]
)
async def test_a_refusal_that_is_everybodys_keeps_all_calls_back(tmp_path: Path, refuse: Refuse, slash: bool) -> None:
    async with discord_world(tmp_path, clock=FastClock(SPEED)) as world, world.gallery() as upstream, world.easel():
        other = world.server.world.add_channel(world.guild)
        bob = world.server.world.add_member(world.guild, "Bob")
        if slash:
            world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a fox"})
        else:
            world.server.say(world.ada, world.channel, f"{world.bot_mention} a fox")
        await world.wait_for_reply()
        world.server.say(bob, other, f"{world.bot_mention} a dog")
        await world.wait_for_reply(other)
        await upstream.fetched.wait()
        for route in (TOKEN_EDIT, ANY_TOKEN_EDIT) if slash else (EDIT,):
            refuse(world.server, route)
        upstream.open.set()
        await world.until(lambda: world.server.refused)
        world.server.faults.planned.clear()
        world.server.say(bob, world.channel, f"{world.bot_mention} a cat")
        await world.until(lambda: len([one for one in world.bot_messages() if done(one)]) == 2)
        await world.until(lambda: done(world.bot_messages(other)[0]))
        await world.wait_until_settled()
        assert silent_seconds(world) >= PAUSE_S - 1.0  # the refusal took a moment to arrive
        assert len(world.server.refused) == 1


@pytest.mark.forms(1)
@pytest.mark.parametrize("scope", ["user", "shared"])
async def test_a_limit_of_one_channel_holds_up_no_other(tmp_path: Path, scope: str) -> None:
    async with discord_world(tmp_path, clock=FastClock(SPEED)) as world, world.easel():
        other = world.server.world.add_channel(world.guild)
        world.server.faults.limit("POST", POST, retry_after=600.0, scope="user" if scope == "user" else "shared")
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a fox")
        await world.until(lambda: world.server.refused)
        world.server.say(world.ada, other, f"{world.bot_mention} a dog")
        await world.until(lambda: [one for one in world.bot_messages(other) if done(one)])
        assert not world.bot_messages()
        assert world.server.invalid_requests == (scope == "user")


async def test_a_refusal_of_the_librarys_own_call_keeps_ours_back_too(tmp_path: Path) -> None:
    async with discord_world(tmp_path, clock=FastClock(SPEED)) as world:
        world.server.faults.ban("PUT", "/applications/{application_id}/commands", retry_after=PAUSE_S)
        assert PAUSE_S < COMMANDS_RETRY_S
        async with world.easel():
            world.server.say(world.ada, world.channel, f"{world.bot_mention} a fox")
            await world.wait_for_picture()
            assert silent_seconds(world) >= PAUSE_S - 1.0


async def test_a_late_first_response_is_not_sent_while_nobody_may_call(tmp_path: Path) -> None:
    async with discord_world(tmp_path, clock=FastClock(SPEED)) as world, world.easel():
        world.server.faults.ban("POST", POST, retry_after=PAUSE_S)
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a fox")
        await world.until(lambda: world.server.refused)
        asked = world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a dog"})
        await world.wait_for_picture()
        assert silent_seconds(world) >= PAUSE_S - 1.0
        assert asked.answered is None


async def test_many_invalid_requests_slow_all_calls_down_and_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_gate, "SLOW_FROM", 3)
    clock = FakeClock()
    gate = CallGate(clock.monotonic)
    async with DiscordServer() as server:
        rest = RestClient(server.api_base, SecretStr("not the token"), clock=clock, gate=gate)
        try:
            for _ in range(4):
                with pytest.raises(CallRejected):
                    await rest.call("GET", "/users/@me")
            assert REGISTRY.get_sample_value("easel_discord_invalid_requests_recent") == 4
            with pytest.raises(ChatBusy) as busy:
                await rest.call("GET", "/users/@me")
            assert (busy.value.retry_after, busy.value.everywhere) == (pytest.approx(SLOW_PAUSE_S), True)
            assert server.invalid_requests == 4
            await clock.advance(2 * SLOW_PAUSE_S)
            with pytest.raises(CallRejected):
                await rest.call("GET", "/users/@me")
        finally:
            await rest.close()
