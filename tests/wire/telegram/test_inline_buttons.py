"""Buttons under an inline message, and inline jobs across a restart."""

from pathlib import Path

import pytest

from adapters.telegram.inline import PLACEHOLDER_DATA
from bot.errors import NotYours
from bot.texts import translate, translate_error
from tests.servers.telegram import Chat
from tests.wire.telegram.easel import TelegramWorld
from tests.wire.telegram.edges import edge, pressed, words
from tests.wire.telegram.inline_chats import chosen, finished, queried, shown

# ---------------------------------------------------------------- buttons there


async def test_cancel_works_inside_the_message(place: TelegramWorld, storage: Chat) -> None:
    async with place.gallery() as upstream, place.easel(storage_chat=storage.id):
        message = await chosen(place, "a red fox")
        await upstream.fetched.wait()
        await place.until(lambda: [label for label, _ in message.buttons] == ["Cancel"])
        assert words(await pressed(place, message, "Cancel")) == translate("en", "answer-cancelled", count=1)
        await place.until(lambda: shown(message) == translate("en", "cancelled"))
        assert await place.available_credits() == 50


@pytest.mark.forms(1)
@pytest.mark.parametrize("label", ["Retry", "Vary"])
async def test_the_next_picture_takes_the_place_of_the_first(place: TelegramWorld, storage: Chat, label: str) -> None:
    async with place.easel(storage_chat=storage.id):
        message = await chosen(place, "a red fox")
        await finished(place, message)
        edits = message.edits
        assert words(await pressed(place, message, label)) == ""
        await place.until(lambda: len(place.bot_messages(storage)) == 2)
        await finished(place, message, after=edits)
        assert message.photo == place.bot_messages(storage)[-1].photo
        assert len(place.sandbox.requests[-1].references) == (label == "Vary")
        assert all(each.media is not None for each in message.history[edits:])
        assert await place.available_credits() == 48


async def test_edit_tells_the_way_that_there_is(place: TelegramWorld, storage: Chat) -> None:
    async with place.easel(storage_chat=storage.id):
        message = await chosen(place, "a red fox")
        await finished(place, message)
        assert words(await pressed(place, message, "Edit")) == translate("en", "telegram-edit-guest", bot="@easel_bot")
        request = place.server.say(place.ada, place.private, "a green hill")
        await place.wait_for_picture(after=request)
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
            assert await place.available_credits() == 49


async def test_buttons_of_a_photo_of_before_work_after_a_restart(place: TelegramWorld, storage: Chat) -> None:
    async with place.easel(storage_chat=storage.id):
        message = await chosen(place, "a red fox")
        await finished(place, message)
    edits = message.edits
    async with place.easel(storage_chat=storage.id):
        await pressed(place, message, "Retry")
        await finished(place, message, after=edits)
        assert len(place.bot_messages(storage)) == 2


async def test_a_choice_that_comes_again_is_one_job(place: TelegramWorld, storage: Chat) -> None:
    async with place.easel(storage_chat=storage.id):
        message = await chosen(place, "a red fox")
        await finished(place, message)
    update = next(each for each in place.server.updates if each.kind == "chosen_inline_result")
    place.server.redeliver(update)
    async with place.easel(storage_chat=storage.id):
        await place.wait_until_heard()
        await queried(place, "x")
        assert await place.available_credits() == 49
