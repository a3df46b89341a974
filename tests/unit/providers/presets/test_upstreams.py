"""What a provider of the settings becomes: an upstream for each model, with what is set in the table's place."""

from typing import Any

import pytest
from pydantic import SecretStr

from bot.errors import SettingsWrong
from bot.painting import Model
from bot.prices import PriceRange
from bot.providers.presets import (
    DIALECTS,
    PRESETS,
    ChatWire,
    ImagesWire,
    resolve_providers,
    resolve_upstream,
    resolve_upstreams,
)


def offered(name: str, price: int, *aliases: str) -> Model:
    return Model(name=name, price=PriceRange(least=price, most=price), aliases=aliases)


def test_a_preset_fills_what_is_not_set() -> None:
    made = resolve_upstream(name="a", preset="acedata", api_key=SecretStr("sk-123"))
    assert (made.base_url, made.model, made.dialect) == (
        "https://api.acedata.cloud/openai",
        "gpt-4o-image",
        "chat",
    )
    assert (made.stream, made.price.credits(), made.timeout_s, made.idle_timeout_s) == (True, 1, 600, 120)
    assert made.capabilities.max_references == 5
    assert "sk-123" not in repr(made)


def test_what_is_set_stands_in_the_presets_place() -> None:
    made = resolve_upstream(
        name="a", preset="openrouter", dialect="chat", base_url="http://x.example/", model="m", stream=False,
        price=0, timeout_s=5, idle_timeout_s=1, files_base_url="http://f.example", max_concurrency=3,
    )  # fmt: skip
    assert (made.base_url, made.model, made.stream, made.price.credits()) == ("http://x.example", "m", False, 0)
    assert (made.timeout_s, made.idle_timeout_s, made.files_base_url) == (5, 1, "http://f.example")


def test_what_is_retired_often_can_be_set_by_hand() -> None:
    made = resolve_upstream(
        name="a", preset="openai", sizes=["1024x1024"], qualities=["low", "max"], max_n=2, max_references=3,
        max_prompt_chars=99, masks=False, formats=["png"], backgrounds=[],
    ).capabilities  # fmt: skip
    assert (made.sizes, made.size_rules, made.qualities) == (("1024x1024",), (), ("low", "max"))
    assert (made.max_n, made.max_references, made.max_prompt_chars) == (2, 3, 99)
    assert (made.supports_masks, made.formats, made.backgrounds) == (False, ("png",), ())
    openrouter = resolve_upstream(name="a", preset="openrouter", tiers=["2k"]).capabilities
    assert openrouter.tiers == ("2K",)
    assert resolve_upstream(name="a", preset="openai", usage_rate=0.01).usage_rate == 0.01


def test_azure_takes_its_version_in_the_query_and_its_key_in_a_header_of_its_own() -> None:
    made = resolve_upstream(
        name="a", preset="azure", base_url="https://x.example", api_version="2030-01-01", api_key=SecretStr("k")
    )
    assert isinstance(made.wire, ImagesWire)
    assert made.wire.query == {"api-version": "2030-01-01"}
    assert made.headers() == {"api-key": "k"}


def test_the_sandbox_can_be_spoken_to_in_each_dialect() -> None:
    for dialect in DIALECTS:
        made = resolve_upstream(name="a", preset="sandbox", dialect=dialect, base_url="http://127.0.0.1:1")
        assert (made.dialect, made.base_url) == (dialect, "http://127.0.0.1:1")


def test_a_dialect_and_an_address_need_no_preset() -> None:
    assert resolve_upstream(name="a", dialect="chat", base_url="http://x.example").wire == PRESETS["relay"].wire


@pytest.mark.parametrize(
    ("wrong", "names"),
    [
        ({"preset": "nobody"}, "providers.a.preset"),
        ({"preset": "acedata", "dialect": "nobody"}, "providers.a.dialect"),
        ({"preset": "relay"}, "providers.a.base_url"),
        ({"preset": "acedata", "api_version": "1"}, "providers.a.api_version"),
        ({"base_url": "http://x.example"}, "providers.a"),
        ({"preset": "acedata", "api_key": SecretStr("sk 1\n")}, "providers.a.api_key"),
        ({"preset": "acedata", "api_key": SecretStr("ключ")}, "providers.a.api_key"),
    ],
)
def test_settings_that_cannot_be_name_their_key_and_never_its_secret(wrong: dict[str, object], names: str) -> None:
    with pytest.raises(SettingsWrong) as caught:
        resolve_upstream(name="a", **wrong)  # type: ignore[arg-type]  # the table's values are what each case is about
    assert caught.value.problems[0].startswith(names)
    assert "sk 1" not in str(caught.value)


# ---------------------------------------------------------------- abilities


@pytest.mark.parametrize(
    ("given", "counts", "max_n"),
    [
        ({"max_n": 2}, (1, 2), 2),
        ({"max_n": 8}, (), 8),  # more than the list has: the operator knows better
        ({"counts": [3, 1, 3]}, (1, 3), 4),
        ({"counts": [1, 2, 6], "max_n": 2}, (1, 2), 2),
    ],
)
def test_numbers_of_images_are_those_listed_up_to_the_most(
    given: dict[str, Any], counts: tuple[int, ...], max_n: int
) -> None:
    made = resolve_upstream(name="a", preset="evolink", **given).capabilities
    assert (made.counts, made.max_n) == (counts, max_n)


@pytest.mark.parametrize(
    ("provider", "setting"),
    [
        ({"preset": "openai", "tiers": ["2K"]}, "tiers"),
        ({"preset": "openai-hk", "backgrounds": ["opaque"]}, "backgrounds"),
        ({"preset": "openai-hk", "formats": ["png"]}, "formats"),
        ({"preset": "acedata", "tiers": ["2K"]}, "tiers"),
        ({"preset": "acedata", "masks": True}, "masks"),
        ({"preset": "acedata", "formats": ["png"]}, "formats"),
        ({"preset": "openrouter", "qualities": ["high"]}, "qualities"),
        ({"preset": "evolink", "tiers": ["2K"]}, "tiers"),
        ({"preset": "evolink", "qualities": ["high"]}, "qualities"),
        ({"preset": "evolink", "model": "gpt-image-2", "masks": True}, "masks"),
        ({"preset": "evolink", "model": "gpt-image-2-beta", "max_n": 2}, "max_n"),
        ({"preset": "evolink", "model": "gpt-image-2-beta", "counts": [1, 2]}, "counts"),
        ({"preset": "toapis", "qualities": ["high"]}, "qualities"),
        ({"preset": "toapis", "wire": {"single_reference": True}, "max_references": 2}, "max_references"),
    ],
)
def test_what_the_wire_has_no_field_for_is_refused_by_its_key(provider: dict[str, Any], setting: str) -> None:
    with pytest.raises(SettingsWrong) as caught:
        resolve_providers([{"name": "fine", "preset": "openai"}, {"name": "a", **provider}])
    (problem,) = caught.value.problems
    assert problem.startswith(f"providers.1.{setting}: ")


def test_a_field_that_the_operator_names_carries_what_the_preset_could_not() -> None:
    made = resolve_upstream(
        name="a",
        preset="evolink",
        wire={"tier_field": "resolution", "quality_field": "q"},
        tiers=["2K"],
        qualities=["x"],
    )
    assert (made.capabilities.tiers, made.capabilities.qualities) == (("2K",), ("x",))


@pytest.mark.parametrize(
    "harmless", [{"tiers": []}, {"qualities": []}, {"masks": False}, {"max_n": 1}, {"counts": [1]}, {"counts": []}]
)
def test_to_do_without_needs_no_field(harmless: dict[str, Any]) -> None:
    resolve_upstream(name="a", preset="evolink", model="gpt-image-2-beta", **harmless)


# ---------------------------------------------------------------- several models of one provider


def test_each_model_is_an_upstream_of_its_own_with_its_own_words_before_those_of_the_provider() -> None:
    dear, cheap = resolve_upstreams(
        name="main",
        preset="openai",
        price=4,
        max_references=3,
        models=[
            {"name": "gpt-image-2.5-sunburst", "label": "Sunburst", "price": 9, "qualities": ["max"], "sizes": None},
            {"name": "gpt-image-1.5", "max_references": 1},
        ],
    )
    assert [(each.name, each.model, each.label, each.price.credits()) for each in (dear, cheap)] == [
        ("main", "gpt-image-2.5-sunburst", "Sunburst", 9),
        ("main", "gpt-image-1.5", "", 4),
    ]
    assert (dear.capabilities.qualities, dear.capabilities.max_references) == (("max",), 3)
    assert (cheap.capabilities.sizes[1:], cheap.capabilities.max_references) == (
        ("1024x1024", "1536x1024", "1024x1536"),
        1,
    )
    assert dear.capabilities.models == (
        Model(name="Sunburst", price=PriceRange(least=9, most=9), aliases=("gpt-image-2.5-sunburst",)),
    )
    assert cheap.capabilities.models == (Model(name="gpt-image-1.5", price=PriceRange(least=4, most=4)),)


def test_the_name_of_a_provider_stands_for_its_only_model() -> None:
    (only,) = resolve_upstreams(name="main", preset="openai", models=[{"name": "gpt-image-2", "label": "Best"}])
    assert only.capabilities.models == (
        Model(name="Best", price=PriceRange(least=1, most=1), aliases=("gpt-image-2", "main")),
    )


def test_every_mistake_of_every_model_names_its_key_once() -> None:
    with pytest.raises(SettingsWrong) as caught:
        resolve_providers(
            [
                {
                    "name": "a",
                    "preset": "evolink",
                    "qualities": ["high"],
                    "models": [
                        {"name": "gpt-4o-image"},
                        {"name": "gpt-image-2", "masks": True},
                        {"name": "x", "family": "nobody"},
                    ],
                },
                {"name": "b", "preset": "relay"},
            ]
        )
    assert [each.partition(": ")[0] for each in caught.value.problems] == [
        "providers.0.qualities",
        "providers.0.models.1.masks",
        "providers.0.models.2.family",
        "providers.1.base_url",
    ]


# ---------------------------------------------------------------- families


def test_a_name_that_says_nothing_counts_as_of_the_newest_family_or_as_of_the_one_that_is_set() -> None:
    azure: dict[str, Any] = {"name": "a", "preset": "azure", "base_url": "https://x.example", "model": "our-painter"}
    unknown = resolve_upstream(**azure)
    assert (unknown.family, unknown.is_known_model) == ("gpt-image-2.6", False)
    assert unknown.capabilities.size_rules
    known = resolve_upstream(**azure, family="gpt-image-1.5")
    assert (known.family, known.is_known_model, known.model) == ("gpt-image-1.5", True, "our-painter")
    assert not known.capabilities.size_rules


def test_a_model_that_cannot_stream_is_not_asked_to() -> None:
    assert resolve_upstream(name="a", preset="openai").stream
    assert not resolve_upstream(name="a", preset="openai", model="dall-e-3", stream=True).stream


@pytest.mark.parametrize(
    ("model", "modalities"),
    [
        ("google/gemini-3.1-flash-image", ("image", "text")),
        ("black-forest-labs/flux.2-pro", ("image",)),
        ("bytedance-seed/seedream-4.5", ("image",)),
        ("somebody/new", ("image", "text")),
    ],
)
def test_openrouters_models_that_answer_with_an_image_alone_are_asked_for_that(
    model: str, modalities: tuple[str, ...]
) -> None:
    wire = resolve_upstream(name="a", preset="openrouter", model=model).wire
    assert isinstance(wire, ChatWire)
    assert wire.modalities == modalities


# ---------------------------------------------------------------- prices of models


@pytest.mark.parametrize(
    ("model", "problem"),
    [
        ({"price": -1}, "providers.0.models.0.price: must be a whole number of credits, 0 to 1000000"),
        (
            {"price": {"low": 1, "8K": 2}},
            "providers.0.models.0.price: 8K is nothing that it paints; it has low, medium, high, 1K, 2K, 4K",
        ),
        (
            {"sizes": [], "tiers": [], "qualities": [], "price": {"low": 1}},
            "providers.0.models.0.price: low is nothing that it paints; it has neither qualities nor tiers",
        ),
    ],
)
def test_a_price_of_what_a_model_does_not_paint_is_refused_by_its_key(model: dict[str, Any], problem: str) -> None:
    with pytest.raises(SettingsWrong) as caught:
        resolve_providers([{"name": "a", "preset": "evolink", "models": [{"name": "gpt-image-2", **model}]}])
    assert caught.value.problems == [problem]


def test_providers_are_resolved_in_their_order() -> None:
    (first,), (second, third) = resolve_providers(
        [
            {"name": "a", "preset": "openai"},
            {"name": "b", "preset": "evolink", "models": [{"name": "x"}, {"name": "y"}]},
        ]
    )
    assert [(each.name, each.title) for each in (first, second, third)] == [
        ("a", "gpt-image-2"),
        ("b", "x"),
        ("b", "y"),
    ]
