"""Discord: what a moderation refuses becomes words in the one message of its job, and costs nothing."""

from bot.errors import FlaggedPicture, FlaggedPrompt
from bot.texts import translate, translate_error
from tests.wire.discord.easel import DiscordWorld, photo


async def test_a_refusal_says_why(world: DiscordWorld) -> None:
    world.settings["moderation"] = {"enabled": True, "base_url": world.sandbox.address, "api_key": "sandbox"}
    async with world.easel():
        world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a forbidden fox"})
        first = await world.wait_for_reply()
        await world.until(lambda: translate_error("en", FlaggedPrompt(category="illicit")) in repr(first))
        options = {"prompt": "with a hat", "image": photo("blue"), "image2": photo("red")}
        world.server.slash(world.ada, world.channel, "imagine", options)
        second = await world.wait_for_reply(after=first)
        await world.until(lambda: translate_error("en", FlaggedPicture(category="violence", number=2)) in repr(second))
        assert world.sandbox.requests == []
        assert await world.available_credits() == 50


async def test_the_refusal_that_pauses_says_so_and_until_when(world: DiscordWorld) -> None:
    world.settings["limits"] = {"user_strikes": 1, "strike_pause_hours": 6}
    async with world.easel() as easel:
        world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a fox [[moderation]]"})
        reply = await world.wait_for_reply()
        await world.wait_until_settled()
        pause = await easel.app.store.strikes.pause_of(f"discord:{world.ada.id}")
        assert pause is not None
        until = f"{pause.until:%Y-%m-%d %H:%M} UTC"
        assert translate("en", "ended-paused", hours=6, until=until) in reply.content
        assert await world.available_credits() == 50
