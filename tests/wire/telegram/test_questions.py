"""The bot's questions in Telegram and the answers to them: what opens the reply, what an answer may leave out."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.texts import translate
from tests.servers.telegram import UNLIMITED, Message, User
from tests.servers.telegram.entities import Content
from tests.support.images import png
from tests.support.world import reference_sizes
from tests.wire.telegram.easel import TelegramWorld, telegram_world


@pytest.fixture
async def place(tmp_path: Path) -> AsyncGenerator[TelegramWorld]:
    async with telegram_world(tmp_path, members=["Bob"], limits=UNLIMITED) as made:
        yield made


def bob(place: TelegramWorld) -> User:
    return next(each for each in place.server.core.world.users.values() if each.name == "Bob")


def forced(question: Message) -> str:
    """The example in the field of the reply that a question opens."""
    markup = question.content.markup
    assert markup is not None
    assert (markup["force_reply"], markup["selective"]) == (True, True)
    return str(markup["input_field_placeholder"])


@pytest.mark.forms(1)
@pytest.mark.parametrize("language", ["en", "ru", "zh"])
async def test_a_bare_command_asks_and_the_reply_is_the_prompt(place: TelegramWorld, language: str) -> None:
    eva = place.server.add_user("Eva", language_code=language)
    async with place.easel():
        asking = place.server.say(eva, place.group, "/imagine@easel_bot")
        question = await place.wait_for_reply(place.group)
        assert question.text == translate(language, "refusal-prompt-empty")
        assert forced(question) == translate(language, "question-example")
        assert question.reply_to is asking  # else a selective reply opens for nobody
        answer = place.server.say(eva, place.group, "a fox", reply_to=question)
        picture = await place.wait_for_picture(place.group, after=question)
        assert picture.reply_to is answer
        assert place.sandbox.requests[-1].prompt.startswith("a fox")


async def test_an_edit_without_words_keeps_somebodys_picture_for_the_answer(place: TelegramWorld) -> None:
    async with place.easel():
        theirs = place.server.photo(bob(place), place.group, png(size=(90, 70)))
        place.server.say(place.ada, place.group, "/edit@easel_bot --size 3:2", reply_to=theirs)
        question = await place.wait_for_reply(place.group)
        assert forced(question) == translate("en", "question-example-edit")
    async with place.easel():
        place.server.say(place.ada, place.group, "make it night", reply_to=question)
        await place.wait_for_picture(place.group, after=question)
        assert reference_sizes(place.sandbox) == [(90, 70)]
        assert "3:2" in place.sandbox.requests[-1].prompt  # what was typed with the command


@pytest.mark.forms(1)
@pytest.mark.parametrize("replies", [False, True])
async def test_what_has_neither_words_nor_pictures_answers_nothing(place: TelegramWorld, replies: bool) -> None:
    die = Content(service={"dice": {"emoji": "🎲", "value": 3}})
    async with place.easel():
        place.server.animation(place.ada, place.private, b"gif", caption="make it night")
        refused = await place.wait_for_reply()
        rolled = place.server.core.world.post(place.private, place.ada, die, reply_to=refused if replies else None)
        place.server.deliver(rolled)
        asked = await place.wait_for_reply(after=refused)
        assert asked.text == translate("en", "refusal-prompt-empty")
        await place.wait_until_settled()
        assert place.sandbox.requests == []
        place.server.photo(place.ada, place.private, png(size=(90, 70)), caption="make it day")
        await place.wait_for_picture(after=asked)
        assert [each.prompt for each in place.sandbox.requests] == ["make it day"]


@pytest.mark.forms(1)
@pytest.mark.parametrize("waits", [False, True])
async def test_a_forwarded_picture_is_no_prompt_of_its_caption(place: TelegramWorld, waits: bool) -> None:
    async with place.easel():
        away = place.server.add_channel("News")
        target = place.server.photo(place.ada, away, png(size=(90, 70)), caption="A bridge, yesterday")
        place.server.forward(place.ada, place.private, target)
        if waits:
            assert (await place.wait_for_reply()).text == translate("en", "refusal-pictures-without-prompt")
        place.server.say(place.ada, place.private, "make it night")
        await place.wait_for_picture()
        assert reference_sizes(place.sandbox) == [(90, 70)]
        assert [each.prompt for each in place.sandbox.requests] == ["make it night"]
