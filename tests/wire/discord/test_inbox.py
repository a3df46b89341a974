"""Events that a process received and did not handle: the next process handles them, once."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from adapters.discord.inbox import MESSAGE_LIFETIME_S, SAVE_WAIT_S, EventInbox
from adapters.discord.interaction_tokens import TOKEN_LIFETIME_S
from bot.ports import StoredToken
from tests.servers.discord import encode
from tests.support.clocks import FakeClock, settle
from tests.support.databases import put_updates
from tests.support.waiting import wait_until
from tests.support.world import open_store
from tests.wire.discord.easel import DiscordWorld, Easel

COMMAND = {"id": "7", "type": 2, "data": {"type": 1, "name": "imagine"}, "token": "secret"}


class Rows:
    """Implements `bot.ports.UpdateInbox` in memory; a transaction waits while `locked` is not None."""

    def __init__(self) -> None:
        self.rows: dict[int, dict[str, Any]] = {}
        self.locked: asyncio.Event | None = None

    async def save_updates(self, adapter: str, updates: Mapping[int, Mapping[str, Any]], **_: Any) -> None:
        if self.locked is not None:
            await self.locked.wait()
        self.rows |= {number: dict(body) for number, body in updates.items()}

    async def delete_update(self, adapter: str, number: int) -> None:
        self.rows.pop(number, None)

    async def delete_updates(self, adapter: str, numbers: Any) -> None:
        for number in numbers:
            self.rows.pop(number, None)

    async def set_aside_update(self, adapter: str, number: int | None, body: object, reason: str) -> None:
        self.rows.pop(number or 0)

    async def saved_updates(self, adapter: str, *, chats: object = None) -> dict[int, dict[str, Any]]:
        return dict(sorted(self.rows.items()))


async def is_killed(*_: object) -> bool:
    """`receive_message` of a process that is killed in it: what comes after does not happen."""
    raise asyncio.CancelledError


async def wait_until_saved(easel: Easel, count: int) -> None:
    async def saved() -> bool:
        return len(await easel.app.store.adapter_store.saved_updates("discord")) == count

    await wait_until(saved)


@pytest.mark.forms(1)
@pytest.mark.parametrize("restarted_after_s", [0.0, 60.0])
async def test_a_command_that_shows_thinking_is_taken_up_by_the_next_process(
    world: DiscordWorld, monkeypatch: pytest.MonkeyPatch, restarted_after_s: float
) -> None:
    async with world.easel() as first:
        monkeypatch.setattr(first.app.events, "receive_message", is_killed)
        asked = world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a red fox"})
        await world.until(lambda: asked.original)
        await wait_until_saved(first, 1)
    world.advance_clock(restarted_after_s)
    async with world.easel() as second:
        message = await world.wait_for_picture()
        assert asked.original is message
        assert world.bot_messages() == [message]
        await wait_until_saved(second, 0)
    assert len(world.sandbox.requests) == 1


async def test_a_form_is_taken_up_by_the_next_process(world: DiscordWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world.easel() as first:
        world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a red fox"})
        picture = await world.wait_for_picture()
        opened = world.server.click(world.ada, picture, next(each for each in picture.custom_ids if ":edit:" in each))
        await world.until(lambda: opened.modal)
        await wait_until_saved(first, 0)
        monkeypatch.setattr(first.app.events, "receive_message", is_killed)
        sent = world.server.modal_submit(opened, {"prompt": "make it night"})
        await world.until(lambda: sent.original)
        await wait_until_saved(first, 1)
    async with world.easel() as second:
        assert await world.wait_for_picture(after=picture) is sent.original
        await wait_until_saved(second, 0)


@pytest.mark.forms(1)
@pytest.mark.parametrize("direct", [True, False])
async def test_a_message_is_taken_up_by_the_next_process(
    world: DiscordWorld, monkeypatch: pytest.MonkeyPatch, direct: bool
) -> None:
    channel = world.server.world.open_dm(world.ada) if direct else world.channel
    async with world.easel() as first:
        monkeypatch.setattr(first.app.events, "receive_message", is_killed)
        world.server.say(world.ada, channel, f"{world.bot_mention} a red fox")
        world.server.say(world.ada, world.channel, "nobody asks the bot")
        await wait_until_saved(first, 1)
    async with world.easel() as second:
        picture = await world.wait_for_picture(channel)
        assert world.bot_messages(channel) == [picture]
        await wait_until_saved(second, 0)


async def test_a_request_that_became_a_job_before_the_kill_becomes_no_second_one(
    world: DiscordWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world.easel() as first:
        receive = first.app.events.receive_message

        async def is_killed_afterwards(message: Any) -> bool:
            await receive(message)
            raise asyncio.CancelledError

        monkeypatch.setattr(first.app.events, "receive_message", is_killed_afterwards)
        world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a red fox"})
        await world.wait_for_picture()
        await wait_until_saved(first, 1)
    async with world.easel() as second:
        await wait_until_saved(second, 0)
        await world.wait_until_settled()
    assert len(world.bot_messages()) == len(world.sandbox.requests) == 1


async def test_a_locked_database_delays_an_acknowledgement_by_a_second_at_most() -> None:
    rows, clock = Rows(), FakeClock()
    inbox = EventInbox(rows, clock, "discord")
    rows.locked = asyncio.Event()
    inbox.record("INTERACTION_CREATE", COMMAND, "1")
    waiting = asyncio.create_task(inbox.wait_until_saved(7))
    await clock.advance(SAVE_WAIT_S - 0.1)
    assert not waiting.done()
    await clock.advance(0.1)
    assert waiting.done()
    rows.locked.set()
    await settle()
    assert list(rows.rows) == [7]
    inbox.set_handled(7)
    await inbox.close()
    assert rows.rows == {}


async def test_what_is_too_old_is_not_taken_up() -> None:
    rows, clock = Rows(), FakeClock()
    first = EventInbox(rows, clock, "discord")
    first.record("INTERACTION_CREATE", COMMAND, "1")
    message = {"id": "8", "author": {"id": "2"}, "content": "a fox"}
    first.record("MESSAGE_CREATE", message, "1")
    await first.close()
    clock.jump(TOKEN_LIFETIME_S)
    second = EventInbox(rows, clock, "discord")
    await second.load()
    await second.close()
    assert second.pop_left_behind() == ("MESSAGE_CREATE", message)
    assert second.pop_left_behind() is None
    assert list(rows.rows) == [8]
    clock.jump(MESSAGE_LIFETIME_S)
    third = EventInbox(rows, clock, "discord")
    await third.load()
    await third.close()
    assert third.pop_left_behind() is None
    assert rows.rows == {}


async def test_only_what_may_be_meant_for_the_bot_is_saved() -> None:
    rows = Rows()
    inbox = EventInbox(rows, FakeClock(), "discord")
    user, guild = {"id": "2"}, {"guild_id": "3"}
    messages: list[dict[str, Any]] = [
        {"author": user},
        {"author": user, **guild, "mentions": [{"id": "1"}]},
        {"author": user, **guild, "mention_roles": ["9"]},
        {"author": user, **guild, "content": "/imagine a fox"},
        {"author": user, **guild, "referenced_message": {"author": {"id": "1"}}},
        {"author": user, **guild, "content": "hello", "mentions": [], "referenced_message": None},
        {"author": {"id": "4", "bot": True}},
        {"author": user, "webhook_id": "5"},
        {"author": None, "mentions": 5, "referenced_message": {"author": None}},
        {"author": [], **guild, "mentions": [None, {"id": "1"}]},
    ]
    for number, message in enumerate(messages):
        inbox.record("MESSAGE_CREATE", {"id": str(number), **message}, "1")
    for number, (kind, command) in enumerate([(2, 1), (2, 3), (3, None), (4, 1), (5, None)], start=100):
        inbox.record("INTERACTION_CREATE", {"id": str(number), "type": kind, "data": {"type": command}}, "1")
    await inbox.close()
    assert sorted(rows.rows) == [0, 1, 2, 3, 4, 8, 9, 100, 104]


BROKEN: list[Any] = [
    [],
    "words",
    {},
    {"event": "READY", "received_s": 1.0, "data": {"id": "103"}},
    {"event": "MESSAGE_CREATE", "received_s": "now", "data": {"id": "104"}},
    {"event": "MESSAGE_CREATE", "received_s": 1.0, "data": {"id": "another"}},
    {"event": "INTERACTION_CREATE", "received_s": 1.0, "data": ["106"]},
]


async def test_what_cannot_be_read_of_before_is_set_aside_and_hides_nothing(world: DiscordWorld) -> None:
    """Rows of another version, or damaged ones: the others are taken up, and new requests are served."""
    now_s = world.clock.now().timestamp()
    async with open_store(world.values({})["database_url"], world.clock) as store:
        adapters = store.adapter_store
        await adapters.save_updates("discord", {number: {} for number in range(100, 100 + len(BROKEN))})
        unparsed = {"event": "INTERACTION_CREATE", "received_s": now_s, "data": {"id": "200"}}
        await adapters.save_updates("discord", {200: unparsed})
        later = world.clock.now() + timedelta(hours=1)
        for number, fields in enumerate([{}, {"id": 5}, {"id": "i1", "created_s": "x"}]):
            await adapters.save_tokens("discord", [StoredToken(id=f"i{number}", expires=later, fields=fields)])
        await adapters.add_pending_notice("discord", "nobody")
    put_updates(world.values({})["database_url"], BROKEN)
    async with world.easel() as easel:
        world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a red fox"})
        await world.wait_for_picture()

        async def all_set_aside() -> bool:
            return len(await easel.app.store.quarantine.list_rows()) == len(BROKEN) + 1 + 3

        await wait_until(all_set_aside)
        await wait_until_saved(easel, 0)


async def test_an_edit_is_taken_up_by_the_next_process(world: DiscordWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a request that waits, killed before the edit was handled; the message itself was."""
    world.settings["limits"] = {"user_concurrent": 1}
    chat = world.server.world.open_dm(world.ada)
    async with world.gallery() as upstream:
        async with world.easel() as first:
            world.server.say(world.ada, chat, "an owl")
            await upstream.fetched.wait()
            waiting = world.server.say(world.ada, chat, "a fxo")
            await world.wait_for_unfinished_jobs(2)
            await wait_until_saved(first, 0)
            monkeypatch.setattr(first.app.events, "receive_message", is_killed)
            world.server.rewrite(waiting, "a fax")
            world.advance_clock(1)
            world.server.rewrite(waiting, "a fox")
            world.server.unfold(waiting, [])
            await wait_until_saved(first, 2)
        async with world.easel() as second:
            await wait_until_saved(second, 0)
            upstream.open.set()
            await world.wait_until_settled()
    async with world.store() as store:
        assert {job.prompt for job in await store.history(f"discord:{world.ada.id}")} == {"an owl", "a fox"}


async def test_an_edit_of_a_guild_that_is_not_listed_yet_waits_for_it(world: DiscordWorld) -> None:
    async with world.easel():
        said = world.server.say(world.ada, world.channel, "nobody asks the bot")
        listed = world.server.core.world.guilds
        world.server.gateway.send_odd("GUILD_DELETE", {"id": str(world.guild.id)})
        world.server.rewrite(said, "nobody asks the bot, still")
        world.server.gateway.send_odd("GUILD_CREATE", encode.guild(listed[world.guild.id], world.server.world))
        world.server.say(world.ada, world.channel, f"{world.bot_mention} /quota")
        await world.wait_for_reply()
        assert len(world.bot_messages()) == 1
        assert world.sandbox.requests == []
