"""Marks in Telegram: a member draws on the bot's photo, which Telegram recompresses, and replies with it."""

import pytest

from bot.providers.marks import MARKS_WORDS
from tests.support.marked_copies import INSIDE, OUTSIDE, differ, encircled
from tests.wire.telegram.easel import TelegramWorld


@pytest.mark.thorough
async def test_what_is_encircled_changes_and_the_rest_is_as_it_was(place: TelegramWorld) -> None:
    async with place.easel():
        place.server.say(place.ada, place.private, "a red fox")
        first = await place.wait_for_picture()
        assert first.photo is not None
        marked = encircled(first.photo, quality=60)
        request = place.server.photo(place.ada, place.private, marked, caption="make it night --file", reply_to=first)
        second = await place.wait_for_picture(after=request)
        assert place.sandbox.requests[-1].prompt == "make it night" + MARKS_WORDS
        assert second.document is not None
        edited = second.document.content
        assert differ(first.photo, edited, INSIDE)
        assert not differ(first.photo, edited, OUTSIDE)
        assert await place.available_credits() == 48
