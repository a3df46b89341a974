"""The bot's questions in Discord and the answers to them: by the button that opens a form, and by a reply."""

from pathlib import Path

import pytest

from bot.texts import translate
from tests.servers.discord import Intent
from tests.support.world import reference_sizes
from tests.wire.discord.easel import DiscordWorld, discord_world
from tests.wire.discord.interactions import shot


@pytest.mark.forms(1)
@pytest.mark.parametrize("restarts", [False, True])
async def test_the_button_of_a_question_opens_the_form_for_its_answer(world: DiscordWorld, restarts: bool) -> None:
    async with world.easel():
        world.server.say(world.ada, world.channel, world.bot_mention)
        question = await world.wait_for_reply()
        assert question.content == translate("en", "refusal-prompt-empty")
        if not restarts:
            await answer_by_form(world)
    if restarts:
        async with world.easel():
            await answer_by_form(world)


async def answer_by_form(world: DiscordWorld) -> None:
    [question] = world.bot_messages()
    [button] = question.custom_ids
    opened = world.server.click(world.ada, question, button)
    await world.until(lambda: opened.modal)
    world.server.modal_submit(opened, {"prompt": "a fox", "pictures": [shot(50)]})
    picture = await world.wait_for_picture(after=question)
    assert "a fox" in picture.content
    assert reference_sizes(world.sandbox) == [(50, 40)]


async def test_a_reply_that_mentions_the_bot_answers_its_question(world: DiscordWorld) -> None:
    async with world.easel():
        world.server.say(world.ada, world.channel, world.bot_mention, files=[shot(50)])
        question = await world.wait_for_reply()
        world.server.say(world.ada, world.channel, "make it night", reply_to=question)
        picture = await world.wait_for_picture(after=question)
        assert "make it night" in picture.content
        assert reference_sizes(world.sandbox) == [(50, 40)]


@pytest.mark.forms(1)
@pytest.mark.parametrize("how", ["slash", "reply"])
async def test_a_mask_that_was_refused_is_not_asked_for_again(world: DiscordWorld, how: str) -> None:
    world.settings["providers"] = [world.provider(max_references=1)]  # so no marked copy goes along either
    async with world.easel():
        given = {"prompt": "make it night", "image": shot(50), "mask": shot(50)}
        asked = world.server.slash(world.ada, world.channel, "imagine", given)
        refusal = await world.wait_for_reply()
        assert asked.original is refusal
        assert refusal.content == translate("en", "refusal-unsupported", what="mask")
        if how == "slash":
            world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a fox"})
        else:
            world.server.say(world.ada, world.channel, f"{world.bot_mention} a fox", reply_to=refusal)
        await world.wait_for_picture(after=refusal)
        assert [each.prompt for each in world.sandbox.requests] == ["a fox"]


@pytest.mark.forms(1)
@pytest.mark.parametrize("late", [False, True])
async def test_a_comment_on_a_forward_is_about_it(tmp_path: Path, late: bool) -> None:
    async with (
        discord_world(tmp_path, allowed=Intent.MESSAGE_CONTENT) as world,
        world.easel(message_content=True),
    ):
        bob = world.server.world.add_member(world.guild, "Bob")
        theirs = world.server.say(bob, world.channel, "look", files=[shot(50)])
        world.server.forward(world.ada, world.channel, theirs)
        if late:
            world.advance_clock(10)
        world.server.say(world.ada, world.channel, f"{world.bot_mention} make it night")
        await world.wait_for_picture()
        assert reference_sizes(world.sandbox) == ([] if late else [(50, 40)])


async def test_a_command_that_was_refused_is_corrected_in_the_form_with_its_pictures(world: DiscordWorld) -> None:
    async with world.easel():
        bob = world.server.world.add_member(world.guild, "Bob")
        asked = world.server.slash(
            world.ada, world.channel, "imagine", {"prompt": "a fox --quality bogus", "image": shot(50), "size": "3:2"}
        )
        question = await world.wait_for_reply()
        [button] = question.custom_ids
        await world.until(lambda: asked.original is question)
        for member, sizes in ((bob, []), (world.ada, [(50, 40)])):  # what was put into a command, nobody else has seen
            opened = world.server.click(member, question, button)
            await world.until(lambda opened=opened: opened.modal)
            before = world.bot_messages()[-1]
            world.server.modal_submit(opened, {"prompt": f"a fox for {member.name}"})
            picture = await world.wait_for_picture(after=before)
            assert f"a fox for {member.name}" in picture.content
            assert reference_sizes(world.sandbox) == sizes
        assert "3:2" in world.sandbox.requests[-1].prompt
