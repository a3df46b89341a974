"""The bot's questions in Discord and the answers to them: by the button that opens a form, and by a reply."""

import pytest

from bot.texts import translate
from tests.support.world import reference_sizes
from tests.wire.discord.easel import DiscordWorld
from tests.wire.discord.interactions import shot


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
