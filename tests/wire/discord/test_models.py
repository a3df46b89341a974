"""The model as an option of slash commands: offered with prices where there are several, and kept up to date."""

from typing import Any

from bot.texts import translate
from tests.wire.discord.easel import DiscordWorld


def options(world: DiscordWorld) -> dict[str, Any]:
    """The options of /imagine, by name."""
    (imagine,) = [each for each in world.server.commands.all() if each["name"] == "imagine"]
    return {each["name"]: each for each in imagine["options"]}


async def test_models_are_choices_with_their_prices_and_the_chosen_one_paints(world: DiscordWorld) -> None:
    long_name = "a" * 101
    world.settings["providers"] = [
        world.provider(name="main", model="gpt-image-2", price=4),
        world.provider(name="second", model="flux-pro", price=1),
        world.provider(name="third", model=long_name, price=1),
    ]
    async with world.easel():
        one, other = options(world)["model"]["choices"]
        assert (one["name"], one["value"]) == ("gpt-image-2 (4 credits)", "gpt-image-2")
        assert (other["name"], other["value"]) == ("flux-pro (1 credit)", "flux-pro")
        said = translate("ru", "model-price", model="flux-pro", price="1", credits=1)
        assert other["name_localizations"]["ru"] == said
        world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a red fox", "model": "flux-pro"})
        first = await world.wait_for_picture()
        world.server.slash(world.ada, world.channel, "imagine", {"prompt": f"a red fox --model {long_name[:9]}"})
        await world.wait_for_picture(after=first)
        assert [each.body["model"] for each in world.sandbox.requests] == ["flux-pro", long_name]
        assert await world.available_credits() == 48


async def test_the_menus_follow_the_models(world: DiscordWorld) -> None:
    async with world.easel():
        assert "model" not in options(world)
    world.settings["providers"] = [
        world.provider(name="main", model="gpt-image-2", price=4),
        world.provider(name="second", model="flux-pro", price=1),
    ]
    async with world.easel():
        await world.until(lambda: "model" in options(world))
    world.settings["providers"][1]["price"] = 3
    async with world.easel():
        await world.until(lambda: options(world)["model"]["choices"][1]["name"] == "flux-pro (3 credits)")
