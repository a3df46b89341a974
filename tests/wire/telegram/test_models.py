"""Members choose the model where the operator offers several: typed, kept by Retry and Vary, named in /help."""

from typing import Any

from bot.chat import Action
from bot.errors import ChooseModel, OneModelOnly, Unsupported
from bot.texts import translate, translate_error
from tests.wire.telegram.easel import TelegramWorld
from tests.wire.telegram.edges import pressed
from tests.wire.telegram.inline_chats import shown


def providers(place: TelegramWorld) -> list[dict[str, Any]]:
    """Two models, the second one also where nobody answers, which is tried first."""
    nowhere = "http://127.0.0.1:9"
    return [
        place.provider(name="main", model="gpt-image-2", price=4),
        place.provider(name="away", model="flux-pro", price=1, base_url=nowhere),
        place.provider(name="spare", model="flux-pro", price=2),
    ]


def models(place: TelegramWorld) -> list[object]:
    """The models that were asked for, in order."""
    return [each.body["model"] for each in place.sandbox.requests]


async def said(place: TelegramWorld, text: str) -> str:
    request = place.server.say(place.ada, place.private, text)
    return shown(await place.wait_for_reply(after=request))


async def test_the_chosen_model_paints_at_its_price_with_its_own_fallback(place: TelegramWorld) -> None:
    place.settings["providers"] = providers(place)
    async with place.easel():
        request = place.server.say(place.ada, place.private, "a red fox")
        await place.wait_for_picture(after=request)
        assert await place.available_credits() == 46
        request = place.server.say(place.ada, place.private, "a red fox --model FLUX")
        await place.wait_for_picture(after=request)
        assert await place.available_credits() == 44
        assert models(place) == ["gpt-image-2", "flux-pro"]


async def test_retry_and_vary_keep_the_model(place: TelegramWorld) -> None:
    place.settings["providers"] = providers(place)
    async with place.easel():
        request = place.server.say(place.ada, place.private, "a red fox --model flux-pro")
        picture = await place.wait_for_picture(after=request)
        for action in (Action.RETRY, Action.VARY):
            await pressed(place, picture, translate("en", f"button-{action.value}"))
            picture = await place.wait_for_picture(after=picture)
        assert models(place) == ["flux-pro"] * 3
    place.settings["providers"] = providers(place)[:1]
    async with place.easel():
        click = await pressed(place, picture, "Retry")
        assert click.answer is not None
        assert click.answer.text == translate_error("en", Unsupported(what="--model flux-pro 🖼"))


async def test_what_there_is_and_what_it_costs_is_said_before_anything_is_spent(place: TelegramWorld) -> None:
    place.settings["providers"] = providers(place)
    async with place.easel():
        wrong = ChooseModel(value="dall-e", allowed="gpt-image-2 (4), flux-pro (1–2)")
        assert await said(place, "a red fox --model dall-e") == translate_error("en", wrong)
        assert (await said(place, "/help")).endswith("gpt-image-2 (4 credits), flux-pro (1–2 credits)")
        assert await place.available_credits() == 50


async def test_one_model_is_no_choice(place: TelegramWorld) -> None:
    async with place.easel():
        assert await said(place, "a red fox --model gpt") == translate_error("en", OneModelOnly())
        assert "--model" not in await said(place, "/help")
        assert place.sandbox.requests == []
