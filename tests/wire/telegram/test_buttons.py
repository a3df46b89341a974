"""Buttons: Cancel, Retry, Vary, Edit. Always answered, for the owner alone, also long after."""

import pytest

from adapters.telegram.encode import callback_data
from adapters.telegram.events import ANSWER_WAIT_S
from bot.chat import Action, Button
from bot.errors import AlreadyFinished, Forgotten, NotYours, StillPainting
from bot.job import new_id
from bot.texts import LOCALES, translate, translate_error
from tests.servers.telegram import Message, User
from tests.support.images import png
from tests.support.world import reference_sizes
from tests.wire.telegram.easel import TelegramWorld
from tests.wire.telegram.edges import Edge, pressed, wired, words

WEEK = 7 * 24 * 3600.0


async def painted(place: TelegramWorld, text: str = "a red fox", *, group: bool = False) -> Message:
    """A finished picture of Ada's."""
    chat = place.group if group else place.private
    request = place.server.say(place.ada, chat, f"/imagine@easel_bot {text}" if group else text)
    return await place.wait_for_picture(chat, after=request)


def test_what_a_button_brings_back_is_short_enough() -> None:
    for action in Action:
        data = callback_data(Button(action=action, job_id=new_id(), label="x"))
        assert 1 <= len(data.encode()) <= 64


# ---------------------------------------------------------------- what they do


@pytest.mark.forms(1)
@pytest.mark.parametrize("group", [False, True])
async def test_cancel_stops_the_job_and_gives_the_credits_back(place: TelegramWorld, group: bool) -> None:
    chat = place.group if group else place.private
    async with place.gallery() as upstream, place.easel():
        place.server.say(place.ada, chat, "/imagine@easel_bot a red fox")
        status = await place.wait_for_reply(chat)
        await upstream.fetched.wait()
        click = await pressed(place, status, "Cancel")
        assert words(click) == translate("en", "answer-cancelled", count=1)
        await place.until(lambda: status.text == translate("en", "cancelled"))
        assert [label for label, _ in status.buttons] == ["Retry"]
        assert place.bot_messages(chat) == [status]
        assert await place.available_credits() == 50


@pytest.mark.forms(1)
@pytest.mark.parametrize("group", [False, True])
async def test_retry_paints_the_same_once_more_below_the_picture(place: TelegramWorld, group: bool) -> None:
    async with place.easel():
        first = await painted(place, group=group)
        click = await pressed(place, first, "Retry")
        assert words(click) == ""
        second = await place.wait_for_picture(first.chat, after=first)
        assert second.reply_to is first
        assert "a red fox" in second.caption
        assert first.photo is not None
        assert place.sandbox.requests[-1].references == ()
        assert await place.available_credits() == 48


async def test_vary_starts_from_the_picture(place: TelegramWorld) -> None:
    async with place.easel():
        first = await painted(place)
        await pressed(place, first, "Vary")
        second = await place.wait_for_picture(after=first)
        assert second.reply_to is first
        assert len(place.sandbox.requests[-1].references) == 1


async def test_a_cancelled_job_can_be_tried_again(place: TelegramWorld) -> None:
    async with place.gallery() as upstream, place.easel():
        place.server.say(place.ada, place.private, "a red fox")
        status = await place.wait_for_reply()
        await upstream.fetched.wait()
        await pressed(place, status, "Cancel")
        await place.until(lambda: [label for label, _ in status.buttons] == ["Retry"])
        upstream.open.set()
        await pressed(place, status, "Retry")
        assert "a red fox" in (await place.wait_for_picture(after=status)).caption


async def test_a_second_click_on_retry_is_one_job(place: TelegramWorld) -> None:
    async with place.easel():
        first = await painted(place)
    async with place.gallery() as upstream, place.easel():
        await pressed(place, first, "Retry")
        second = await pressed(place, first, "Retry")
        assert words(second) == translate("en", "press-again")
        upstream.open.set()
        await place.wait_for_picture(after=first)
        assert len(place.bot_messages()) == 2


# ---------------------------------------------------------------- Edit


async def test_after_edit_in_private_the_next_words_are_about_the_picture(place: TelegramWorld) -> None:
    async with place.easel():
        first = await painted(place)
        await painted(place, "a blue boat")
        click = await pressed(place, first, "Edit")
        assert click.answer is not None
        assert (click.answer.text, click.answer.show_alert) == (translate("en", "answer-edit-next"), True)
        request = place.server.say(place.ada, place.private, "make it night")
        edited = await place.wait_for_picture(after=request)
        assert edited.reply_to is request
        assert len(place.sandbox.requests[-1].references) == 1
        await painted(place, "a green hill")  # and the words after those are a wish of their own
        assert place.sandbox.requests[-1].references == ()


async def test_after_edit_a_reply_or_a_photo_means_what_it_says(place: TelegramWorld) -> None:
    async with place.easel():
        first = await painted(place)
        await pressed(place, first, "Edit")
        request = place.server.photo(place.ada, place.private, png(size=(120, 90)), caption="make it night")
        await place.wait_for_picture(after=request)
        assert reference_sizes(place.sandbox) == [(120, 90)]
        await pressed(place, first, "Edit")
        request = place.server.say(place.ada, place.private, "make it night", reply_to=first)
        await place.wait_for_picture(after=request)
        assert len(place.sandbox.requests[-1].references) == 1


async def test_edit_is_remembered_over_a_restart_and_forgotten_in_time(place: TelegramWorld) -> None:
    async with place.easel():
        first = await painted(place)
        await pressed(place, first, "Edit")
    async with place.easel():
        await painted(place, "make it night")
        assert len(place.sandbox.requests[-1].references) == 1
        await pressed(place, first, "Edit")
    place.advance_clock(3600)
    async with place.easel():
        await painted(place, "a green hill")
        assert place.sandbox.requests[-1].references == ()


async def test_edit_in_a_group_asks_for_a_reply(place: TelegramWorld) -> None:
    async with place.easel():
        first = await painted(place, group=True)
        click = await pressed(place, first, "Edit")
        assert words(click) == translate("en", "answer-edit-how")
        request = place.server.say(place.ada, place.group, "/imagine@easel_bot a green hill")
        await place.wait_for_picture(place.group, after=request)
        assert place.sandbox.requests[-1].references == ()
        request = place.server.say(place.ada, place.group, "make it night", reply_to=first)
        await place.wait_for_picture(place.group, after=request)
        assert len(place.sandbox.requests[-1].references) == 1


# ---------------------------------------------------------------- who may, and when


async def test_only_the_owner_and_admins_may(place: TelegramWorld, bo: User) -> None:
    async with place.gallery() as upstream, place.easel():
        place.server.say(bo, place.group, "/imagine@easel_bot a red fox")
        status = await place.wait_for_reply(place.group)
        await upstream.fetched.wait()
        cy = place.server.add_user("Cy", language_code="ru")
        click = await pressed(place, status, "Cancel", by=cy)
        assert words(click) == translate_error("ru", NotYours())
        click = await pressed(place, status, "Cancel", by=place.ada)  # an admin
        assert words(click) == translate("en", "answer-cancelled", count=1)
        assert await place.available_credits(bo) == 50


async def test_buttons_work_after_a_restart(place: TelegramWorld) -> None:
    async with place.easel():
        first = await painted(place)
    async with place.easel():
        await pressed(place, first, "Vary")
        second = await place.wait_for_picture(after=first)
        assert len(place.sandbox.requests[-1].references) == 1
        assert second.reply_to is first


@pytest.mark.forms(1)
@pytest.mark.parametrize("group", [False, True])
async def test_a_message_that_telegram_no_longer_shows_can_still_be_pressed(place: TelegramWorld, group: bool) -> None:
    async with place.easel():
        first = await painted(place, group=group)
        await pressed(place, first, "Vary", accessible=False)
        second = await place.wait_for_picture(first.chat, after=first)
        assert len(place.sandbox.requests[-1].references) == 1
        assert second.chat is first.chat


async def test_an_old_message_can_be_pressed(place: TelegramWorld) -> None:
    async with place.easel():
        first = await painted(place)
        place.advance_clock(WEEK)
        await pressed(place, first, "Retry")
        second = await place.wait_for_picture(after=first)
        assert second.reply_to is first


async def test_a_button_of_a_deleted_message_answers_below_nothing(place: TelegramWorld) -> None:
    async with place.easel():
        first = await painted(place)
        data = next(data for label, data in first.buttons if label == "Retry")
        place.server.delete(first)
        click = place.server.press_with_data(place.ada, first, data or "", accessible=False)
        second = await place.wait_for_picture(after=first)
        assert click.answered
        assert second.reply_to is None


async def test_what_is_over_or_unfinished_is_said(place: TelegramWorld) -> None:
    async with place.gallery() as upstream, place.easel():
        place.server.say(place.ada, place.private, "a red fox")
        status = await place.wait_for_reply()
        data = {action: (status.buttons[0][1] or "").replace("cancel", action) for action in ("cancel", "retry")}
        click = place.server.press_with_data(place.ada, status, data["retry"])
        await place.until(lambda: click.answered)
        assert words(click) == translate_error("en", StillPainting())
        upstream.open.set()
        await place.wait_for_picture()
        click = place.server.press_with_data(place.ada, status, data["cancel"])
        await place.until(lambda: click.answered)
        assert words(click) == translate_error("en", AlreadyFinished())


@pytest.mark.forms(2)
@pytest.mark.parametrize(
    "data", ["", "x", "easel:", "easel:dance:abc", "easel:retry:", "easel:retry:" + "a" * 41, "easel-buy:0", "🦊"]
)
async def test_data_that_nobody_gave_is_answered_with_nothing(place: TelegramWorld, data: str) -> None:
    async with place.easel():
        first = await painted(place)
        click = place.server.press_with_data(place.ada, first, data)
        await place.until(lambda: click.answered)
        assert words(click) == ""
        await painted(place, "a blue boat")
        assert len(place.bot_messages()) == 2


async def test_a_job_that_never_was_is_answered_in_words(place: TelegramWorld) -> None:
    async with place.easel():
        first = await painted(place)
        click = place.server.press_with_data(place.ada, first, "easel:retry:nosuchjob")
        await place.until(lambda: click.answered)
        assert words(click) == translate_error("en", Forgotten())


async def test_a_slow_core_lets_no_button_spin(world: Edge, place: TelegramWorld) -> None:
    async with place.easel():
        first = await painted(place)
    async with wired(place, slow=True) as easel:
        click = place.server.press(place.ada, first, "Retry")
        await place.wait_until_heard()
        world.time.skips = ANSWER_WAIT_S
        await place.until(lambda: click.answered)
        assert words(click) == ""
        easel.desk.go.set()
        second = await place.wait_for_picture(after=first)
        assert second.reply_to is first


async def test_a_click_that_was_not_handled_at_a_stop_is_handled_by_the_next_start(
    world: Edge, place: TelegramWorld
) -> None:
    async with place.easel():
        first = await painted(place)
    async with wired(place, slow=True):
        place.server.press(place.ada, first, "Retry")
        await place.wait_until_heard()
        world.time.skips = ANSWER_WAIT_S
    async with place.easel():
        second = await place.wait_for_picture(after=first)
        assert second.reply_to is first
        assert len(place.bot_messages()) == 2


async def test_a_click_too_old_to_be_answered_still_does_what_it_says(place: TelegramWorld) -> None:
    async with place.easel():
        first = await painted(place)
    click = place.server.press(place.ada, first, "Retry")
    place.server.advance_clocks(120)
    async with place.easel():
        await place.wait_for_picture(after=first)
        assert not click.answered


@pytest.mark.forms(1)
@pytest.mark.parametrize("fault", ["fail", "drop"])
async def test_an_answer_that_does_not_get_through_harms_nothing(place: TelegramWorld, fault: str) -> None:
    async with place.easel():
        first = await painted(place)
        getattr(place.server.faults, fault)("answerCallbackQuery")
        place.server.press(place.ada, first, "Retry")
        await place.wait_for_picture(after=first)


@pytest.mark.forms(1)
@pytest.mark.parametrize("locale", LOCALES)
async def test_a_click_is_answered_in_the_language_of_who_clicks(place: TelegramWorld, locale: str) -> None:
    cy = place.server.add_user("Cy", language_code=locale)
    async with place.easel():
        first = await painted(place, group=True)
        assert words(await pressed(place, first, "Retry", by=cy)) == translate_error(locale, NotYours())
