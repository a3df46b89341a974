"""Privacy and closed doors in Telegram: what is kept, that it goes, and that a flood in a group is its sender's."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from adapters.telegram.encode import WORD_JOINER
from bot.chat import Action
from bot.errors import Closed, TooFast
from bot.texts import translate, translate_error
from tests.servers.telegram import User
from tests.support.databases import everything
from tests.wire.telegram.easel import TelegramWorld, button, telegram_world

FLOOD = 300  # commands in a group


@pytest.fixture
async def place(tmp_path: Path) -> AsyncGenerator[TelegramWorld]:
    async with telegram_world(tmp_path, members=["Bo"]) as made:
        yield made


def plain(text: str) -> str:
    return text.replace(WORD_JOINER, "")


async def test_privacy_and_forget_and_what_is_left(place: TelegramWorld) -> None:
    place.settings |= {"privacy": {"retention_days": 7}}
    async with place.easel():
        asked = place.server.say(place.ada, place.private, "/privacy")
        told = await place.wait_for_reply(after=asked)
        assert plain(told.text) == translate("en", "answer-privacy", days=7)
        place.server.say(place.ada, place.private, "a portrait of my neighbour")
        picture = await place.wait_for_picture(after=told)
        place.server.say(place.ada, place.private, "/forget")
        answer = await place.wait_for_reply(after=picture)
        assert plain(answer.text) == translate("en", "answer-forgotten", count=1)
        await place.until(lambda: "neighbour" not in everything(place.database_url))
        pressed = place.server.press(place.ada, picture, button(picture, Action.RETRY))
        await place.until(lambda: pressed.answer is not None)
        assert await place.available_credits() == 49


async def test_a_closed_bot_is_open_in_the_chat_it_names(place: TelegramWorld, bo: User) -> None:
    place.settings |= {"access": {"allowed_chats": [f"telegram:{place.group.id}"]}}
    private = place.server.private(bo, opened=True)
    async with place.easel():
        asked = place.server.say(bo, private, "a fox")
        answer = await place.wait_for_reply(private, after=asked)
        assert plain(answer.text) == translate_error("en", Closed())
        place.server.say(bo, place.group, "/imagine@easel_bot a fox")
        await place.wait_for_picture(place.group)
        assert len(place.sandbox.requests) == 1


async def test_a_flood_in_a_group_is_answered_a_little_and_the_others_paint(place: TelegramWorld, bo: User) -> None:
    async with place.easel():
        for _ in range(FLOOD):
            place.server.say(place.ada, place.group, "/quota@easel_bot")
        place.server.say(bo, place.group, "/imagine@easel_bot a fox")
        await place.wait_for_picture(place.group)
        await place.wait_until_heard()
        answers = [plain(one.text) for one in place.bot_messages(place.group) if one.text]
        too_fast = [translate_error("en", TooFast(seconds=seconds)) for seconds in range(1, 61)]
        assert len(answers) <= 12
        assert len([each for each in answers if each in too_fast]) <= 2
        assert await place.available_credits(bo) == 49
