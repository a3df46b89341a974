"""Members choose the model where the operator offers several: typed, kept by Retry and Vary, named in /help."""

from typing import Any

import pytest

from bot.chat import Action
from bot.errors import ChooseModel, OneModelOnly, UnsupportedByModel
from bot.texts import translate, translate_error
from tests.support.images import png
from tests.wire.telegram.easel import TelegramWorld
from tests.wire.telegram.edges import pressed, words
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


async def test_retry_and_vary_keep_the_model_as_long_as_there_is_one_and_say_when_another_paints(
    place: TelegramWorld,
) -> None:
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
        await pressed(place, picture, "Retry")
        painted = await place.wait_for_picture(after=picture)
        assert translate("en", "done-replaced-model", model="flux-pro") in shown(painted)
        assert models(place)[3:] == ["gpt-image-2"]


async def test_what_there_is_and_what_it_costs_is_said_before_anything_is_spent(place: TelegramWorld) -> None:
    place.settings["providers"] = providers(place)
    async with place.easel():
        wrong = ChooseModel(value="dall-e", allowed="gpt-image-2 (4), flux-pro (1–2)")
        assert await said(place, "a red fox --model dall-e") == translate_error("en", wrong)
        assert (await said(place, "/help")).endswith("gpt-image-2 (4 credits), flux-pro (1–2 credits)")
        assert await place.available_credits() == 50


def several(place: TelegramWorld) -> list[dict[str, Any]]:
    """Three models of one provider, one of them under another name among members."""
    choices = [
        "gpt-image-2",
        {"name": "flux-pro", "label": "Flux", "price": 2},
        {"name": "dall-e-3", "price": 1, "max_references": 0},
    ]
    return [place.provider(name="main", price=4, models=choices)]


@pytest.mark.thorough
async def test_models_of_one_provider_are_chosen_by_label_name_or_beginning(place: TelegramWorld) -> None:
    place.settings["providers"] = several(place)
    async with place.easel():
        for typed in ("--model Flux", "--model flux-pro", "--model flu", ""):
            request = place.server.say(place.ada, place.private, f"a red fox {typed}")
            await place.wait_for_picture(after=request)
        assert models(place) == ["flux-pro"] * 3 + ["gpt-image-2"]
        assert await place.available_credits() == 50 - 3 * 2 - 4


async def test_a_model_is_kept_by_its_name_or_a_button_until_auto_or_forget(place: TelegramWorld) -> None:
    place.settings["providers"] = several(place)
    async with place.easel():
        assert (await said(place, "/model flux")) == translate("en", "answer-model-kept", model="Flux")
        menu = await place.wait_for_reply(after=place.server.say(place.ada, place.private, "/model"))
        assert shown(menu).splitlines()[:5] == [
            translate("en", "answer-model-kept", model="Flux"),
            "",
            "gpt-image-2 (4 credits)",
            "Flux (2 credits)",
            "dall-e-3 (1 credit)",
        ]
        assert [label for label, _ in menu.buttons] == ["gpt-image-2", "Flux", "dall-e-3", "Any model"]
    async with place.easel():  # kept over a restart
        await place.wait_for_picture(after=place.server.say(place.ada, place.private, "a red fox"))
        assert words(await pressed(place, menu, "dall-e-3")) == translate("en", "answer-model-kept", model="dall-e-3")
        await place.wait_for_picture(after=place.server.say(place.ada, place.private, "a red fox"))
        request = place.server.say(place.ada, place.private, "a red fox --model auto")
        await place.wait_for_picture(after=request)
        assert models(place) == ["flux-pro", "dall-e-3", "gpt-image-2"]
        assert words(await pressed(place, menu, "Any model")) == translate("en", "answer-model-auto")
        await pressed(place, menu, "Flux")
        await said(place, "/forget")
        await place.wait_for_picture(after=place.server.say(place.ada, place.private, "a red fox"))
        assert models(place)[-1] == "gpt-image-2"


@pytest.mark.thorough
async def test_a_kept_model_that_is_gone_is_said_once_and_one_that_cannot_is_refused(place: TelegramWorld) -> None:
    place.settings["providers"] = several(place)
    async with place.easel():
        assert "dall-e-3" in await said(place, "/model dall-e-3")
        photo = place.server.photo(place.ada, place.private, png(), caption="a hat")
        refused = await place.wait_for_reply(after=photo)
        wanted = UnsupportedByModel(what="🖼", model="dall-e-3", models="gpt-image-2, Flux")
        assert shown(refused) == translate_error("en", wanted)
    place.settings["providers"][0]["models"].pop()
    async with place.easel():
        note = translate("en", "done-replaced-model", model="dall-e-3")
        painted = await place.wait_for_picture(after=place.server.say(place.ada, place.private, "a red fox"))
        assert note in shown(painted)
        again = await place.wait_for_picture(after=place.server.say(place.ada, place.private, "a red fox"))
        assert note not in shown(again)
        assert models(place) == ["gpt-image-2"] * 2


async def test_one_model_is_no_choice(place: TelegramWorld) -> None:
    async with place.easel():
        assert await said(place, "a red fox --model gpt") == translate_error("en", OneModelOnly())
        assert await said(place, "/model") == translate_error("en", OneModelOnly())
        assert "--model" not in await said(place, "/help")
        assert place.sandbox.requests == []


@pytest.mark.thorough
async def test_a_table_of_prices_is_shown_reserved_and_charged(place: TelegramWorld) -> None:
    table = {"low": 1, "medium": 4, "high": 16, "4K": 2.0}
    place.settings["providers"] = [place.provider(dialect="images", price=table)]
    async with place.easel():
        assert "medium (4–8 credits), high (16–32 credits)" in await said(place, "/help")
        refused = await said(place, "a red fox --quality high --size 4K --n 2")
        assert "This costs 64 credits, and you have 50 left." in refused
        assert "--quality medium (16), --size 2K (32), --n 1 (32)" in refused
        place.server.say(place.ada, place.private, "a red fox --quality medium --size 16:9@4K")
        await place.wait_for_picture()
        assert await place.available_credits() == 42
