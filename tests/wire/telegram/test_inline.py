"""Inline mode: from the typed words to the picture that is inserted by its id; with and without a storage chat."""

from pathlib import Path

import pytest

from adapters.telegram.inline import PLACEHOLDER_DATA
from bot.errors import BadOption, OutOfCredits
from bot.texts import LOCALES, translate, translate_error
from tests.servers.telegram import Chat
from tests.wire.telegram.easel import TelegramWorld, done
from tests.wire.telegram.edges import edge
from tests.wire.telegram.inline_chats import chosen, finished, queried, shown

# ---------------------------------------------------------------- inline mode


@pytest.mark.forms(1)
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
        assert await place.available_credits(cy) == 49


async def test_the_picture_is_uploaded_once_and_put_in_by_its_id(place: TelegramWorld, storage: Chat) -> None:
    async with place.easel(storage_chat=storage.id):
        message = await chosen(place, "a red fox")
        await finished(place, message)
        (stored,) = place.bot_messages(storage)
        assert stored.photo == message.photo
        assert stored.caption == ""
        assert stored.buttons == []
        assert all(not call.files for call in place.server.calls("editMessageMedia"))
        assert [label for label, _ in message.buttons] == ["Retry", "Vary", "Edit", "More…"]


async def test_an_original_is_put_in_as_a_document(place: TelegramWorld, storage: Chat) -> None:
    async with place.easel(storage_chat=storage.id):
        message = await chosen(place, "a red fox --file")
        await place.until(lambda: done(message) and message.document is not None)
        await place.wait_until_settled()
        (stored,) = place.bot_messages(storage)
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
        assert len(place.bot_messages(storage)) == 1


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
        assert await place.available_credits() == 50


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
        assert await place.available_credits() == 50


async def test_a_storage_chat_that_takes_nothing_costs_nothing(place: TelegramWorld, storage: Chat) -> None:
    place.server.kick(storage)
    async with place.easel(storage_chat=storage.id):
        message = await chosen(place, "a red fox")
        await place.until(lambda: shown(message) == translate("en", "failed-undelivered"))
        await place.wait_until_settled()
        assert await place.available_credits() == 50


async def test_a_storage_group_that_became_a_supergroup_is_followed(place: TelegramWorld) -> None:
    storage = place.server.add_group("Storage", supergroup=False)
    async with place.easel(storage_chat=storage.id):
        new = place.server.migrate(storage)
        await place.wait_until_heard()
        message = await chosen(place, "a red fox")
        await finished(place, message)
        assert len(place.bot_messages(new)) == 1


# ---------------------------------------------------------------- off


async def test_without_a_storage_chat_nothing_of_it_is_asked_for(place: TelegramWorld, elsewhere: Chat) -> None:
    async with place.easel():
        await place.until(lambda: place.server.core.updates.polled)
        query = place.server.inline_query(place.ada, "a red fox")
        guest = place.server.guest_message(place.ada, elsewhere, "@easel_bot a red fox")
        request = place.server.say(place.ada, place.private, "a blue boat")
        await place.wait_for_picture(after=request)
        assert not query.answered
        assert not guest.answered
        assert {each.kind for each in place.server.updates} == {"message"}


async def test_an_inline_query_that_is_too_old_harms_nothing(place: TelegramWorld, storage: Chat) -> None:
    query = place.server.inline_query(place.ada, "a red fox")
    place.server.advance_clocks(120)
    async with place.easel(storage_chat=storage.id):
        await place.until(lambda: place.server.calls("answerInlineQuery"))
        message = await chosen(place, "a blue boat")
        await finished(place, message)
        assert not query.answered
