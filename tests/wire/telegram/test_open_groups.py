"""Groups whose messages the bot hears, by its settings or as an administrator: what is forwarded with a comment, and
what was shown just before; and parts of one request that come at once, or overtake each other."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.errors import TooFast
from bot.texts import translate_error
from tests.servers.telegram import UNLIMITED, Chat, Message, User
from tests.servers.telegram.entities import Content
from tests.servers.telegram.text import detect_entities
from tests.support.clocks import PausableClock
from tests.support.waiting import wait_until
from tests.support.world import reference_sizes
from tests.wire.telegram.easel import SPEED, TelegramWorld, telegram_world
from tests.wire.telegram.standing import StandingClock, photos, shot


@pytest.fixture
def clock() -> PausableClock:
    return StandingClock(SPEED)


@pytest.fixture
async def place(tmp_path: Path, clock: PausableClock) -> AsyncGenerator[TelegramWorld]:
    async with telegram_world(tmp_path, limits=UNLIMITED, clock=clock, members=["Bo"]) as made:
        yield made


@pytest.fixture
def bo(place: TelegramWorld) -> User:
    return next(each for each in place.server.core.world.users.values() if each.name == "Bo")


def held_back(place: TelegramWorld, chat: Chat, text: str) -> Message:
    """A message of Ada's that the bot is not told of yet."""
    content = Content(text=text, entities=detect_entities(text))
    return place.server.core.world.post(chat, place.ada, content)


def sizes(*numbers: int) -> list[tuple[int, int]]:
    return [(100 + number, 50) for number in numbers]


# ---------------------------------------------------------------- a forward with a comment


@pytest.mark.forms(1)
@pytest.mark.parametrize("since", ["before the start", "while it runs"])
@pytest.mark.thorough
async def test_an_administrator_takes_a_command_and_what_is_forwarded_with_it_as_one_request(
    place: TelegramWorld, clock: PausableClock, since: str
) -> None:
    if since == "before the start":
        place.server.promote(place.group)
    async with place.easel():
        if since == "while it runs":
            place.server.say(place.ada, place.group, "/imagine@easel_bot a boat")
            await place.wait_for_picture(place.group)
            place.server.promote(place.group)
            await place.wait_until_heard()
        before = len(place.sandbox.requests)
        with clock.paused():
            request = place.server.say(place.ada, place.group, "/edit@easel_bot make it night")
            await place.wait_until_heard()
            for photo in photos(place, 2):
                place.server.forward(place.ada, place.group, photo)
            await place.wait_until_heard()
        picture = await place.wait_for_picture(place.group, after=request)
        assert picture.reply_to is request
        assert reference_sizes(place.sandbox) == sizes(0, 1)
        assert len(place.sandbox.requests) == before + 1


@pytest.mark.forms(1)
@pytest.mark.parametrize("command", ["/edit@easel_bot", "@easel_bot"])
async def test_a_comment_that_is_corrected_at_once_keeps_what_is_forwarded_with_it(
    place: TelegramWorld, clock: PausableClock, command: str
) -> None:
    place.server.promote(place.group)
    async with place.easel():
        with clock.paused():
            request = place.server.say(place.ada, place.group, f"{command} make it nite")
            await place.wait_until_heard()
            place.server.edit(request, f"{command} make it night")
            place.server.forward(place.ada, place.group, photos(place, 1)[0])
            await place.wait_until_heard()
        await place.wait_for_picture(place.group, after=request)
        assert [each.prompt for each in place.sandbox.requests] == ["make it night"]
        assert reference_sizes(place.sandbox) == sizes(0)


async def test_where_no_forward_can_be_heard_nothing_is_waited_for(place: TelegramWorld, clock: PausableClock) -> None:
    async with place.easel():
        place.server.promote(place.group)
        place.server.demote(place.group)
        await place.wait_until_heard()
        with clock.paused():  # no wait ends
            place.server.say(place.ada, place.group, "/imagine@easel_bot a fox")
            await wait_until(lambda: len(place.sandbox.requests) == 1)
        await place.wait_for_picture(place.group)


@pytest.mark.forms(1)
@pytest.mark.parametrize("private", [True, False])
@pytest.mark.parametrize("album", [True, False])
async def test_words_and_what_was_forwarded_with_them_may_come_at_once_and_in_any_order(
    place: TelegramWorld, clock: PausableClock, private: bool, album: bool
) -> None:
    chat = place.private if private else place.group
    place.server.promote(place.group)
    given = photos(place, 3)
    async with place.easel():
        for text, overtaken in (("/imagine@easel_bot make it night", False), ("@easel_bot make it day", True)):
            with clock.paused():
                request = held_back(place, chat, text)
                if not overtaken:
                    place.server.deliver(request)
                if album:
                    place.server.forward_album(place.ada, chat, given)
                else:
                    place.server.forward(place.ada, chat, given[0])
                if overtaken:
                    place.server.deliver(request)
                await place.wait_until_heard()
            picture = await place.wait_for_picture(chat, after=request)
            assert picture.reply_to is request
            assert reference_sizes(place.sandbox) == sizes(*range(3 if album else 1))
        assert len(place.sandbox.requests) == 2
        place.server.say(place.ada, chat, "@easel_bot a boat")  # about nothing of before
        await place.wait_for_picture(chat, after=picture)
        assert reference_sizes(place.sandbox) == []
        assert len(place.bot_messages(chat)) == 3
        assert await place.available_credits() == 47


async def test_what_follows_a_refused_request_is_no_way_around_the_refusal(
    place: TelegramWorld, clock: PausableClock
) -> None:
    place.settings["limits"] = {"user_per_minute": 1}
    async with place.easel():
        place.server.say(place.ada, place.private, "/quota")
        quota = await place.wait_for_reply()
        with clock.paused():
            place.server.say(place.ada, place.private, "make it night")
            refused = await place.wait_for_reply(after=quota)
            place.server.forward(place.ada, place.private, photos(place, 1)[0])
            await place.wait_until_heard()
        await place.wait_until_settled()
        assert refused.text.startswith(translate_error("en", TooFast(seconds=60))[:20])
        assert place.sandbox.requests == []


# ---------------------------------------------------------------- pictures shown before


@pytest.mark.forms(1)
@pytest.mark.parametrize("words", ["@easel_bot put all three at a table", "/edit@easel_bot at a table"])
@pytest.mark.thorough
async def test_a_request_is_about_what_its_sender_has_just_shown_where_it_says_so(
    place: TelegramWorld, bo: User, words: str
) -> None:
    place.server.promote(place.group)
    async with place.easel():
        place.server.photo(place.ada, place.group, shot(1))
        place.server.photo(bo, place.group, shot(9))
        place.server.album(place.ada, place.group, [shot(2), shot(3)])
        request = place.server.say(place.ada, place.group, words)
        picture = await place.wait_for_picture(place.group, after=request)
        assert reference_sizes(place.sandbox) == sizes(1, 2, 3)
        place.server.say(place.ada, place.group, "@easel_bot make it day")  # they are used up
        await place.wait_for_picture(place.group, after=picture)
        assert reference_sizes(place.sandbox) == []


@pytest.mark.forms(1)
@pytest.mark.parametrize(("count", "words"), [(7, "@easel_bot put them at a table"), (2, "/edit@easel_bot")])
async def test_what_was_shown_is_kept_for_the_answer_to_a_question(
    place: TelegramWorld, count: int, words: str
) -> None:
    place.server.promote(place.group)
    async with place.easel():
        for number in range(count):
            place.server.photo(place.ada, place.group, shot(number))
        place.server.say(place.ada, place.group, words)
        question = await place.wait_for_reply(place.group)
        place.server.say(place.ada, place.group, "at a table", reply_to=question)
        await place.wait_for_picture(place.group, after=question)
        assert reference_sizes(place.sandbox) == sizes(*range(min(count, 5)))


@pytest.mark.forms(1)
@pytest.mark.parametrize("why", ["another matter", "chatter in between", "forgotten"])
async def test_what_was_shown_is_left_alone_otherwise(place: TelegramWorld, why: str) -> None:
    place.server.promote(place.group)
    async with place.easel():
        place.server.photo(place.ada, place.group, shot(1))
        match why:
            case "chatter in between":
                place.server.say(place.ada, place.group, "my cat, by the way")
            case "forgotten":
                place.server.say(place.ada, place.private, "/forget")
                await place.wait_for_reply()
            case _:
                pass
        words = "a fox in the snow" if why == "another matter" else "make it night"
        request = place.server.say(place.ada, place.group, f"@easel_bot {words}")
        await place.wait_for_picture(place.group, after=request)
        assert reference_sizes(place.sandbox) == []


# ---------------------------------------------------------------- topics


async def test_what_was_begun_in_a_topic_is_not_gone_on_with_in_another(place: TelegramWorld, bo: User) -> None:
    forum = place.server.add_group("Forum", members=[place.ada, bo], forum=True)
    cats, castles = (place.server.add_topic(forum, name, by=place.ada) for name in ("Cats", "Castles"))
    async with place.easel():
        cat = place.server.photo(bo, forum, shot(1), thread=cats)
        place.server.say(place.ada, forum, "/edit@easel_bot", reply_to=cat, thread=cats)
        question = await place.wait_for_reply(forum)
        place.server.say(place.ada, forum, "/imagine@easel_bot a castle", thread=castles)
        castle = await place.wait_for_picture(forum, after=question)
        assert reference_sizes(place.sandbox) == []
    async with place.easel():
        place.server.say(place.ada, forum, "make it night", reply_to=question, thread=cats)
        await place.wait_for_picture(forum, after=castle)
        assert reference_sizes(place.sandbox) == sizes(1)
