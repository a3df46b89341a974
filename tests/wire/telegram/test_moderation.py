"""Telegram: what a moderation refuses is told at once, costs nothing, and is corrected by an edit of the message."""

from bot.chat import Action
from bot.errors import FlaggedPicture, FlaggedPrompt, Moderated
from bot.texts import translate, translate_error
from tests.support.images import png
from tests.wire.telegram.easel import TelegramWorld
from tests.wire.telegram.edges import pressed, words
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


async def test_the_refusal_that_pauses_says_so_and_until_when(place: TelegramWorld) -> None:
    place.settings["limits"] = {"user_strikes": 2, "strike_pause_hours": 6}
    async with place.easel() as easel:
        refused = translate("en", Moderated.key)
        first = place.server.say(place.ada, place.private, "a fox [[moderation]]")
        reply = await place.wait_for_reply(after=first)
        await place.until(lambda: shown(reply) == refused)
        second = place.server.say(place.ada, place.private, "a fox [[moderation]]")
        reply = await place.wait_for_reply(after=second)
        await place.until(lambda: shown(reply).startswith(refused))
        await place.wait_until_settled()
        pause = await easel.app.store.strikes.pause_of(f"telegram:{place.ada.id}")
        assert pause is not None
        until = f"{pause.until:%Y-%m-%d %H:%M} UTC"
        assert shown(reply).splitlines()[1] == translate("en", "ended-paused", hours=6, until=until)
        retry = await pressed(place, reply, translate("en", f"button-{Action.RETRY.value}"))
        assert until in words(retry)
        assert await place.available_credits() == 50
