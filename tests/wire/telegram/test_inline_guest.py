"""Guest mode: mentions and replies in a chat that the bot is no member of."""

import pytest

from bot.errors import BadOption, Forgotten, UnknownCommand
from bot.handlers.commands import help_text
from bot.texts import translate, translate_error
from tests.servers.telegram import Chat
from tests.support.images import png
from tests.support.world import reference_sizes
from tests.wire.telegram.easel import TelegramWorld
from tests.wire.telegram.edges import pressed, words
from tests.wire.telegram.inline_chats import called, finished, shown


async def test_a_mention_where_the_bot_is_no_member_paints(
    place: TelegramWorld, storage: Chat, elsewhere: Chat
) -> None:
    async with place.easel(storage_chat=storage.id):
        answer = await called(place, elsewhere, "a red fox")
        await finished(place, answer)
        assert "a red fox" in answer.caption
        assert len(place.bot_messages(storage)) == 1
        assert place.bot_messages(elsewhere) == [answer]
        assert await place.available_credits() == 49


async def test_a_reply_to_a_photo_is_edited(place: TelegramWorld, storage: Chat, elsewhere: Chat) -> None:
    bo = place.server.add_user("Bo")
    photo = place.server.photo(bo, elsewhere, png(size=(150, 100)))
    async with place.easel(storage_chat=storage.id):
        answer = await called(place, elsewhere, "make it night", reply_to=photo)
        await finished(place, answer)
        assert reference_sizes(place.sandbox) == [(150, 100)]
        assert place.sandbox.requests[-1].prompt.startswith("make it night")


async def test_a_reply_to_its_own_picture_there_is_edited(place: TelegramWorld, storage: Chat, elsewhere: Chat) -> None:
    async with place.easel(storage_chat=storage.id):
        first = await called(place, elsewhere, "a red fox")
        await finished(place, first)
        second = await called(place, elsewhere, "make it night", reply_to=first)
        await finished(place, second)
        assert len(place.sandbox.requests[-1].references) == 1


@pytest.mark.forms(2)
@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("/help", help_text("en")),
        ("/paint a fox", translate_error("en", UnknownCommand(command="/paint"))),
        ("/buy", translate_error("en", UnknownCommand(command="/buy"))),
        ("", translate("en", "refusal-prompt-empty")),
        ("/edit make it night", translate("en", "refusal-nothing-to-edit")),
        ("a fox --n 3", translate_error("en", BadOption(option="--n", value="3", allowed="1"))),
    ],
)
async def test_words_there_are_answered_in_words(
    place: TelegramWorld, storage: Chat, elsewhere: Chat, text: str, answer: str
) -> None:
    async with place.easel(storage_chat=storage.id, star_packs=[{"credits": 10, "stars": 5}]):
        assert shown(await called(place, elsewhere, text)) == answer


async def test_buttons_there_work(place: TelegramWorld, storage: Chat, elsewhere: Chat) -> None:
    async with place.easel(storage_chat=storage.id):
        answer = await called(place, elsewhere, "a red fox")
        await finished(place, answer)
        edits = answer.edits
        await pressed(place, answer, "Vary")
        await finished(place, answer, after=edits)
        assert len(place.sandbox.requests[-1].references) == 1
        click = place.server.press_with_data(place.ada, answer, "easel:cancel:gone")
        await place.until(lambda: click.answered)
        assert words(click) == translate_error("en", Forgotten())


async def test_a_restart_in_the_middle_there_ends_in_the_same_message(
    place: TelegramWorld, storage: Chat, elsewhere: Chat
) -> None:
    async with place.gallery() as upstream:
        async with place.easel(storage_chat=storage.id):
            answer = await called(place, elsewhere, "a red fox")
            await upstream.fetched.wait()
        upstream.open.set()
        async with place.easel(storage_chat=storage.id):
            await finished(place, answer)
            assert place.bot_messages(elsewhere) == [answer]


async def test_a_picture_that_is_there_before_any_word_is_answered_once(
    place: TelegramWorld, storage: Chat, elsewhere: Chat
) -> None:
    """The storage chat is busy just then: the delivery is made again, and the query is answered already."""
    place.server.faults.limit("answerGuestQuery", retry_after=8)
    place.server.faults.limit("sendPhoto", retry_after=1)
    async with place.easel(storage_chat=storage.id):
        answer = await called(place, elsewhere, "a red fox")
        await finished(place, answer)
        assert sum(each.status == 200 for each in place.server.calls("answerGuestQuery")) == 1
        assert await place.available_credits() == 49
