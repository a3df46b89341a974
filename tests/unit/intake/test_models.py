"""Which model is meant by what is typed, and by which providers it is painted then."""

from dataclasses import replace

import pytest

from bot.errors import BadOption, ChooseModel, OneModelOnly, OptionWithoutValue, UnknownOption
from bot.intake.models import current_model, matching_models, model_key
from bot.intake.options import extract_options
from bot.painting import Capabilities, Model, Options
from bot.prices import PriceRange
from bot.providers.requirements import Requirements, can_satisfy, merge_capabilities


def credits(number: int) -> PriceRange:
    return PriceRange(least=number, most=number)


GPT, FLUX, FLUX_MAX = (
    Model(name="gpt-image-2", price=credits(4)),
    Model(name="Flux", price=credits(1)),
    Model(name="Flux-Max", price=credits(2)),
)
GEMINI = Model(name="google/gemini-3-pro", price=credits(3), aliases=("openrouter",))
MODELS = (GPT, FLUX, FLUX_MAX, GEMINI)
OFFERED = Capabilities(models=MODELS)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("gpt-image-2", [GPT]),
        ("GPT", [GPT]),
        ("flux", [FLUX]),  # a whole name, although another one begins with it
        ("ＦＬＵＸ－m", [FLUX_MAX]),
        ("fl", [FLUX, FLUX_MAX]),
        ("google/gem", [GEMINI]),
        ("gemini", [GEMINI]),
        ("OpenRouter", [GEMINI]),
        ("dall-e", []),
    ],
)
def test_a_name_may_be_cut_short_where_it_stays_unique(typed: str, found: list[Model]) -> None:
    assert matching_models(typed, MODELS) == found


@pytest.mark.parametrize(
    "text",
    [
        "a fox --model gpt",
        "a fox —model: GPT-Image-2",
        "--model 'gpt-image-2' a fox",
        "a fox --model flux --model gpt.",
    ],
)
def test_a_model_is_an_option_like_others(text: str) -> None:
    extracted = extract_options(text, OFFERED)
    assert (extracted.prompt, extracted.options) == ("a fox", Options(model="gpt-image-2"))


def test_a_choice_of_a_form_counts_as_typed() -> None:
    assert extract_options("a fox", OFFERED, {"model": "google/gemini-3-pro"}).options.model == "google/gemini-3-pro"


@pytest.mark.parametrize(
    ("typed", "allowed"),
    [
        ("dall-e", "gpt-image-2 (4), Flux (1), Flux-Max (2), google/gemini-3-pro (3)"),
        ("fl", "Flux (1), Flux-Max (2)"),
    ],
)
def test_an_unknown_or_ambiguous_name_is_refused_with_names_and_prices(typed: str, allowed: str) -> None:
    with pytest.raises(ChooseModel) as caught:
        extract_options(f"a fox --model {typed}", OFFERED)
    assert caught.value.facts == {"value": typed, "allowed": allowed}
    assert isinstance(caught.value, BadOption)


def test_a_missing_name_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(OptionWithoutValue) as caught:
        extract_options("a fox --model", Capabilities(models=(GPT, FLUX)))
    assert caught.value.facts == {"option": "--model", "allowed": "gpt-image-2 (4), Flux (1)"}


@pytest.mark.parametrize("models", [(), (GPT,)])
def test_where_there_is_no_choice_none_is_offered(models: tuple[Model, ...]) -> None:
    with pytest.raises(OneModelOnly):
        extract_options("a fox --model gpt", Capabilities(models=models))
    with pytest.raises(UnknownOption) as caught:
        extract_options("a fox --seed 5", Capabilities(models=models))
    assert "--model" not in str(caught.value.facts["allowed"])


def test_providers_of_the_same_model_are_one_choice_at_any_of_their_prices() -> None:
    one = Capabilities(models=(replace(GPT, aliases=("main",)),))
    other = Capabilities(models=(Model(name="GPT-Image-2", price=credits(5), aliases=("spare",)),))
    merged = merge_capabilities([one, Capabilities(models=(FLUX,)), other])
    assert merged.models == (
        Model(name="gpt-image-2", price=PriceRange(least=4, most=5), aliases=("main", "spare")),
        FLUX,
    )


def test_only_providers_with_the_model_can_satisfy_a_request_for_it() -> None:
    needs = Requirements(options=Options(model="gpt-image-2"), reference_count=0, prompt_chars=5)
    assert can_satisfy(Capabilities(models=(Model(name="GPT-Image-2", price=credits(5)),)), needs)
    assert not can_satisfy(Capabilities(models=(FLUX,)), needs)
    assert str(needs) == "--model gpt-image-2"


def test_a_name_of_two_models_is_ambiguous_unless_it_is_the_name_of_one() -> None:
    one, other = replace(GPT, name="Fast", aliases=("gpt",)), replace(GPT, name="Fine", aliases=("gpt",))
    assert matching_models("gpt", [one, other]) == [one, other]
    assert matching_models("fine", [one, replace(other, aliases=("fast",))]) == [replace(other, aliases=("fast",))]
    assert matching_models("fast", [one, replace(other, aliases=("fast",))]) == [one]


def test_a_model_is_known_by_its_earlier_name() -> None:
    renamed = replace(GPT, name="Best", aliases=("gpt-image-2",))
    assert current_model("GPT-image-2", [FLUX, renamed]) == "Best"
    assert current_model("best", [FLUX, renamed]) == "Best"
    assert current_model("dall-e-3", [FLUX, renamed]) is None


def test_the_key_of_a_model_is_short_and_its_own() -> None:
    keys = {model_key(each.name) for each in MODELS}
    assert len(keys) == len(MODELS)
    assert all(len(key) <= 40 for key in keys)


def test_auto_asks_for_no_model_even_where_one_is_kept() -> None:
    assert extract_options("a fox --model AUTO", OFFERED).options.model == ""
    named = Capabilities(models=(GPT, replace(FLUX, name="auto")))
    assert extract_options("a fox --model auto", named).options.model == "auto"
