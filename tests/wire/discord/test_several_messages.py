"""What members say in more than one message, or correct: in direct messages and in a channel."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.handlers import draft_jobs
from bot.job import Job
from bot.texts import translate
from tests.servers.discord import Channel
from tests.servers.discord.gateway import Intent
from tests.support.waiting import wait_until
from tests.support.world import reference_sizes
from tests.wire.discord.easel import DiscordWorld, discord_world
from tests.wire.discord.interactions import shot

WORDS = " ".join(f"word{number}" for number in range(260))  # 2,050 characters


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[DiscordWorld]:
    async with discord_world(tmp_path, allowed=Intent.MESSAGE_CONTENT) as made:
        yield made


def place_of(world: DiscordWorld, *, private: bool) -> tuple[Channel, str]:
    """Where Ada writes, and what she has to write before her words there."""
    if private:
        return world.server.world.open_dm(world.ada), ""
    return world.channel, f"{world.bot_mention} "


async def history(world: DiscordWorld) -> list[Job]:
    async with world.store() as store:
        return await store.history(f"discord:{world.ada.id}")


async def prompts(world: DiscordWorld, expected: set[str]) -> bool:
    """Whether Ada's jobs have these prompts."""
    return {job.prompt for job in await history(world)} == expected


@pytest.mark.forms(1)
@pytest.mark.parametrize("private", [True, False])
async def test_a_text_that_a_client_has_cut_is_one_prompt(
    world: DiscordWorld, monkeypatch: pytest.MonkeyPatch, private: bool
) -> None:
    monkeypatch.setattr(draft_jobs, "CUT_HOLD_S", 600.0)
    channel, before = place_of(world, private=private)
    first = (before + WORDS)[:1990].rpartition(" ")[0]
    async with world.easel(message_content=True):
        world.server.say(world.ada, channel, first)
        await world.wait_for_reply(channel)  # the status is there at once
        world.server.say(world.ada, channel, (before + WORDS)[len(first) + 1 :])
        picture = await world.wait_for_picture(channel)
        assert [each.prompt.strip() for each in world.sandbox.requests] == [WORDS]
        assert world.bot_messages(channel) == [picture]


@pytest.mark.forms(1)
@pytest.mark.parametrize("private", [True, False])
async def test_a_waiting_job_takes_its_correction_and_a_started_one_none(world: DiscordWorld, private: bool) -> None:
    channel, before = place_of(world, private=private)
    world.settings["limits"] = {"user_concurrent": 1}
    async with world.gallery() as upstream, world.easel():
        running = world.server.say(world.ada, channel, f"{before}an owl")
        await upstream.fetched.wait()
        waiting = world.server.say(world.ada, channel, f"{before}a fxo")
        await world.wait_for_unfinished_jobs(2)
        world.server.rewrite(running, f"{before}an eagle")
        world.server.rewrite(waiting, f"{before}a fox --n 2")
        world.server.rewrite(waiting, f"{before}a fox --n 2")  # the same again, as when a link is unfolded
        await wait_until(lambda: prompts(world, {"an owl", "a fox"}))
        upstream.open.set()
        await world.wait_until_settled()
        world.server.rewrite(running, f"{before}a hawk")
        world.server.say(world.ada, channel, f"{before}/quota")  # behind the edit
        await world.until(lambda: len(world.bot_messages(channel)) == 3)
        assert sorted((job.prompt, job.cost) for job in await history(world)) == [("a fox", 2), ("an owl", 1)]


@pytest.mark.forms(1)
@pytest.mark.parametrize(("said", "is_mentioned"), [("a fox --size 7", True), ("a fox", False)])
async def test_what_was_refused_or_not_meant_becomes_a_request_by_an_edit(
    world: DiscordWorld, said: str, is_mentioned: bool
) -> None:
    async with world.easel():
        message = world.server.say(
            world.ada, world.channel, f"{world.bot_mention} {said}" if is_mentioned else said, files=[shot(50)]
        )
        refusal = await world.wait_for_reply() if is_mentioned else None
        world.server.rewrite(message, f"{world.bot_mention} a fox")
        picture = await world.wait_for_picture(after=refusal)
        assert "a fox" in picture.content
        assert reference_sizes(world.sandbox) == [(50, 40)]
        assert len(world.sandbox.requests) == 1
        assert len(world.bot_messages()) == 1 + is_mentioned


async def test_a_job_that_an_edit_made_a_refusal_is_corrected_after_a_restart(world: DiscordWorld) -> None:
    home = world.server.world.open_dm(world.ada)
    world.settings["limits"] = {"user_concurrent": 1}
    async with world.gallery() as upstream:
        async with world.easel():
            world.server.say(world.ada, home, "an owl")
            await upstream.fetched.wait()
            waiting = world.server.say(world.ada, home, "a fox")
            await world.wait_for_unfinished_jobs(2)
            world.server.rewrite(waiting, "a fox --size 7")
            await world.wait_for_unfinished_jobs(1)
        upstream.open.set()
        async with world.easel():
            world.advance_clock(1)
            world.server.rewrite(waiting, "a fox --n 2")
            ended = [("a fox", 0), ("a fox", 2), ("an owl", 1)]

            async def are_ended() -> bool:
                return sorted((job.prompt, job.charged or 0) for job in await history(world)) == ended

            await wait_until(are_ended)


async def test_a_comment_on_a_forward_that_is_hidden_paints_nothing(tmp_path: Path) -> None:
    """Without the intent Discord shows neither the picture nor the words of what is forwarded."""
    async with discord_world(tmp_path) as world, world.easel():
        bob = world.server.world.add_member(world.guild, "Bob")
        picture = world.server.say(bob, world.channel, files=[shot(50)])
        world.server.forward(world.ada, world.channel, picture)
        world.server.say(world.ada, world.channel, f"{world.bot_mention} make it night")
        told = await world.wait_for_reply()
        assert told.content == translate("en", "discord-hidden", menu=translate("en", "discord-menu-edit"))
        world.advance_clock(60)
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a fox")
        await world.wait_for_picture(after=told)
        assert [each.prompt for each in world.sandbox.requests] == ["a fox"]


async def test_an_old_message_becomes_no_request_by_an_edit(world: DiscordWorld) -> None:
    async with world.easel():
        message = world.server.say(world.ada, world.channel, "a fox")
        world.advance_clock(3600)
        world.server.rewrite(message, f"{world.bot_mention} a fox")
        world.server.say(world.ada, world.channel, f"{world.bot_mention} /cancel")
        answer = await world.wait_for_reply()
        assert answer.content == translate("en", "answer-nothing-to-cancel")
        assert world.sandbox.requests == []
