"""*Reframe…* in Telegram: its rows take the place of the result's buttons, until one goes back."""

import pytest

from bot.chat import Action
from tests.servers.telegram.entities import Message
from tests.wire.telegram.easel import TelegramWorld, button


async def swapped(place: TelegramWorld, message: Message, action: Action, expected: Action) -> None:
    """Presses a button and waits until another stands there."""
    place.server.press(place.ada, message, button(message, action))
    await place.until(lambda: any((data or "").startswith(f"easel:{expected.value}:") for _, data in message.buttons))


@pytest.mark.thorough
async def test_a_result_gets_a_larger_frame(place: TelegramWorld) -> None:
    async with place.easel():
        place.server.say(place.ada, place.private, "a red fox --file")
        message = await place.wait_for_picture()
        await swapped(place, message, Action.MORE, Action.REFRAME)
        await swapped(place, message, Action.REFRAME, Action.PAN_LEFT)
        assert "(1 credit)" in button(message, Action.PAN_LEFT)
        place.server.press(place.ada, message, button(message, Action.PAN_LEFT))
        larger = await place.wait_for_picture(after=message)
        assert larger.document is not None
        assert larger.reply_to is message
        await swapped(place, message, Action.BACK, Action.MORE)
        assert await place.available_credits() == 48
