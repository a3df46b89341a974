"""The Discord of the tests, with the real discord.py against it: gateway, what may be read, violations."""

import asyncio
import json
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp
import discord
import pytest

from tests.servers.discord import DiscordServer, Intent, Kind, Upload, ViolationsError
from tests.servers.discord.real_bot import connect_discord_py
from tests.servers.discord.sample_bot import SampleBot, Scene, channel_of, intents, png, running
from tests.support.clocks import FakeClock


async def test_the_client_logs_in_and_sees_its_guild(place: Scene) -> None:
    async with running(place.server) as bot:
        assert bot.user is not None
        assert bot.user.id == place.server.world.bot.id
        assert [guild.name for guild in bot.guilds] == ["Guild"]
        assert channel_of(bot, place.channel).name == "general"
        assert bot.guilds[0].filesize_limit == place.guild.file_limit


async def test_a_wrong_token_is_refused() -> None:
    async with DiscordServer(token="right") as server:
        bot = SampleBot()
        with connect_discord_py(server), pytest.raises(discord.LoginFailure):
            await bot.login("wrong")
        await bot.close()
        assert server.invalid_requests == 1


async def test_an_intent_that_the_portal_does_not_allow_closes_the_gateway() -> None:
    async with DiscordServer() as server:
        bot = SampleBot(intents(message_content=True))
        with connect_discord_py(server), pytest.raises(discord.PrivilegedIntentsRequired):
            await bot.start(server.token)
        await bot.close()


async def test_a_guild_a_channel_and_a_thread_made_later_reach_the_client(place: Scene) -> None:
    async with running(place.server) as bot:
        joined, made, opened = (
            asyncio.create_task(bot.wait_for(event))
            for event in ("guild_join", "guild_channel_create", "thread_create")
        )
        await asyncio.sleep(0)
        guild = place.server.world.add_guild("Second", tier=2)
        channel = place.server.world.add_channel(guild, "voice", kind=Kind.VOICE)
        place.server.world.add_thread(place.channel, "aside")
        assert (await joined).filesize_limit == 50 * 1024 * 1024
        assert (await made).id == channel.id
        assert (await opened).name == "aside"


@pytest.mark.parametrize("how", ["cut", "ask_to_reconnect", "close"])
async def test_a_broken_connection_is_resumed_and_missed_messages_are_replayed_once(place: Scene, how: str) -> None:
    server = place.server
    async with running(server) as bot:
        if how == "close":
            await server.gateway.close(4000)
        else:
            getattr(server.gateway, how)()
        server.say(place.ada, place.channel, f"<@{server.world.bot.id}> are you there?")
        await bot.resumed.wait()
        assert (await bot.messages.get()).content.endswith("there?")
        assert bot.messages.empty()
        assert server.gateway.resumes == 1
        assert len(server.gateway.identifies) == 1


async def test_shards_get_their_own_guilds_and_direct_messages_go_to_the_first() -> None:
    async with DiscordServer(shards=2) as server:
        guilds = [server.world.add_guild(f"G{number}") for number in range(4)]
        while len({(guild.id >> 22) % 2 for guild in guilds}) < 2:  # until both shards have one
            server.advance_clocks(0.001)
            guilds.append(server.world.add_guild("another"))
        async with gateway(server) as first, gateway(server) as second:
            ready = [await identify(server, one, shard=n) for n, one in enumerate((first, second))]
            seen = [{int(guild["id"]) for guild in one["guilds"]} for one in ready]
            assert seen[0] | seen[1] == {guild.id for guild in guilds}
            assert not seen[0] & seen[1]
            ada = server.world.add_user("Ada")
            server.say(ada, server.world.open_dm(ada), "psst")
            assert (await event(first, "MESSAGE_CREATE"))["content"] == "psst"


async def test_resuming_a_forgotten_session_is_answered_with_an_invalid_session() -> None:
    async with DiscordServer() as server, gateway(server) as socket:
        ready = await identify(server, socket)
        server.gateway.forget()
        async with gateway(server) as again:
            await again.send_json({"op": 6, "d": {"token": server.token, "session_id": ready["session_id"], "seq": 1}})
            assert await opcode(again, 9) is False


@pytest.mark.parametrize(
    ("packet", "code"),
    [({"op": 3, "d": {}}, 4003), ({"op": 2, "d": {}}, 4004), ("no object", 4002), ({"op": 99}, 4003)],
)
async def test_gateway_mistakes_are_closed_with_their_code(packet: Any, code: int) -> None:
    async with DiscordServer() as server, gateway(server) as socket:
        await socket.send_json(packet)
        while (await socket.receive()).type is aiohttp.WSMsgType.TEXT:
            pass
        assert socket.close_code == code
        server.violations.clear()


async def test_heartbeats_are_acknowledged() -> None:
    async with DiscordServer() as server, gateway(server) as socket:
        await socket.send_json({"op": 1, "d": None})
        assert await opcode(socket, 11) is None
        assert server.gateway.heartbeats == 1


@asynccontextmanager
async def gateway(server: DiscordServer) -> AsyncGenerator[aiohttp.ClientWebSocketResponse]:
    address = f"{server.gateway_url}?v=10&encoding=json"
    async with aiohttp.ClientSession() as session, session.ws_connect(address) as socket:
        yield socket


async def opcode(socket: aiohttp.ClientWebSocketResponse, op: int) -> Any:
    while (packet := await socket.receive_json())["op"] != op:
        pass
    return packet["d"]


async def event(socket: aiohttp.ClientWebSocketResponse, name: str) -> Any:
    while (packet := await socket.receive_json())["t"] != name:
        pass
    return packet["d"]


async def identify(server: DiscordServer, socket: aiohttp.ClientWebSocketResponse, shard: int = 0) -> Any:
    wanted = Intent.GUILDS | Intent.GUILD_MESSAGES | Intent.DIRECT_MESSAGES
    data = {"token": server.token, "intents": int(wanted), "shard": [shard, server.core.shards]}
    await socket.send_json({"op": 2, "d": data})
    return await event(socket, "READY")


async def test_without_the_intent_only_mentions_own_messages_and_direct_ones_are_readable(
    place: Scene,
) -> None:
    server = place.server
    async with running(server) as bot:
        server.say(place.ada, place.channel, "secret", files=[Upload(filename="a.png", data=png())])
        hidden = await bot.messages.get()
        assert (hidden.content, hidden.attachments) == ("", [])
        server.say(place.ada, place.channel, f"<@{server.world.bot.id}> look")
        assert (await bot.messages.get()).content.endswith("look")
        server.say(place.ada, server.world.open_dm(place.ada), "hello")
        assert (await bot.messages.get()).content == "hello"
        assert (await channel_of(bot, place.channel).fetch_message(hidden.id)).content == ""


async def test_with_the_intent_everything_is_readable() -> None:
    async with DiscordServer(allowed=Intent.MESSAGE_CONTENT) as server:
        place = Scene(server)
        async with running(server, SampleBot(intents(message_content=True))) as bot:
            server.say(place.ada, place.channel, "plain")
            assert (await bot.messages.get()).content == "plain"


async def test_a_reply_shows_hides_or_loses_what_it_answers(place: Scene) -> None:
    server, world = place.server, place.server.world
    bea = world.add_member(place.guild, "Bea")
    mention = f"<@{world.bot.id}>"
    async with running(server) as bot:
        await channel_of(bot, place.channel).send("mine")
        mine = place.channel.last
        server.say(place.ada, place.channel, "more red", reply_to=mine)  # a reply mentions its author
        seen = await bot.messages.get()
        assert seen.content == "more red"
        assert seen.reference is not None
        assert isinstance(seen.reference.resolved, discord.Message)
        assert seen.reference.resolved.content == "mine"
        friends = server.say(bea, place.channel, "a friend's")
        await bot.messages.get()
        server.say(place.ada, place.channel, mention, reply_to=friends)
        seen = await bot.messages.get()
        assert seen.reference is not None
        assert isinstance(seen.reference.resolved, discord.Message)
        assert seen.reference.resolved.content == ""
        server.say(place.ada, place.channel, mention, reply_to=mine, resolved=False)
        seen = await bot.messages.get()
        assert seen.reference is not None
        assert seen.reference.resolved is None
        server.delete(mine)
        assert (await bot.deletions.get()).message_id == mine.id
        server.say(place.ada, place.channel, mention, reply_to=mine)
        seen = await bot.messages.get()
        assert seen.reference is not None
        assert isinstance(seen.reference.resolved, discord.DeletedReferencedMessage)


async def test_a_forward_carries_a_snapshot(place: Scene) -> None:
    server, world = place.server, place.server.world
    async with running(server) as bot:
        picture = server.say(place.ada, place.channel, "look", files=[Upload(filename="a.png", data=png())])
        await bot.messages.get()
        server.forward(place.ada, world.open_dm(place.ada), picture)
        seen = await bot.messages.get()
        assert seen.content == ""
        assert seen.message_snapshots[0].content == "look"
        assert await seen.message_snapshots[0].attachments[0].read() == png()


@asynccontextmanager
async def violated(words: str) -> AsyncGenerator[DiscordServer]:
    """A server whose end tells of a violation with these words."""
    server = DiscordServer()
    await server.__aenter__()
    yield server
    with pytest.raises(ViolationsError, match=words):
        await server.__aexit__(None, None, None)


async def raw(server: DiscordServer, method: str, path: str, **more: Any) -> tuple[int, Any]:
    headers = {"Authorization": f"Bot {server.token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        answer = await session.request(method, server.api_base + path, **more)
        return answer.status, json.loads(await answer.text() or "null")


async def test_a_route_that_does_not_exist_fails_the_test() -> None:
    async with violated("/nowhere") as server:
        await raw(server, "GET", "/nowhere")


async def test_an_own_failure_is_not_covered_up_by_violations() -> None:
    server = await DiscordServer().__aenter__()
    server.violations.append("something")
    await server.__aexit__(ZeroDivisionError, ZeroDivisionError(), None)


@pytest.mark.skipif(not os.environ.get("EASEL_SPECS"), reason="EASEL_SPECS names no folder")
@pytest.mark.parametrize(
    "body",
    [
        {"content": "x", "colour": "red"},
        {"content": 5},
        {"content": "x", "components": [{"type": 1, "components": [{"type": 2, "style": 99}]}]},
    ],
)
async def test_the_description_catches_a_bad_request(body: Any) -> None:
    async with violated("POST") as server:
        place = Scene(server)
        status, answer = await raw(server, "POST", f"/channels/{place.channel.id}/messages", json=body)
        assert (status, answer["code"]) == (400, 50035)


@pytest.mark.skipif(not os.environ.get("EASEL_SPECS"), reason="EASEL_SPECS names no folder")
async def test_an_unknown_query_parameter_is_caught() -> None:
    async with violated("frobnicate") as server:
        await raw(server, "GET", "/users/@me", params={"frobnicate": "1"})


async def test_a_part_that_is_neither_payload_nor_file_is_a_violation() -> None:
    async with violated("picture") as server:
        place = Scene(server)
        form = aiohttp.FormData(default_to_multipart=True)
        form.add_field("picture", b"x", filename="x.png")
        await raw(server, "POST", f"/channels/{place.channel.id}/messages", data=form)


async def test_time_may_stand_still() -> None:
    clock = FakeClock()
    async with DiscordServer(now=clock.now) as server:
        first, second = server.world.add_user("a"), server.world.add_user("b")
        assert first.id != second.id
        assert discord.utils.snowflake_time(first.id) == clock.now()
        server.advance_clocks(60)
        assert server.core.now() == clock.now() + timedelta(seconds=60)
