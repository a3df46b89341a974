"""A flood costs who sends it: a crowd of commands is acknowledged before any of them is worked on, silence is cheap."""

import asyncio

import pytest

from adapters.discord import gateway, interaction_replies
from adapters.discord.interaction_replies import CROWD
from bot.chat import Message
from tests.support.waiting import wait_until
from tests.wire.discord.easel import DiscordWorld

CALLBACK = "/interactions/{interaction_id}/{interaction_token}/callback"


async def test_a_crowd_is_acknowledged_before_any_of_it_is_worked_on(
    world: DiscordWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interaction_replies, "MAX_COURTESY_S", 10_000.0)
    async with world.easel() as easel:
        gate = world.server.faults.hold("POST", CALLBACK, times=CROWD)
        members = [world.server.world.add_member(world.guild, f"member {number}") for number in range(CROWD + 5)]
        asked = [world.server.slash(each, world.channel, "imagine", {"prompt": "a fox"}) for each in members]
        await world.until(lambda: sum(each.answered is not None for each in asked) == 5)
        await asyncio.sleep(0)
        assert await easel.app.store.unfinished_jobs() == []
        gate.open()
        await world.until(lambda: all(each.original and each.original.attachments for each in asked))


async def test_a_crowd_that_takes_too_long_holds_up_nobody_for_ever(
    world: DiscordWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interaction_replies, "MAX_COURTESY_S", 0.1)
    async with world.easel():
        gate = world.server.faults.hold("POST", CALLBACK, times=CROWD)
        members = [world.server.world.add_member(world.guild, f"member {number}") for number in range(CROWD + 1)]
        asked = [world.server.slash(each, world.channel, "imagine", {"prompt": "a fox"}) for each in members]
        await world.until(lambda: any(each.original and each.original.attachments for each in asked))
        gate.open()
        await world.until(lambda: all(each.original and each.original.attachments for each in asked))


async def test_who_is_over_their_pace_is_told_once_and_then_not_listened_to(
    world: DiscordWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.settings["limits"] = {"user_per_minute": 1}
    bob = world.server.world.add_member(world.guild, "Bob")
    async with world.easel() as easel:
        told: list[str] = []
        receive = easel.app.events.receive_message

        async def record(message: Message) -> bool:
            told.append(message.sender.name)
            return await receive(message)

        monkeypatch.setattr(easel.app.events, "receive_message", record)
        for _ in range(2):
            world.server.say(world.ada, world.channel, f"{world.bot_mention} /quota")
        await world.until(lambda: len(world.bot_messages()) == 2)
        for _ in range(30):
            world.server.say(world.ada, world.channel, f"{world.bot_mention} /quota")
        world.server.say(bob, world.channel, f"{world.bot_mention} /quota")
        await world.until(lambda: len(world.bot_messages()) == 3)
        assert told == ["Ada", "Ada", "Bob"]


async def test_a_message_that_the_machine_has_no_room_for_is_handled_again(
    world: DiscordWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "MACHINE_RETRY_S", 0.01)
    failures = [OSError(24, "Too many open files"), MemoryError()]
    async with world.easel() as easel:
        receive = easel.app.events.receive_message

        async def fail_first(message: Message) -> bool:
            if failures:
                raise failures.pop(0)
            return await receive(message)

        monkeypatch.setattr(easel.app.events, "receive_message", fail_first)
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a red fox")
        await world.wait_for_picture()
        assert failures == []

        async def struck_out() -> bool:
            return await easel.app.store.adapter_store.saved_updates("discord") == {}

        await wait_until(struck_out)
