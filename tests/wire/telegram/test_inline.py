"""Chats that the bot is not in: inline mode and guest mode, from the first words to the picture put in by its id."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from adapters.telegram.encode import WORD_JOINER
from adapters.telegram.inline import PLACEHOLDER_DATA
from bot.errors import AlreadyFinished, BadOption, NotYours, OutOfCredits, UnknownCommand
from bot.handlers.commands import help_text
from bot.texts import LOCALES, translate, translate_error
from tests.servers.telegram import Chat, GuestQuery, InlineQuery, Message, User
from tests.support.chat_world import reference_sizes
from tests.support.images import png
from tests.wire.telegram.easel import TelegramWorld, done
from tests.wire.telegram.edges import Edge, edge, pressed, words


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[Edge]:
    async with edge(tmp_path) as made:
        yield made


@pytest.fixture
def place(world: Edge) -> TelegramWorld:
    return world.place


@pytest.fixture
def storage(place: TelegramWorld) -> Chat:
    """The operator's group for uploads."""
    return place.server.add_group("Storage")


@pytest.fixture
def elsewhere(place: TelegramWorld) -> Chat:
    """A group of Ada's that the bot is not in."""
    return place.server.add_group("Elsewhere", members=[place.ada], bot_status="left")


async def queried(place: TelegramWorld, text: str, *, by: User | None = None) -> InlineQuery:
    """Somebody types after the bot's name, and is offered something."""
    query = place.server.inline_query(by or place.ada, text)
    await place.until(lambda: query.answered)
    return query


async def chosen(place: TelegramWorld, text: str, *, by: User | None = None) -> Message:
    """Somebody types, and takes what is offered."""
    query = await queried(place, text, by=by)
    return place.server.choose_result(by or place.ada, query, "paint")


async def called(place: TelegramWorld, chat: Chat, text: str, *, reply_to: Message | None = None) -> Message:
    """The bot's name is written where it is no member; its answer."""
    query: GuestQuery = place.server.guest_message(place.ada, chat, f"@easel_bot {text}", reply_to=reply_to)
    await place.until(lambda: query.answered)
    assert query.answer is not None
    return query.answer


async def finished(place: TelegramWorld, message: Message, *, after: int = 0) -> None:
    """Waits until a message has become a picture, and the job knows it. `after`: edits that do not count."""
    await place.until(lambda: done(message) and message.photo is not None and message.edits > after)
    await place.settled()


def shown(message: Message) -> str:
    return message.content.text.replace(WORD_JOINER, "")


# ---------------------------------------------------------------- inline mode


@pytest.mark.parametrize("locale", LOCALES)
async def test_what_is_typed_is_offered_and_what_is_chosen_is_painted(
    place: TelegramWorld, storage: Chat, locale: str
) -> None:
    cy = place.server.add_user("Cy", language_code=locale)
    async with place.easel(storage_chat=storage.id):
        query = await queried(place, "a red  fox", by=cy)
        assert query.results is not None
        (offer,) = query.results
        assert offer["title"] == translate(locale, "telegram-inline-title")
        assert offer["description"] == "a red fox"
        assert (query.cache_time, query.personal) == (0, True)
        message = place.server.choose_result(cy, query, "paint")
        assert shown(message) == translate(locale, "telegram-inline-text", prompt="a red fox")
        assert message.buttons == [(translate(locale, "telegram-inline-starting"), PLACEHOLDER_DATA)]
        await finished(place, message)
        assert "a red fox" in message.caption
        assert await place.left(cy) == 49


async def test_the_picture_is_uploaded_once_and_put_in_by_its_id(place: TelegramWorld, storage: Chat) -> None:
    async with place.easel(storage_chat=storage.id):
        message = await chosen(place, "a red fox")
        await finished(place, message)
        (stored,) = place.mine(storage)
        assert stored.photo == message.photo
        assert stored.caption == ""
        assert stored.buttons == []
        assert all(not call.files for call in place.server.calls("editMessageMedia"))
        assert [label for label, _ in message.buttons] == ["Retry", "Vary", "Edit"]


async def test_an_original_is_put_in_as_a_document(place: TelegramWorld, storage: Chat) -> None:
    async with place.easel(storage_chat=storage.id):
        message = await chosen(place, "a red fox --file")
        await place.until(lambda: done(message) and message.document is not None)
        await place.settled()
        (stored,) = place.mine(storage)
        assert stored.document == message.document


async def test_a_photo_that_telegram_refuses_is_put_in_as_a_document(place: TelegramWorld, storage: Chat) -> None:
    refusal = b'{"ok":false,"error_code":400,"description":"Bad Request: PHOTO_INVALID_DIMENSIONS"}'
    place.server.faults.garble("sendPhoto", body=refusal)
    place.server.faults.planned[-1].status = 400
    async with place.easel(storage_chat=storage.id):
        message = await chosen(place, "a red fox")
        await place.until(lambda: done(message) and message.document is not None)


async def test_a_picture_that_was_stored_is_not_stored_again(place: TelegramWorld, storage: Chat) -> None:
    place.server.faults.limit("editMessageMedia", retry_after=1)
    place.server.faults.fail("editMessageMedia")
    async with place.easel(storage_chat=storage.id):
        message = await chosen(place, "a red fox")
        await finished(place, message)
        assert len(place.server.calls("editMessageMedia")) == 3
        assert len(place.mine(storage)) == 1


async def test_progress_shows_inside_the_message(tmp_path: Path) -> None:
    async with edge(tmp_path, pace=0.6) as world:
        place = world.place
        storage = place.server.add_group("Storage")
        async with place.easel(storage_chat=storage.id):
            message = await chosen(place, "a red fox")
            await finished(place, message)
            texts = [each.text for each in message.history]
            assert any(translate("en", "stage-painting") in each for each in texts)
            cancels = [each.markup for each in message.history if "easel:cancel:" in str(each.markup)]
            assert cancels


async def test_nothing_typed_is_explained_and_leads_to_the_bot(place: TelegramWorld, storage: Chat) -> None:
    async with place.easel(storage_chat=storage.id):
        query = await queried(place, "  ")
        assert query.results == []
        assert query.button == {"text": translate("en", "telegram-inline-empty"), "start_parameter": "inline"}


async def test_a_long_prompt_with_marks_is_offered_and_painted_as_typed(place: TelegramWorld, storage: Chat) -> None:
    async with place.easel(storage_chat=storage.id):
        query = await queried(place, "[fox](http://x.y) <b>&amp; @ada " + "é" * 200)
        assert query.results is not None
        message = place.server.choose_result(place.ada, query, "paint")
        assert message.entities == []
        await finished(place, message)


async def test_several_pictures_are_refused_in_the_message(place: TelegramWorld, storage: Chat) -> None:
    async with place.easel(storage_chat=storage.id):
        message = await chosen(place, "a red fox --n 2")
        expected = translate_error("en", BadOption(option="--n", value="2", allowed="1"))
        await place.until(lambda: shown(message) == expected)
        assert message.buttons == []
        assert await place.left() == 50


async def test_a_refusal_shows_in_the_message(place: TelegramWorld, storage: Chat) -> None:
    place.settings["limits"] = {"user_daily": 0}
    async with place.easel(storage_chat=storage.id):
        message = await chosen(place, "a red fox")
        start = translate_error("en", OutOfCredits(left=0, cost=1, refill=1)).partition("New credits")[0]
        await place.until(lambda: shown(message).startswith(start))


async def test_a_failure_shows_in_the_message_and_can_be_tried_again(place: TelegramWorld, storage: Chat) -> None:
    async with place.easel(storage_chat=storage.id):
        message = await chosen(place, "a red fox [[refuse]]")
        await place.until(lambda: [label for label, _ in message.buttons] == ["Retry"])
        assert await place.left() == 50


async def test_a_storage_chat_that_takes_nothing_costs_nothing(place: TelegramWorld, storage: Chat) -> None:
    place.server.kick(storage)
    async with place.easel(storage_chat=storage.id):
        message = await chosen(place, "a red fox")
        await place.until(lambda: shown(message) == translate("en", "failed-undelivered"))
        await place.settled()
        assert await place.left() == 50


async def test_a_storage_group_that_became_a_supergroup_is_followed(place: TelegramWorld) -> None:
    storage = place.server.add_group("Storage", supergroup=False)
    async with place.easel(storage_chat=storage.id):
        new = place.server.migrate(storage)
        await place.heard()
        message = await chosen(place, "a red fox")
        await finished(place, message)
        assert len(place.mine(new)) == 1


# ---------------------------------------------------------------- buttons there


async def test_cancel_works_inside_the_message(place: TelegramWorld, storage: Chat) -> None:
    async with place.gallery() as upstream, place.easel(storage_chat=storage.id):
        message = await chosen(place, "a red fox")
        await upstream.fetched.wait()
        await place.until(lambda: [label for label, _ in message.buttons] == ["Cancel"])
        assert words(await pressed(place, message, "Cancel")) == translate("en", "answer-cancelled", count=1)
        await place.until(lambda: shown(message) == translate("en", "cancelled"))
        assert await place.left() == 50


@pytest.mark.parametrize("label", ["Retry", "Vary"])
async def test_the_next_picture_takes_the_place_of_the_first(place: TelegramWorld, storage: Chat, label: str) -> None:
    async with place.easel(storage_chat=storage.id):
        message = await chosen(place, "a red fox")
        await finished(place, message)
        edits = message.edits
        assert words(await pressed(place, message, label)) == ""
        await place.until(lambda: len(place.mine(storage)) == 2)
        await finished(place, message, after=edits)
        assert message.photo == place.mine(storage)[-1].photo
        assert len(place.sandbox.requests[-1].references) == (label == "Vary")
        assert all(each.media is not None for each in message.history[edits:])
        assert await place.left() == 48


async def test_edit_tells_the_way_that_there_is(place: TelegramWorld, storage: Chat) -> None:
    async with place.easel(storage_chat=storage.id):
        message = await chosen(place, "a red fox")
        await finished(place, message)
        assert words(await pressed(place, message, "Edit")) == translate("en", "telegram-edit-guest", bot="@easel_bot")
        request = place.server.say(place.ada, place.private, "a green hill")
        await place.picture(after=request)
        assert place.sandbox.requests[-1].references == ()


async def test_edit_without_guest_mode_leads_to_the_private_chat(tmp_path: Path) -> None:
    async with edge(tmp_path, supports_guest_queries=False) as world:
        place = world.place
        storage = place.server.add_group("Storage")
        async with place.easel(storage_chat=storage.id):
            message = await chosen(place, "a red fox")
            await finished(place, message)
            click = await pressed(place, message, "Edit")
            assert words(click) == translate("en", "telegram-edit-elsewhere", bot="@easel_bot")


async def test_others_may_not_and_the_first_button_says_nothing(place: TelegramWorld, storage: Chat) -> None:
    bo = place.server.add_user("Bo")
    async with place.gallery() as upstream, place.easel(storage_chat=storage.id):
        message = await chosen(place, "a red fox")
        click = place.server.press_with_data(place.ada, message, PLACEHOLDER_DATA)
        await place.until(lambda: click.answered)
        assert words(click) == ""
        await place.until(lambda: [label for label, _ in message.buttons] == ["Cancel"])
        assert words(await pressed(place, message, "Cancel", by=bo)) == translate_error("en", NotYours())
        upstream.open.set()
        await finished(place, message)
        assert words(await pressed(place, message, "Vary", by=bo)) == translate_error("en", NotYours())


# ---------------------------------------------------------------- restarts


async def test_a_restart_in_the_middle_ends_in_the_same_message(place: TelegramWorld, storage: Chat) -> None:
    async with place.gallery() as upstream:
        async with place.easel(storage_chat=storage.id):
            message = await chosen(place, "a red fox")
            await upstream.fetched.wait()
            await place.until(lambda: [label for label, _ in message.buttons] == ["Cancel"])
        upstream.open.set()
        async with place.easel(storage_chat=storage.id):
            await finished(place, message)
            assert upstream.asked == 1
            assert await place.left() == 49


async def test_buttons_of_a_photo_of_before_work_after_a_restart(place: TelegramWorld, storage: Chat) -> None:
    async with place.easel(storage_chat=storage.id):
        message = await chosen(place, "a red fox")
        await finished(place, message)
    edits = message.edits
    async with place.easel(storage_chat=storage.id):
        await pressed(place, message, "Retry")
        await finished(place, message, after=edits)
        assert len(place.mine(storage)) == 2


async def test_a_choice_that_comes_again_is_one_job(place: TelegramWorld, storage: Chat) -> None:
    async with place.easel(storage_chat=storage.id):
        message = await chosen(place, "a red fox")
        await finished(place, message)
    update = next(each for each in place.server.updates if each.kind == "chosen_inline_result")
    place.server.redeliver(update)
    async with place.easel(storage_chat=storage.id):
        await place.heard()
        await queried(place, "x")
        assert await place.left() == 49


# ---------------------------------------------------------------- guest mode


async def test_a_mention_where_the_bot_is_no_member_paints(
    place: TelegramWorld, storage: Chat, elsewhere: Chat
) -> None:
    async with place.easel(storage_chat=storage.id):
        answer = await called(place, elsewhere, "a red fox")
        await finished(place, answer)
        assert "a red fox" in answer.caption
        assert len(place.mine(storage)) == 1
        assert place.mine(elsewhere) == [answer]
        assert await place.left() == 49


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
        assert words(click) == translate_error("en", AlreadyFinished())


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
            assert place.mine(elsewhere) == [answer]


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
        assert await place.left() == 49


# ---------------------------------------------------------------- off


async def test_without_a_storage_chat_nothing_of_it_is_asked_for(place: TelegramWorld, elsewhere: Chat) -> None:
    async with place.easel():
        await place.until(lambda: place.server.core.updates.polled)
        query = place.server.inline_query(place.ada, "a red fox")
        guest = place.server.guest_message(place.ada, elsewhere, "@easel_bot a red fox")
        request = place.server.say(place.ada, place.private, "a blue boat")
        await place.picture(after=request)
        assert not query.answered
        assert not guest.answered
        assert {each.kind for each in place.server.updates} == {"message"}


async def test_an_inline_query_that_is_too_old_harms_nothing(place: TelegramWorld, storage: Chat) -> None:
    query = place.server.inline_query(place.ada, "a red fox")
    place.server.later(120)
    async with place.easel(storage_chat=storage.id):
        await place.until(lambda: place.server.calls("answerInlineQuery"))
        message = await chosen(place, "a blue boat")
        await finished(place, message)
        assert not query.answered
