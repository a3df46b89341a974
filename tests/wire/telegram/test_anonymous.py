"""Who posts in a chat's name: the chat's administrators press its buttons, on its own account, and nobody else does."""

import pytest

from bot.errors import NotAnAdministrator, NotYours, RoleUnknown
from bot.texts import translate, translate_error
from tests.servers.telegram import Chat, Message, User
from tests.wire.telegram.easel import TelegramWorld
from tests.wire.telegram.edges import pressed, words
from tests.wire.telegram.inline_chats import shown

NOT_AN_ADMIN = translate_error("en", NotAnAdministrator())


@pytest.fixture
def cy(place: TelegramWorld) -> User:
    """An administrator of the group, of none of Easel's."""
    user = place.server.add_user("Cy")
    place.server.appoint(place.group, user)
    return user


async def anonymously_painted(place: TelegramWorld, by: User) -> Message:
    request = place.server.say(by, place.group, "/imagine@easel_bot a red fox", sender_chat=place.group)
    return await place.wait_for_picture(place.group, after=request)


async def credits_of(place: TelegramWorld, chat: Chat) -> int:
    return (await place.balance(f"telegram:{chat.id}")).available


async def test_an_anonymous_administrator_presses_their_own_buttons_on_the_groups_account(
    place: TelegramWorld, cy: User
) -> None:
    async with place.easel():
        picture = await anonymously_painted(place, cy)
        for label in ("Retry", "Vary"):
            assert words(await pressed(place, picture, label, by=cy)) == ""
            picture = await place.wait_for_picture(place.group, after=picture)
        assert words(await pressed(place, picture, "Edit", by=cy)) == translate("en", "answer-edit-how")
        request = place.server.say(cy, place.group, "make it night", reply_to=picture, sender_chat=place.group)
        await place.wait_for_picture(place.group, after=request)
        assert await credits_of(place, place.group) == 46
        assert (await place.available_credits(cy), await place.available_credits()) == (50, 50)
        request = place.server.say(cy, place.group, "/quota@easel_bot", sender_chat=place.group)
        assert shown(await place.wait_for_reply(place.group, after=request)).startswith("46 credits left today.")


async def test_any_administrator_may_and_others_may_not(place: TelegramWorld, cy: User, bo: User) -> None:
    owner = place.server.add_user("Owner")
    place.group.members[owner.id] = "creator"
    async with place.gallery() as upstream, place.easel():
        place.server.say(cy, place.group, "/imagine@easel_bot a red fox", sender_chat=place.group)
        status = await place.wait_for_reply(place.group)
        await upstream.fetched.wait()
        assert words(await pressed(place, status, "Cancel", by=bo)) == NOT_AN_ADMIN
        click = await pressed(place, status, "Cancel", by=owner)
        assert words(click) == translate("en", "answer-cancelled", count=1)
        assert await credits_of(place, place.group) == 50


async def test_cancel_by_command_stops_what_the_group_has_asked_for(place: TelegramWorld, cy: User) -> None:
    async with place.gallery() as upstream, place.easel():
        place.server.say(cy, place.group, "/imagine@easel_bot a red fox", sender_chat=place.group)
        await place.wait_for_reply(place.group)
        await upstream.fetched.wait()
        request = place.server.say(cy, place.group, "/cancel@easel_bot", sender_chat=place.group)
        answer = await place.wait_for_reply(place.group, after=request)
        assert answer.text == translate("en", "answer-cancelled", count=1)


async def test_an_administrators_picture_of_their_own_stays_theirs(place: TelegramWorld, cy: User, bo: User) -> None:
    async with place.easel():
        request = place.server.say(bo, place.group, "/imagine@easel_bot a red fox")
        picture = await place.wait_for_picture(place.group, after=request)
        assert words(await pressed(place, picture, "Retry", by=cy)) == translate_error("en", NotYours())


async def test_a_lookup_that_fails_grants_nothing_and_is_said(place: TelegramWorld, cy: User) -> None:
    async with place.easel():
        picture = await anonymously_painted(place, cy)
        place.server.faults.fail("getChatAdministrators")
        click = await pressed(place, picture, "Edit", by=cy)
        assert words(click) == translate_error("en", RoleUnknown())


async def test_it_works_after_a_restart_and_for_easels_own_admins_on_their_account(
    place: TelegramWorld, cy: User
) -> None:
    async with place.easel():
        picture = await anonymously_painted(place, cy)
    async with place.easel():
        await pressed(place, picture, "Retry", by=cy)
        second = await place.wait_for_picture(place.group, after=picture)
        await pressed(place, picture, "Retry")  # by Ada, whom the setting `admins` names
        await place.wait_for_picture(place.group, after=second)
        assert (await credits_of(place, place.group), await place.available_credits()) == (48, 49)


async def test_who_is_banned_does_not_act_for_a_group_either(place: TelegramWorld, cy: User) -> None:
    async with place.easel() as easel:
        picture = await anonymously_painted(place, cy)
        await easel.app.store.administration.set_banned("shell:test", f"telegram:{cy.id}", True)
        assert words(await pressed(place, picture, "Retry", by=cy)) == translate("en", "refusal-banned")


async def test_what_somebody_asks_as_a_channel_of_theirs_the_groups_administrators_press_on_their_own_account(
    place: TelegramWorld, cy: User, bo: User
) -> None:
    channel = place.server.add_channel("Bo's channel", bot_status="left")
    async with place.easel():
        request = place.server.say(bo, place.group, "/imagine@easel_bot a red fox", sender_chat=channel)
        picture = await place.wait_for_picture(place.group, after=request)
        assert await credits_of(place, channel) == 49
        assert words(await pressed(place, picture, "Retry", by=bo)) == NOT_AN_ADMIN
        await pressed(place, picture, "Retry", by=cy)
        await place.wait_for_picture(place.group, after=picture)
        assert await credits_of(place, channel) == 49
        assert await place.available_credits(cy) == 49


async def test_an_administrator_of_another_group_gains_nothing_by_a_forged_press(
    place: TelegramWorld, cy: User, bo: User
) -> None:
    other = place.server.add_group("Other", members=[bo])
    place.server.appoint(other, bo)
    async with place.easel():
        picture = await anonymously_painted(place, cy)
        data = next(data for label, data in picture.buttons if label == "Retry")
        request = place.server.say(bo, other, "/imagine@easel_bot a boat")
        own = await place.wait_for_picture(other, after=request)
        click = place.server.press_with_data(bo, own, data or "")
        await place.until(lambda: click.answered)
        assert words(click) == NOT_AN_ADMIN
