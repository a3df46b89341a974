"""Back from a result on Telegram: the menu in place of the buttons, Undo, an album of two, a sheet, details to copy."""

import pytest

from bot.chat import Action
from bot.texts import translate
from tests.servers.telegram import Message
from tests.wire.telegram.easel import TelegramWorld
from tests.wire.telegram.edges import pressed


def label(action: Action) -> str:
    return translate("en", f"button-{action.value}")


async def row(place: TelegramWorld, message: Message, action: Action) -> None:
    """A row of the menu is pressed, which is opened for it."""
    if label(Action.BACK) not in [text for text, _ in message.buttons]:
        await pressed(place, message, label(Action.MORE))
        await place.until(lambda: label(Action.BACK) in [text for text, _ in message.buttons])
    await pressed(place, message, label(action))


@pytest.mark.thorough
async def test_each_row_of_the_menu_shows_what_came_before(place: TelegramWorld) -> None:
    async with place.easel():
        request = place.server.say(place.ada, place.private, "a lighthouse")
        first = await place.wait_for_picture(after=request)
        reply = place.server.say(place.ada, place.private, "add a boat", reply_to=first)
        second = await place.wait_for_picture(after=reply)
        buttons = [text for text, _ in second.buttons]
        assert buttons == [label(each) for each in (Action.RETRY, Action.VARY, Action.EDIT, Action.UNDO, Action.MORE)]
        left = await place.available_credits()

        await pressed(place, second, label(Action.UNDO))
        again = await place.wait_for_picture(after=second)
        assert again.reply_to is second
        assert "a lighthouse" in again.caption
        assert again.buttons == first.buttons

        before = place.private.last
        await row(place, second, Action.COMPARE)
        await place.until(lambda: len([each for each in place.bot_messages() if each.id > before.id]) == 2)
        album = [each for each in place.bot_messages() if each.id > before.id]
        assert album[0].media_group_id is not None
        assert album[0].media_group_id == album[1].media_group_id

        before = album[-1]
        await row(place, second, Action.TREE)
        await place.until(lambda: place.private.last.id > before.id)
        sheet = place.private.last
        assert translate("en", "tree-line", prompt="a lighthouse") in sheet.caption
        assert [text for text, _ in sheet.buttons] == [f"{label(Action.STEP)} {number}" for number in (1, 2)]
        await pressed(place, sheet, f"{label(Action.STEP)} 1")  # a private chat has no links to its messages
        await place.until(lambda: place.private.last.id > sheet.id)
        here = place.private.last
        assert here.reply_to is first
        assert here.text == translate("en", "tree-here", step=translate("en", "tree-line", prompt="a lighthouse"))

        await row(place, second, Action.DETAILS)
        await place.until(lambda: place.private.last.id > here.id)
        details = place.private.last
        assert "add a boat" in details.text
        assert details.keys[0]["copy_text"] == {"text": "add a boat"}

        await pressed(place, second, label(Action.BACK))
        await place.until(lambda: [text for text, _ in second.buttons] == buttons)
        assert await place.available_credits() == left
