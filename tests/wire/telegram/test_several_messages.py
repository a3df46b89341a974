"""What members say in more than one message, the words first: forwards with a comment, cut texts."""

from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest

from bot.errors import EaselError, NotAPicture, NothingToEdit, RestTooLate, TooManyPictures
from bot.handlers import draft_jobs
from bot.jobs import service
from bot.pictures.inspection import SUPPORTED_FORMATS
from bot.texts import translate, translate_error
from tests.servers.telegram import UNLIMITED, Chat
from tests.servers.telegram.entities import Content
from tests.support.clocks import PausableClock
from tests.support.world import reference_sizes
from tests.wire.telegram.easel import SPEED, TelegramWorld, telegram_world
from tests.wire.telegram.edges import wired
from tests.wire.telegram.standing import StandingClock, photos, shot, standing_world


@pytest.fixture
def clock() -> PausableClock:
    return StandingClock(SPEED)


@pytest.fixture
async def place(tmp_path: Path, clock: PausableClock) -> AsyncGenerator[TelegramWorld]:
    async with standing_world(tmp_path, clock) as made:
        yield made


# ---------------------------------------------------------------- a forward with a comment

Follow = Callable[[TelegramWorld, Chat], None]


def one_forward(place: TelegramWorld, chat: Chat) -> None:
    place.server.forward(place.ada, chat, photos(place, 1)[0])


def two_forwards(place: TelegramWorld, chat: Chat) -> None:
    for photo in photos(place, 2):
        place.server.forward(place.ada, chat, photo)


def an_album(place: TelegramWorld, chat: Chat) -> None:
    place.server.forward_album(place.ada, chat, photos(place, 3), deliver=[2, 0, 1])


def a_document(place: TelegramWorld, chat: Chat) -> None:
    away = place.server.add_group("Away", bot_status="left")
    place.server.forward(place.ada, chat, place.server.document(place.ada, away, shot(0)))


def her_own_photo(place: TelegramWorld, chat: Chat) -> None:
    place.server.photo(place.ada, chat, shot(0))


PLAIN, EDIT, MENTION = ("make it night", True), ("/edit make it night", True), ("@easel_bot make it night", False)


@pytest.mark.forms(2)
@pytest.mark.parametrize(
    ("said", "follow", "count"),
    [
        (PLAIN, one_forward, 1),
        (PLAIN, two_forwards, 2),
        (PLAIN, an_album, 3),
        (PLAIN, a_document, 1),
        (PLAIN, her_own_photo, 1),
        (EDIT, two_forwards, 2),
        (MENTION, an_album, 3),
    ],
)
async def test_words_and_the_pictures_that_follow_are_one_request(
    place: TelegramWorld, clock: PausableClock, said: tuple[str, bool], follow: Follow, count: int
) -> None:
    words, private = said
    chat = place.private if private else place.group
    async with place.easel():
        with clock.paused():
            request = place.server.say(place.ada, chat, words)
            await place.wait_until_heard()
            if not words.startswith("/edit"):
                await place.wait_for_reply(chat)  # the status is there at once
            follow(place, chat)
            await place.wait_until_heard()
        picture = await place.wait_for_picture(chat)
        assert place.bot_messages(chat) == [picture]
        assert picture.reply_to is request
        assert len(place.sandbox.requests) == 1
        assert place.sandbox.requests[0].prompt.startswith("make it night")
        assert reference_sizes(place.sandbox) == [(100 + number, 50) for number in range(count)]
        assert await place.available_credits() == 49


async def test_what_is_forwarded_without_a_picture_is_part_of_the_words(
    place: TelegramWorld, clock: PausableClock
) -> None:
    away = place.server.add_group("Away", bot_status="left")
    async with place.easel():
        with clock.paused():
            place.server.say(place.ada, place.private, "paint this:")
            await place.wait_for_reply()
            place.server.forward(place.ada, place.private, place.server.say(place.ada, away, "a fox in the snow"))
            await place.wait_until_heard()
        await place.wait_for_picture()
        assert [each.prompt.strip() for each in place.sandbox.requests] == ["paint this:\na fox in the snow"]
        assert await place.available_credits() == 49


@pytest.mark.forms(1)
@pytest.mark.parametrize(
    ("count", "refusal"),
    [
        (6, TooManyPictures(count=6, limit=5)),
        (0, NotAPicture(name="voice.ogg", kinds=SUPPORTED_FORMATS)),
    ],
)
async def test_what_cannot_be_taken_ends_the_request_in_words(
    place: TelegramWorld, clock: PausableClock, count: int, refusal: EaselError
) -> None:
    async with place.easel():
        with clock.paused():
            place.server.say(place.ada, place.private, "make it night")
            status = await place.wait_for_reply()
            if count:
                place.server.forward_album(place.ada, place.private, photos(place, count))
            else:
                away = place.server.add_group("Away", bot_status="left")
                place.server.forward(place.ada, place.private, place.server.voice(place.ada, away, b"voice"))
            await place.wait_until_heard()
        await place.until(lambda: translate_error("en", refusal) in status.text.replace("\u2060", ""))
        await place.wait_until_settled()
        assert place.bot_messages() == [status]
        assert status.buttons == []
        assert place.sandbox.requests == []
        assert await place.available_credits() == 50


async def test_a_forward_that_comes_too_late_is_asked_about_and_changes_nothing(place: TelegramWorld) -> None:
    async with place.gallery() as upstream, place.easel():
        place.server.say(place.ada, place.private, "make it night")
        await upstream.fetched.wait()
        place.server.forward(place.ada, place.private, photos(place, 1)[0])
        await place.until(lambda: len(place.bot_messages()) == 2)
        assert place.bot_messages()[1].text == translate("en", "refusal-pictures-without-prompt")
        upstream.open.set()
        await place.wait_until_settled()
        assert upstream.asked == 1
        assert await place.available_credits() == 49


async def test_edit_without_a_picture_is_refused_a_moment_later_and_taken_up_by_what_follows(
    place: TelegramWorld, clock: PausableClock
) -> None:
    async with place.easel():
        with clock.paused():
            request = place.server.say(place.ada, place.private, "/edit make it night")
            await place.wait_until_heard()
            assert place.bot_messages() == []
        answer = await place.wait_for_reply()
        assert answer.text == translate_error("en", NothingToEdit())
        assert answer.reply_to is request
        place.server.forward(place.ada, place.private, photos(place, 1)[0])
        await place.wait_for_picture(after=answer)
        assert len(place.sandbox.requests) == 1
        assert place.sandbox.requests[0].prompt.startswith("make it night")


async def test_a_restart_in_between_loses_and_doubles_nothing(
    place: TelegramWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draft_jobs, "FORWARD_HOLD_S", 600.0)
    monkeypatch.setattr(service, "RESUME_HOLD_S", 600.0)
    photo = photos(place, 1)[0]
    async with place.easel():
        place.server.say(place.ada, place.private, "make it night")
        status = await place.wait_for_reply()
    assert place.sandbox.requests == []
    async with place.easel():
        await place.wait_for_unfinished_jobs(1)
        forwarded = place.server.forward(place.ada, place.private, photo)
        await place.wait_until_heard()
    monkeypatch.setattr(service, "RESUME_HOLD_S", 1.0)
    async with place.easel():
        place.server.deliver(forwarded)  # in an update of its own: the first one was not acknowledged
        assert await place.wait_for_picture() is status
        await place.wait_until_heard()
        assert place.bot_messages() == [status]
        assert len(place.sandbox.requests) == 1
        assert reference_sizes(place.sandbox) == [(100, 50)]
        assert await place.available_credits() == 49


# ---------------------------------------------------------------- a text that the client has cut

LINES = "\n".join(f"line {number} of a scene with a fox and an owl" for number in range(170))  # 7,000 characters
WORDS = " ".join(f"word{number}" for number in range(900))  # 8,000 characters
SOLID = "x" * 5000


def cut(text: str) -> list[str]:
    """As clients cut a text: at the end of a line in the second half of what fits, or of a word, or at the limit."""
    parts: list[str] = []
    while len(text) > 4096:
        fits = text[:4097]
        at = max(fits.rfind("\n", 2048), fits.rfind(" ", 2048)) if "\n" not in fits else fits.rfind("\n", 2048)
        at = 4096 if at < 0 else at
        parts.append(text[:at])
        text = text[at:].lstrip()
    return [*parts, text]


@pytest.fixture
def spacious(place: TelegramWorld) -> TelegramWorld:
    """Its provider takes prompts of 32,000 characters."""
    place.settings["providers"] = [place.provider(dialect="images")]
    return place


@pytest.mark.forms(1)
@pytest.mark.parametrize(
    ("command", "text", "private"),
    [
        ("", LINES, True),
        ("/imagine ", WORDS, True),
        ("", SOLID, True),
        ("@easel_bot ", WORDS, False),
    ],
)
async def test_a_text_that_the_client_has_cut_is_one_prompt(
    spacious: TelegramWorld, clock: PausableClock, command: str, text: str, private: bool
) -> None:
    place, chat = spacious, spacious.private if private else spacious.group
    parts = cut(command + text)
    assert len(parts) > 1
    async with place.easel():
        with clock.paused():
            for part in parts:
                place.server.say(place.ada, chat, part)
                await place.wait_until_heard()
        picture = await place.wait_for_picture(chat)
        assert place.bot_messages(chat) == [picture]
        assert [each.prompt for each in place.sandbox.requests] == [text]
        assert await place.available_credits() == 49


@pytest.mark.thorough
async def test_parts_that_come_in_the_wrong_order_are_one_prompt(spacious: TelegramWorld, clock: PausableClock) -> None:
    place, (first, second) = spacious, cut(WORDS)
    async with place.easel():
        with clock.paused():
            request = place.server.core.world.post(place.private, place.ada, Content(text=first))
            place.server.say(place.ada, place.private, second)
            await place.wait_for_reply()
            place.server.deliver(request)
            await place.wait_until_heard()
        await place.wait_for_picture()
        assert [each.prompt for each in place.sandbox.requests] == [WORDS]
        assert await place.available_credits() == 49


@pytest.mark.forms(1)
@pytest.mark.parametrize("tail", ["in time", "late", "after a restart"])
async def test_a_text_that_is_too_long_is_refused_once_and_its_rest_is_never_painted(
    place: TelegramWorld, clock: PausableClock, tail: str
) -> None:
    first, second = "/imagine " + "x" * 4087, "and a red hat"
    async with place.easel():
        with clock.paused():
            place.server.say(place.ada, place.private, first)
            await place.wait_until_heard()
            if tail == "in time":
                place.server.say(place.ada, place.private, second)
                await place.wait_until_heard()
        await place.wait_for_reply()
        if tail == "late":
            place.server.say(place.ada, place.private, second)
            await place.wait_until_heard()
        place.server.say(place.ada, place.private, "/quota")
        await place.until(lambda: len(place.bot_messages()) == 2)
    if tail == "after a restart":
        async with place.easel():
            place.server.say(place.ada, place.private, second)
            await place.wait_until_heard()
            place.server.say(place.ada, place.private, "/quota")
            await place.until(lambda: len(place.bot_messages()) == 3)
    assert place.bot_messages()[0].text.startswith("That is 41" if tail == "in time" else "That is 40")
    assert place.sandbox.requests == []
    place.advance_clock(10.0)
    async with place.easel():  # later it is a prompt like any other
        place.server.say(place.ada, place.private, second)
        await place.wait_for_picture()
        assert place.sandbox.requests[0].prompt.strip() == second


@pytest.mark.thorough
async def test_the_rest_of_what_is_painted_already_is_said_to_be_late(spacious: TelegramWorld) -> None:
    place = spacious
    async with place.easel():
        first, second = cut(WORDS)
        place.server.say(place.ada, place.private, first)
        picture = await place.wait_for_picture()
        place.server.say(place.ada, place.private, second)
        answer = await place.wait_for_reply(after=picture)
        assert answer.text == translate_error("en", RestTooLate())
        assert len(place.sandbox.requests) == 1


# ---------------------------------------------------------------- by webhook


@pytest.mark.thorough
async def test_by_webhook_it_is_the_same(tmp_path: Path, clock: PausableClock) -> None:
    async with (
        telegram_world(tmp_path, limits=UNLIMITED, clock=clock, members=["Bo"], http_webhooks=True) as place,
        wired(place, mode="webhook"),
    ):
        with clock.paused():
            place.server.say(place.ada, place.private, "make it night")
            status = await place.wait_for_reply()
            forwarded = place.server.forward_album(place.ada, place.private, photos(place, 3), deliver=[1, 2])
            await place.wait_until_heard()
            place.server.deliver(forwarded[0])
            await place.wait_until_heard()
        assert await place.wait_for_picture() is status
        assert reference_sizes(place.sandbox) == [(100, 50), (101, 50), (102, 50)]
        first, second = "/imagine " + "x" * 4087, "and a red hat"
        with clock.paused():
            begins = place.server.core.world.post(place.private, place.ada, Content(text=first))
            place.server.say(place.ada, place.private, second)  # the parts overtake each other
            await place.wait_for_reply(after=status)
            place.server.deliver(begins)
            await place.wait_until_heard()
        refused = await place.wait_for_reply(after=status)
        await place.until(lambda: refused.text.startswith("That is 41"))
        await place.wait_until_settled()
        assert len(place.bot_messages()) == 2
        assert len(place.sandbox.requests) == 1
        assert await place.available_credits() == 49
