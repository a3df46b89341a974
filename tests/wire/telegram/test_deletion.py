"""Taking a result away: by its button or by /delete, for whoever may; all its messages go, and its price stays."""

import pytest

from bot.chat import Action
from bot.errors import NothingToDelete, NotYours, RoleUnknown
from bot.texts import translate, translate_error
from tests.servers.telegram import CallbackQuery, Chat, Message, User
from tests.wire.telegram.easel import TelegramWorld
from tests.wire.telegram.edges import pressed, words
from tests.wire.telegram.inline_chats import chosen, finished, shown

TWO_DAYS = 49 * 3600.0


async def painted(
    place: TelegramWorld, text: str = "a red fox", *, by: User | None = None, group: bool = False
) -> Message:
    chat = place.group if group else place.server.private(by or place.ada, opened=True)
    request = place.server.say(by or place.ada, chat, f"/imagine@easel_bot {text}")
    return await place.wait_for_picture(chat, after=request)


async def said(place: TelegramWorld, text: str, reply_to: Message | None = None, *, by: User | None = None) -> str:
    """The answer to a command in the chat of a message."""
    chat = place.private if reply_to is None else reply_to.chat
    request = place.server.say(by or place.ada, chat, text, reply_to=reply_to)
    return shown(await place.wait_for_reply(chat, after=request))


def delete_of(message: Message) -> str:
    """What the row *Delete* of the menu brings, whether the menu is open or not."""
    job = next(data for _, data in message.buttons if data is not None).rpartition(":")[2]
    return f"easel:{Action.DELETE.value}:{job}"


async def pressed_delete(place: TelegramWorld, message: Message, *, by: User | None = None) -> CallbackQuery:
    click = place.server.press_with_data(by or place.ada, message, delete_of(message))
    await place.until(lambda: click.answered)
    return click


def answer(credits: int) -> str:
    return translate("en", "answer-deleted", credits=credits)


# ---------------------------------------------------------------- what goes, and what stays


@pytest.mark.forms(1)
@pytest.mark.parametrize("group", [False, True])
async def test_the_button_takes_the_picture_away_and_its_price_stays(place: TelegramWorld, group: bool) -> None:
    async with place.easel():
        picture = await painted(place, group=group)
        assert words(await pressed_delete(place, picture)) == answer(1)
        assert picture.deleted
        await place.wait_until_settled()
        assert await place.available_credits() == 49
        history = await said(place, "/history@easel_bot", None if not group else place.group.last)
        assert translate("en", "state-deleted") in history
        assert "t.me" not in history


@pytest.mark.forms(1)
@pytest.mark.parametrize("number", [0, 2])
async def test_delete_as_a_reply_to_any_picture_of_an_album_takes_all_of_them(
    place: TelegramWorld, number: int
) -> None:
    async with place.easel():
        await painted(place, "a red fox --n 3")
        pictures = [each for each in place.bot_messages() if each.photo is not None]
        assert len(pictures) == 3
        assert await said(place, "/delete", pictures[number]) == answer(3)
        assert all(each.deleted for each in pictures)


async def test_documents_of_an_album_go_too(place: TelegramWorld) -> None:
    async with place.easel():
        await painted_files(place)
        pictures = [each for each in place.bot_messages() if each.document is not None]
        await pressed_delete(place, pictures[0])
        assert all(each.deleted for each in pictures)


async def painted_files(place: TelegramWorld) -> None:
    request = place.server.say(place.ada, place.private, "a red fox --n 3 --file")
    await place.until(lambda: len([each for each in place.bot_messages() if each.document is not None]) == 3)
    await place.wait_until_settled()
    assert request.id < place.private.last.id


@pytest.mark.forms(1)
@pytest.mark.parametrize("options", ["", "--n 3", "--n 3 --file"])
async def test_what_is_older_than_two_days_is_emptied(place: TelegramWorld, options: str) -> None:
    async with place.easel():
        request = place.server.say(place.ada, place.private, f"a red fox {options}")
        first = await place.wait_for_picture(after=request)
        pictures = [each for each in place.bot_messages() if each.media is not None]
        before = [each.content.media for each in pictures]
        place.server.advance_clocks(TWO_DAYS)
        assert words(await pressed_delete(place, first)) == answer(len(pictures))
        assert not any(each.deleted for each in pictures)
        for picture, media in zip(pictures, before, strict=True):
            assert picture.caption == translate("en", "deleted")
            assert picture.buttons == []
            assert picture.content.media is not media


async def test_a_message_of_words_is_deleted_or_emptied_too(place: TelegramWorld) -> None:
    async with place.easel():
        for age in (0.0, TWO_DAYS):
            place.server.say(place.ada, place.private, "a red fox [[refuse]]")
            failed = await place.until(lambda: [each for each in place.bot_messages() if each.buttons])
            await place.wait_until_settled()
            place.server.advance_clocks(age)
            assert await said(place, "/delete", failed[-1]) == answer(0)
            assert failed[-1].deleted or failed[-1].text == translate("en", "deleted")
            assert not failed[-1].buttons or failed[-1].deleted


async def test_an_inline_message_is_emptied_and_its_upload_deleted(place: TelegramWorld, storage: Chat) -> None:
    async with place.easel(storage_chat=storage.id):
        message = await chosen(place, "a red fox")
        await finished(place, message)
        (upload,) = place.bot_messages(storage)
        media = message.content.media
        assert words(await pressed_delete(place, message)) == answer(1)
        assert (message.caption, message.buttons) == (translate("en", "deleted"), [])
        assert message.content.media is not media
        assert upload.deleted
        other = await chosen(place, "a blue boat")
        await finished(place, other)
        await pressed_delete(place, other)
        assert len(place.bot_messages(storage)) == 1  # one blank picture serves all


async def test_an_inline_message_is_deleted_by_a_reply_where_the_bot_sees_it(
    place: TelegramWorld, storage: Chat
) -> None:
    async with place.easel(storage_chat=storage.id):
        query = place.server.inline_query(place.ada, "a red fox")
        await place.until(lambda: query.answered)
        message = place.server.choose_result(place.ada, query, "paint", chat=place.private)
        await finished(place, message)
        assert await said(place, "/delete", message) == answer(1)
        assert message.caption == translate("en", "deleted")


@pytest.mark.thorough
async def test_what_was_made_of_it_goes_on_working(place: TelegramWorld) -> None:
    async with place.easel():
        first = await painted(place)
        await pressed(place, first, "Vary")
        second = await place.wait_for_picture(after=first)
        await pressed_delete(place, first)
        await pressed(place, second, "Retry")
        await place.wait_for_picture(after=second)
        assert len(place.sandbox.requests[-1].references) == 1


# ---------------------------------------------------------------- when, and once


async def test_while_it_runs_it_is_cancelled(place: TelegramWorld) -> None:
    async with place.gallery() as upstream, place.easel():
        place.server.say(place.ada, place.private, "a red fox")
        status = await place.wait_for_reply()
        await upstream.fetched.wait()
        assert await said(place, "/delete", status) == translate("en", "answer-cancelled", count=1)
        await place.until(lambda: status.text == translate("en", "cancelled"))
        assert await place.available_credits() == 50


async def test_it_works_after_a_restart(place: TelegramWorld) -> None:
    async with place.easel():
        first, second = await painted(place), await painted(place, "a blue boat")
    async with place.easel():
        await pressed_delete(place, first)
        assert first.deleted
        assert await said(place, "/delete", second) == answer(1)
        assert second.deleted


async def test_two_presses_at_once_and_a_repeated_command_are_one(place: TelegramWorld) -> None:
    async with place.easel():
        picture = await painted(place)
        data = delete_of(picture)
        presses = [place.server.press_with_data(place.ada, picture, data) for _ in range(2)]
        await place.until(lambda: all(each.answered for each in presses))
        assert {words(each) for each in presses} == {answer(1)}
        again = place.server.press_with_data(place.ada, picture, data, accessible=False)
        await place.until(lambda: again.answered)
        assert words(again) == answer(1)
        retry = place.server.press_with_data(
            place.ada, picture, data.replace(Action.DELETE, Action.RETRY), accessible=False
        )
        await place.until(lambda: retry.answered)
        assert words(retry) == translate("en", "refusal-already-finished")


async def test_what_a_stop_has_left_is_taken_away_at_the_next_start(place: TelegramWorld) -> None:
    async with place.easel() as easel:
        picture = await painted(place, "a red fox --n 2")
        (job,) = await easel.app.store.history(f"telegram:{place.ada.id}")
        await easel.app.store.deletions.begin_deletion(job.id)
    assert not picture.deleted
    async with place.easel():
        await place.until(lambda: not [each for each in place.bot_messages() if each.photo is not None])
        await place.wait_until_settled()


# ---------------------------------------------------------------- who may


@pytest.mark.thorough
async def test_others_may_not_and_moderators_and_admins_may(place: TelegramWorld, bo: User) -> None:
    cy = place.server.add_user("Cy")
    place.server.appoint(place.group, cy)
    async with place.easel():
        first, second, third = [await painted(place, by=bo, group=True) for _ in range(3)]
        stranger = place.server.add_user("Stranger")
        assert words(await pressed_delete(place, first, by=stranger)) == translate_error("en", NotYours())
        place.server.say(stranger, place.group, "/delete@easel_bot", reply_to=first)
        await place.until(lambda: place.group.last.text == translate_error("en", NotYours()))
        assert not first.deleted
        await pressed_delete(place, first, by=cy)
        await pressed_delete(place, second)  # by Ada, whom the setting `admins` names
        place.server.say(cy, place.group, "/delete", reply_to=third, sender_chat=place.group)
        await place.until(lambda: third.deleted)
        assert first.deleted
        assert second.deleted
        await place.wait_until_settled()
        assert (
            await place.available_credits(bo),
            await place.available_credits(cy),
            await place.available_credits(),
        ) == (47, 50, 50)


async def test_a_lookup_that_fails_takes_nothing_away(place: TelegramWorld, bo: User) -> None:
    cy = place.server.add_user("Cy")
    place.server.appoint(place.group, cy)
    async with place.easel():
        picture = await painted(place, by=bo, group=True)
        place.server.faults.fail("getChatAdministrators")
        assert words(await pressed_delete(place, picture, by=cy)) == translate_error("en", RoleUnknown())
        assert not picture.deleted


async def test_delete_about_nothing_is_explained_and_that_of_another_bot_is_left_alone(
    place: TelegramWorld, bo: User
) -> None:
    nothing = translate_error("en", NothingToDelete())
    place.server.promote(place.group)
    async with place.easel():
        assert await said(place, "/delete") == nothing
        spam = place.server.say(bo, place.group, "buy now")
        place.server.say(place.ada, place.group, "/delete", reply_to=spam)
        assert await said(place, "/delete@easel_bot", spam) == nothing
        assert len(place.bot_messages(place.group)) == 1


async def test_what_was_forgotten_can_still_be_deleted(place: TelegramWorld) -> None:
    async with place.easel():
        picture = await painted(place)
        await said(place, "/forget")
        await pressed_delete(place, picture)
        assert picture.deleted
