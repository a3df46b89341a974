"""Groups that do not take photos, or nothing at all: known before anything is painted, and said once.

Each row: what may not be sent, how that came about, and what the member gets.
"""

from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest

from bot.job import State
from bot.texts import translate
from tests.servers.telegram import UNLIMITED, Chat, Message
from tests.wire.telegram.easel import TelegramWorld, done, telegram_world

Forbid = Callable[[TelegramWorld, Chat, tuple[str, ...]], None]
REFUSAL = translate("en", "refusal-pictures-forbidden")


@pytest.fixture
async def place(tmp_path: Path) -> AsyncGenerator[TelegramWorld]:
    async with telegram_world(tmp_path, limits=UNLIMITED) as made:
        yield made


def bot_restricted(place: TelegramWorld, chat: Chat, denied: tuple[str, ...]) -> None:
    """An administrator restricts the bot, which Telegram tells it."""
    place.server.restrict(chat, *denied)


def group_restricted(place: TelegramWorld, chat: Chat, denied: tuple[str, ...]) -> None:
    """The group's default permissions change, which Telegram tells no bot."""
    place.server.forbid(chat, *denied)


FORBID = pytest.mark.parametrize("forbid", [bot_restricted, group_restricted])


def ask(place: TelegramWorld, more: str = "") -> Message:
    return place.server.say(place.ada, place.group, f"/imagine@easel_bot a fox{more}")


async def refused(place: TelegramWorld) -> None:
    """Nothing is painted, and one sentence without a button is said."""
    said = await place.wait_for_reply(place.group)
    assert (said.text, said.buttons) == (REFUSAL, [])
    ask(place)
    await place.wait_until_heard()
    assert len(place.bot_messages(place.group)) == 1
    assert place.sandbox.requests == []
    assert await place.available_credits() == 50


@pytest.mark.forms(1)
@FORBID
async def test_where_neither_is_allowed_it_is_said_once_and_nothing_is_painted(
    place: TelegramWorld, forbid: Forbid
) -> None:
    forbid(place, place.group, ("photos", "documents"))
    async with place.easel():
        ask(place)
        await refused(place)
        forbid(place, place.group, ())
        ask(place)
        assert (await place.wait_for_picture(place.group)).photo is not None  # at once
        assert await place.available_credits() == 49


@pytest.mark.forms(2)
@FORBID
@pytest.mark.parametrize("since", ["start", "painting"])
@pytest.mark.parametrize("count", [1, 4])
async def test_where_photos_are_not_allowed_documents_are_sent(
    place: TelegramWorld, forbid: Forbid, since: str, count: int
) -> None:
    async with place.gallery() as upstream, place.easel():
        if since == "start":
            forbid(place, place.group, ("photos",))
        ask(place, f" --n {count}")
        status = await place.wait_for_reply(place.group)
        await upstream.fetched.wait()
        if since == "painting":
            forbid(place, place.group, ("photos",))
        upstream.open.set()
        await place.until(lambda: done(status))
        await place.wait_until_settled()
        assert [one.document is not None for one in place.bot_messages(place.group)] == [True] * count
        assert await place.available_credits() == 50 - count
        tries = [one for one in place.server.requests if one.status == 400 and "photos" in (one.error or "")]
        assert len(tries) == (0 if since == "start" else 1)  # nothing is tried that is known to be refused


async def test_where_documents_are_not_allowed_a_file_is_sent_as_a_photo(place: TelegramWorld) -> None:
    place.server.restrict(place.group, "documents")
    async with place.easel():
        ask(place, " --file")
        assert (await place.wait_for_picture(place.group)).photo is not None


async def test_rights_that_go_while_it_waits_in_the_queue_cost_nothing(place: TelegramWorld) -> None:
    place.settings["jobs"] = {"concurrency": 1}
    async with place.gallery() as upstream, place.easel() as easel:
        place.server.say(place.ada, place.private, "a dog")
        await upstream.fetched.wait()
        ask(place)
        status = await place.wait_for_reply(place.group)
        place.server.restrict(place.group, "photos", "documents")
        await place.wait_until_heard()
        upstream.open.set()
        await place.until(lambda: status.text == REFUSAL)
        await place.wait_until_settled()
        assert status.buttons == []
        history = await easel.app.store.history(f"telegram:{place.ada.id}")
        assert sorted((job.state, job.charged) for job in history) == [(State.DONE, 1), (State.FAILED, 0)]


@pytest.mark.forms(1)
@FORBID
async def test_a_picture_whose_right_went_while_it_was_painted_is_not_charged_and_not_tried_again(
    place: TelegramWorld, forbid: Forbid
) -> None:
    async with place.gallery() as upstream, place.easel():
        ask(place)
        status = await place.wait_for_reply(place.group)
        await upstream.fetched.wait()
        forbid(place, place.group, ("photos", "documents"))
        upstream.open.set()
        await place.until(lambda: status.text == translate("en", "failed-undelivered"))
        await place.wait_until_settled()
        assert status.buttons == []
        assert await place.available_credits() == 50
        ask(place)
        said = await place.wait_for_reply(place.group, after=status)
        assert said.text == REFUSAL  # what was refused is remembered
        assert upstream.asked == 1


async def test_what_a_group_takes_neither_as_picture_nor_as_words_any_more_is_said_in_the_private_chat(
    place: TelegramWorld,
) -> None:
    async with place.easel():
        ask(place)
        first = await place.wait_for_picture(place.group)
        group_restricted(place, place.group, ("text messages", "photos", "documents"))
        ask(place)
        said = await place.wait_for_reply()
        assert said.text == translate("en", "refusal-writing-forbidden")
        await place.wait_until_settled()
        assert place.bot_messages(place.group) == [first]
        assert await place.available_credits() == 49
        painted = len(place.sandbox.requests)
        ask(place)  # known now
        await place.wait_until_heard()
        await place.wait_until_settled()
        assert len(place.sandbox.requests) == painted == 2


async def test_previews_that_are_not_allowed_cost_nothing_but_themselves(tmp_path: Path) -> None:
    async with telegram_world(tmp_path, limits=UNLIMITED, previews=True, pace=1.0) as place, place.easel():
        place.server.restrict(place.group, "photos")
        ask(place)
        assert (await place.wait_for_picture(place.group)).document is not None


@pytest.mark.forms(1)
@FORBID
async def test_where_text_is_not_allowed_the_picture_is_the_only_message(place: TelegramWorld, forbid: Forbid) -> None:
    forbid(place, place.group, ("text messages",))
    async with place.easel():
        ask(place)
        picture = await place.wait_for_picture(place.group)
        assert picture.photo is not None
        assert place.bot_messages(place.group) == [picture]
        assert await place.available_credits() == 49


async def test_where_nothing_is_allowed_it_is_said_in_the_private_chat(place: TelegramWorld) -> None:
    place.server.restrict(place.group, "text messages", "photos", "documents")
    async with place.easel():
        ask(place)
        said = await place.wait_for_reply()
        assert (said.text, said.buttons) == (translate("en", "refusal-writing-forbidden"), [])
        assert place.bot_messages(place.group) == []
        assert place.sandbox.requests == []


async def test_a_closed_topic_is_known_until_it_is_opened_again(tmp_path: Path) -> None:
    async with telegram_world(tmp_path, limits=UNLIMITED) as place:
        forum = place.server.add_group("Forum", members=[place.ada], forum=True)
        topic = place.server.add_topic(forum, "Foxes", by=place.ada)
        async with place.easel():
            place.server.close_topic(forum, topic)
            place.server.say(place.ada, forum, "/imagine@easel_bot a fox", thread=topic)
            said = await place.wait_for_reply()
            assert said.text == translate("en", "refusal-writing-forbidden")
            assert place.sandbox.requests == []
            place.server.reopen_topic(forum, topic)
            place.server.say(place.ada, forum, "/imagine@easel_bot a fox", thread=topic)
            await place.wait_for_picture(forum)


@pytest.mark.forms(1)
@pytest.mark.parametrize("private", [False, True])
async def test_a_chat_that_the_bot_is_removed_from_ends_its_jobs_before_they_are_painted(
    place: TelegramWorld, private: bool
) -> None:
    place.settings["jobs"] = {"concurrency": 1}
    bob = place.server.add_user("Bob")
    place.group.members[bob.id] = "member"
    async with place.gallery() as upstream, place.easel() as easel:
        place.server.say(place.ada, place.group if private else place.private, "/imagine@easel_bot a dog")
        await upstream.fetched.wait()
        if private:
            place.server.say(bob, place.server.private(bob, opened=True), "a fox")
            await place.wait_for_reply(place.server.private(bob))
            place.server.block(bob)
        else:
            place.server.say(bob, place.group, "/imagine@easel_bot a fox")
            await place.wait_for_reply(place.group)
            place.server.kick(place.group)
        await place.until(lambda: not place.server.pending)
        [job] = await easel.app.store.history(f"telegram:{bob.id}")
        upstream.open.set()
        await place.wait_until_settled()
        [job] = await easel.app.store.history(f"telegram:{bob.id}")
        assert (job.state, job.charged) == (State.CANCELLED, 0)
        assert upstream.asked == 1


@pytest.mark.forms(1)
@pytest.mark.parametrize("code", ["CHAT_SEND_PHOTOS_FORBIDDEN", "CHAT_SEND_MEDIA_FORBIDDEN"])
async def test_whatever_telegram_calls_it_a_forbidden_photo_becomes_a_document(place: TelegramWorld, code: str) -> None:
    async with place.easel():
        for method in ("editMessageMedia", "sendPhoto"):
            place.server.faults.refuse(method, code)
        ask(place)
        assert (await place.wait_for_picture(place.group)).document is not None
        assert await place.available_credits() == 49


@pytest.mark.forms(1)
@pytest.mark.parametrize("refusals", [1, 2])
async def test_a_picture_whose_caption_is_refused_is_delivered_with_fewer_words(
    place: TelegramWorld, refusals: int
) -> None:
    async with place.gallery() as upstream, place.easel():
        place.server.say(place.ada, place.private, "a fox")
        status = await place.wait_for_reply()
        await upstream.fetched.wait()
        place.server.faults.refuse("editMessageMedia", "ENTITY_TEXT_INVALID", times=refusals)
        upstream.open.set()
        await place.until(lambda: done(status))
        await place.wait_until_settled()
        assert "fox" not in status.caption
        assert ("1 credit" in status.caption) == (refusals == 1)
        assert await place.available_credits() == 49


async def test_a_status_message_whose_words_are_refused_is_shown_with_fewer(place: TelegramWorld) -> None:
    async with place.gallery() as upstream, place.easel():
        place.server.faults.refuse("sendMessage", "MESSAGE_TEXT_INVALID")
        place.server.say(place.ada, place.private, "a fox")
        assert (await place.wait_for_reply()).text == translate("en", "note-moderated")
        upstream.open.set()
        await place.wait_for_picture()
