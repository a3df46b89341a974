"""Telegram: what a moderation refuses is told at once, costs nothing, and is corrected by an edit of the message."""

from bot.errors import FlaggedPicture, FlaggedPrompt
from bot.texts import translate_error
from tests.support.images import png
from tests.wire.telegram.easel import TelegramWorld
from tests.wire.telegram.inline_chats import shown


async def test_a_refusal_says_why_and_a_correction_is_painted(place: TelegramWorld) -> None:
    place.settings["moderation"] = {"enabled": True, "base_url": place.sandbox.address, "api_key": "sandbox"}
    server, ada, chat = place.server, place.ada, place.private
    async with place.easel():
        request = server.say(ada, chat, "a forbidden fox")
        refused = translate_error("en", FlaggedPrompt(category="illicit"))
        reply = await place.wait_for_reply(after=request)
        await place.until(lambda: shown(reply) == refused)
        assert not reply.buttons
        assert await place.available_credits() == 50
        server.edit(request, "a fox")
        await place.wait_for_picture(after=request)
        photo = server.photo(ada, chat, png("red", (300, 300)), caption="with a hat")
        reply = await place.wait_for_reply(after=photo)
        await place.until(lambda: shown(reply) == translate_error("en", FlaggedPicture(category="violence", number=1)))
        assert await place.available_credits() == 49
        assert [each.prompt for each in place.sandbox.requests] == ["a fox"]
