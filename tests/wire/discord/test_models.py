"""Models and qualities as options of slash commands: offered with prices where they differ, and kept up to date."""

from typing import Any

from bot.chat import Action
from bot.texts import translate
from tests.servers.discord import Interaction, Message
from tests.wire.discord.easel import DiscordWorld, button


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
        said = translate("ru", "option-price", option="flux-pro", price="1", credits=1)
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


async def test_a_model_is_kept_by_the_command_or_its_button(world: DiscordWorld) -> None:
    choices = [{"name": f"model-{number}", "price": number} for number in range(1, 8)]
    world.settings["providers"] = [world.provider(name="main", models=choices)]
    async with world.easel():
        (model,) = [each for each in world.server.commands.all() if each["name"] == "model"]
        assert (model["options"][0]["name"], model["options"][0]["autocomplete"]) == ("name", True)
        typing = world.server.autocomplete(world.ada, world.channel, "model", "name", "7")
        await world.until(lambda: typing.choices is not None)
        assert [each["value"] for each in typing.choices or ()] == ["model-7"]
        said = await answer(world, world.server.slash(world.ada, world.channel, "model", {"name": "model-7"}))
        assert said.content == translate("en", "answer-model-kept", model="model-7")
        menu = await answer(world, world.server.slash(world.ada, world.channel, "model"))
        assert [len(row["components"]) for row in menu.components] == [5, 3]
        world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a red fox"})
        first = await world.wait_for_picture()
        pressed = world.server.click(world.ada, menu, menu.components[0]["components"][1]["custom_id"])
        await world.until(lambda: pressed.followups)
        assert pressed.followups[0].content == translate("en", "answer-model-kept", model="model-2")
        world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a red fox"})
        await world.wait_for_picture(after=first)
        assert [each.body["model"] for each in world.sandbox.requests] == ["model-7", "model-2"]


async def answer(world: DiscordWorld, asked: Interaction) -> Message:
    """What a command was answered."""
    await world.until(lambda: asked.original is not None and asked.original.content)
    assert asked.original is not None
    return asked.original


async def test_more_models_than_a_menu_has_are_completed_as_they_are_typed(world: DiscordWorld) -> None:
    world.settings["providers"] = [world.provider(name="main", models=[f"model-{number}" for number in range(30)])]
    async with world.easel():
        assert "choices" not in options(world)["model"]
        typing = world.server.autocomplete(world.ada, world.channel, "imagine", "model", "model-29", {"prompt": "x"})
        await world.until(lambda: typing.choices is not None)
        assert [each["name"] for each in typing.choices or ()] == ["model-29 (1 credit)"]


async def test_qualities_and_sizes_are_choices_with_what_they_cost(world: DiscordWorld) -> None:
    table = {"low": 1, "medium": 4, "high": 16, "4K": 2.0}
    world.settings["providers"] = [world.provider(dialect="images", price=table)]
    async with world.easel():
        choices = options(world)["quality"]["choices"]
        assert [(each["name"], each["value"]) for each in choices] == [
            ("auto (1–32 credits)", "auto"),
            ("low (1–2 credits)", "low"),
            ("medium (4–8 credits)", "medium"),
            ("high (16–32 credits)", "high"),
        ]
        assert choices[2]["name_localizations"]["ru"] == "medium (4–8 кредитов)"
        chosen = {"prompt": "a red fox", "quality": "medium", "size": "16:9"}
        world.server.slash(world.ada, world.channel, "imagine", chosen)
        first = await world.wait_for_picture()
        assert await world.available_credits() == 46
        world.server.click(world.ada, first, button(first, Action.RETRY))
        await world.wait_for_picture(after=first)
        assert await world.available_credits() == 42
