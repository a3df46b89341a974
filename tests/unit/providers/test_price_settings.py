"""The operator's price in the settings: taken as it is written, and refused by the key that is wrong."""

import json
from pathlib import Path

import pytest

from bot.errors import SettingsWrong
from bot.painting import Options
from bot.prices import Price, PriceRange
from bot.providers.offers import describe_offer
from bot.providers.presets import resolve_upstream
from bot.providers.presets.upstreams import resolve_upstreams
from bot.settings import load

TABLE = {"low": 1, "medium": 4, "high": 16, "4K": 2.0}


def test_a_table_is_read_from_the_file_and_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "easel.toml"
    path.write_text(
        'providers_order = "cheapest"\n[[providers]]\npreset = "openai"\n'
        'price = { low = 1, medium = 4, high = 16, "4K" = 2.0 }\n'
    )
    settings = load(path)
    assert (settings.providers_order, settings.providers[0].price) == ("cheapest", TABLE)
    monkeypatch.setenv("EASEL_PROVIDERS", json.dumps([{"preset": "openai", "price": {**TABLE, "default": 3}}]))
    assert load().providers[0].price == {**TABLE, "default": 3}
    assert load().providers_order == "listed"


@pytest.mark.parametrize(
    ("price", "problem"),
    [
        ("-1", "must be a whole number of credits, 0 to 1000000"),
        ("nan", "must be a whole number of credits, 0 to 1000000"),
        ("{ low = -1 }", "low must be a whole number of credits, 0 to 1000000"),
        ("{ low = nan }", "low must be a whole number of credits, 0 to 1000000"),
        ('{ "4K" = -2.0 }', "4K must be a factor, 0 to 1000"),
        ('{ low = "cheap" }', "low must be a whole number of credits, 0 to 1000000"),
        ("{}", "must be a number of credits, or a table such as { low = 1, high = 16 }"),
        ("[1]", "must be a whole number of credits, 0 to 1000000"),
    ],
)
def test_a_wrong_price_is_one_line_that_names_the_key(tmp_path: Path, price: str, problem: str) -> None:
    path = tmp_path / "easel.toml"
    path.write_text(f'[[providers]]\npreset = "openai"\nprice = {price}\n')
    with pytest.raises(SettingsWrong) as caught:
        load(path)
    assert caught.value.problems == [f"providers.0.price: {problem}"]


@pytest.mark.parametrize(
    ("table", "unknown"),
    [
        ({"low": 1, "ultra": 9}, "ultra"),
        ({"8K": 2.0}, "8K"),
        ({"standard": 1, "hd": 2}, "standard, hd"),
    ],
)
def test_what_the_provider_does_not_offer_has_no_price(table: dict[str, float], unknown: str) -> None:
    with pytest.raises(SettingsWrong) as caught:
        resolve_upstream(name="mine", preset="openai", price=table)
    [problem] = caught.value.problems
    assert problem.startswith(
        f"providers.mine.price: {unknown} is nothing that it paints; it has auto, low, medium, high"
    )


def test_without_qualities_and_tiers_only_a_default_has_a_price() -> None:
    with pytest.raises(SettingsWrong, match="neither qualities nor tiers"):
        resolve_upstream(name="mine", preset="relay", base_url="http://x.example", qualities=[], sizes=[], price=TABLE)
    plain = resolve_upstream(
        name="mine", preset="relay", base_url="http://x.example", qualities=[], sizes=[], price={"default": 2}
    )
    assert plain.price == Price(default=2)


def test_a_price_that_no_settings_have_checked_is_checked_as_well() -> None:
    with pytest.raises(SettingsWrong, match=r"providers\.mine\.price: must be a whole number"):
        resolve_upstream(name="mine", preset="openai", price=-1)


def test_a_model_is_offered_at_its_price() -> None:
    made = resolve_upstream(name="mine", preset="openai", price=TABLE)
    [model] = made.capabilities.models
    assert model.price == PriceRange(least=1, most=32)
    assert made.price.credits(Options(quality="high").quality, "4K") == 32
    assert resolve_upstream(name="mine", preset="openai").price == Price()


def test_a_providers_price_may_name_what_only_some_of_its_models_offer() -> None:
    models = [{"name": "gpt-image-2"}, {"name": "gpt-image-1"}, {"name": "gpt-image-1.5", "price": 3}]
    made = resolve_upstreams(name="mine", preset="openai", price=TABLE, models=models)
    assert [str(each.capabilities.models[0].price) for each in made] == ["1–32", "1–16", "3"]
    assert "credits an image 1–32 (auto 1–32, low 1–2, medium 4–8, high 16–32, 1K 1–16" in describe_offer(made[0])
    with pytest.raises(SettingsWrong) as caught:
        resolve_upstreams(name="mine", preset="openai", price={**TABLE, "ultra": 20}, models=models)
    [problem] = caught.value.problems
    assert problem.startswith("providers.mine.price: ultra is nothing that it paints")
    with pytest.raises(SettingsWrong) as caught:
        resolve_upstreams(name="mine", preset="openai", models=[{"name": "gpt-image-1", "price": {"4K": 2.0}}])
    [problem] = caught.value.problems
    assert problem.startswith("providers.mine.models.0.price: 4K is nothing that it paints")
