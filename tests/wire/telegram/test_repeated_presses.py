"""One press of one button by one member is one job until that has ended, whatever else is pressed in between."""

import pytest

from bot.chat import Action
from bot.texts import translate
from tests.servers.telegram import CallbackQuery, Message, User
from tests.wire.telegram.easel import TelegramWorld, button, done
from tests.wire.telegram.edges import pressed, words


async def painted(place: TelegramWorld, member: User) -> Message:
    place.server.say(member, place.group, "/imagine@easel_bot a red fox")
    return await place.wait_for_picture(place.group)


async def press(place: TelegramWorld, message: Message, action: Action, by: User | None = None) -> CallbackQuery:
    return await pressed(place, message, button(message, action), by=by)


async def press_again(place: TelegramWorld, click: CallbackQuery) -> None:
    """The same press is delivered again; it is taken as one that was made before."""
    click.answer = None
    place.server.deliver_press(click)
    await place.until(lambda: click.answered)
    assert words(click) == translate("en", "press-again")


@pytest.mark.thorough
async def test_vary_retry_and_vary_again_are_one_vary_and_one_retry(place: TelegramWorld) -> None:
    async with place.gallery() as upstream, place.easel():
        upstream.at_once |= {"/pictures/1.png", "/pictures/3.png"}
        first = await painted(place, place.ada)
        vary = await press(place, first, Action.VARY)
        await place.until(lambda: upstream.asked == 2)
        await press(place, first, Action.RETRY)
        await place.until(lambda: sum(map(done, place.bot_messages(place.group))) == 2)
        await place.wait_for_unfinished_jobs(1)
        assert words(await press(place, first, Action.VARY)) == translate("en", "press-again")
        await press_again(place, vary)
        upstream.open.set()
        await place.wait_until_settled()
        assert upstream.asked == 3
        assert await place.available_credits() == 47
        await press_again(place, vary)  # also after its job has ended
        assert words(await press(place, first, Action.VARY)) == ""
        await place.wait_until_settled()
        assert upstream.asked == 4
        assert await place.available_credits() == 46


async def test_two_members_who_press_the_same_button_get_a_job_each(place: TelegramWorld, bo: User) -> None:
    async with place.gallery() as upstream, place.easel():
        upstream.at_once |= {"/pictures/1.png"}
        first = await painted(place, bo)
        assert words(await press(place, first, Action.VARY, by=bo)) == ""
        assert words(await press(place, first, Action.VARY, by=place.ada)) == ""  # an admin
        await place.until(lambda: upstream.asked == 3)
        upstream.open.set()
        await place.wait_until_settled()
        assert (await place.available_credits(bo), await place.available_credits()) == (48, 49)
