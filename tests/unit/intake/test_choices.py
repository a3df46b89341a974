"""What may be chosen for a request, how each choice is typed, and that typing it does choose it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.intake.choices import OptionChoices, list_choices
from bot.intake.options import extract_options, find_options, understood_options
from bot.intake.prices import price_range
from bot.intake.sizes import resolve_size
from bot.painting import Capabilities, Model, Options
from bot.prices import PriceRange, parse_price
from bot.providers.presets import resolve_upstream

GPT = resolve_upstream(name="a", preset="openai").capabilities
TABLE = parse_price({"low": 1, "medium": 4, "high": 16})
ONE = PriceRange(least=1, most=1)
MODELS = (Model(name="Fast", price=ONE), Model(name="Fine Art", price=ONE))
PIXELS = Capabilities(sizes=("auto", "1024x1024", "1536x1024"), qualities=("auto", "low", "high"), counts=(1, 2, 4))


def quote(options: Options) -> PriceRange | None:
    if resolve_size(options.size, options.tier, GPT) is None:
        return None
    image = price_range(TABLE, options, GPT)
    return PriceRange(least=image.least * options.n, most=image.most * options.n)


def listed(capabilities: Capabilities, options: Options | None = None, kept: str = "") -> dict[str, OptionChoices]:
    found = list_choices(options or Options(), capabilities, lambda _: ONE, kept_model=kept)
    return {each.name: each for each in found}


def typed(option: OptionChoices) -> list[str]:
    return [each.typed for each in option.choices]


def test_every_option_of_which_there_is_a_choice_is_listed_as_it_is_typed() -> None:
    found = listed(PIXELS)
    assert list(found) == ["size", "quality", "n"]
    assert typed(found["size"]) == ["", "--size 1024x1024", "--size 1536x1024"]
    assert typed(found["quality"]) == ["", "--quality low", "--quality high"]
    assert typed(found["n"]) == ["", "--n 2", "--n 4"]
    assert [each.ratio for each in found["size"].choices] == [None, 1.0, 1.5]
    assert found["n"].chosen == "1"
    assert listed(Capabilities(max_n=1)) == {}


def test_what_is_chosen_is_named_as_it_was_typed() -> None:
    found = listed(GPT, extract_options("--size 3:2@2K --quality high --n 3", GPT).options)
    chosen = {name: found[name].chosen for name in ("size", "tier", "quality", "n")}
    assert chosen == {"size": "3:2", "tier": "2K", "quality": "high", "n": "3"}
    assert found["size"].ratio == 1.5
    assert "--size 1:1@2K" in typed(found["size"])
    assert "--size 3:2@4K" in typed(found["tier"])
    assert typed(found["tier"])[0] == "--size 3:2"


def test_a_shape_that_a_provider_lists_in_pixels_is_shown_as_the_shape() -> None:
    both = Capabilities(sizes=("auto", "1024x1024", "1536x1024"), size_rules=GPT.size_rules)
    found = listed(both, Options(size="1536x1024"))["size"]
    assert found.chosen == "3:2"
    assert not any("x" in each.value for each in found.choices)
    assert listed(both, Options(size="1600x1008"))["size"].chosen == "1600x1008"


def test_pixels_have_a_tier_of_their_own() -> None:
    capabilities = Capabilities(sizes=("1024x1024", "1536x1024"), tiers=("1K", "2K"))
    found = listed(capabilities, Options(size="1024x1024", tier="2K"))
    assert typed(found["size"]) == ["--size 2K", "--size 1024x1024", "--size 1536x1024"]
    assert typed(found["tier"]) == ["--size 1024x1024", "--size 1K", "--size 2K"]


def test_of_several_models_one_may_be_chosen_and_a_kept_one_put_aside() -> None:
    several = Capabilities(models=MODELS)
    assert typed(listed(several)["model"]) == ["", "--model Fast", '--model "Fine Art"']
    kept = listed(several, Options(model="Fast"), kept="Fast")["model"]
    assert (kept.chosen, typed(kept)[0]) == ("Fast", "--model auto")
    assert "model" not in listed(Capabilities(models=MODELS[:1]))


def test_each_choice_has_the_price_of_the_whole_request() -> None:
    options = extract_options("--n 2 --quality low", GPT).options
    found = {each.name: each for each in list_choices(options, GPT, quote)}
    assert [str(each.price) for each in found["quality"].choices] == ["2–32", "2", "8", "32"]
    assert [str(each.price) for each in found["n"].choices][:3] == ["1", "2", "3"]
    none = list_choices(options, GPT, lambda _: None)
    assert {choice.price for option in none for choice in option.choices} == {None}


@given(
    st.sampled_from(["", "--size 16:9", "--quality low --n 3", "--size 2K", "--size 1:1@4K --quality high"]), st.data()
)
def test_typing_a_choice_in_place_of_its_option_chooses_it(text: str, data: st.DataObject) -> None:
    found = list_choices(extract_options(text, GPT).options, GPT, quote)
    option = data.draw(st.sampled_from(found))
    choice = data.draw(st.sampled_from([each for each in option.choices if each.price is not None]))
    name = "size" if option.name == "tier" else option.name
    others = [text[each.start : each.end] for each in find_options(text) if each.name != name]
    again = list_choices(extract_options(" ".join([*others, choice.typed]), GPT).options, GPT, quote)
    assert next(each.chosen for each in again if each.name == option.name) == choice.value


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("a fox --n 4 in snow", [("n", "--n 4")]),
        ("a fox —size：16:9 —n=2", [("size", "—size：16:9"), ("n", "—n=2")]),
        ('--model "Fine Art" x', [("model", '--model "Fine Art"')]),
        ("--file --n", [("file", "--file "), ("n", "--n")]),
        ("well--known", []),
    ],
)
def test_options_are_found_where_they_stand(text: str, places: list[tuple[str, str]]) -> None:
    assert [(each.name, text[each.start : each.end]) for each in find_options(text)] == places


def test_what_is_not_understood_yet_is_left_out() -> None:
    options = understood_options("a fox --size 3:2 --quality enormous --file --q", GPT)
    assert options == Options(size="3:2", as_file=True)
