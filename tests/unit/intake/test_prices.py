"""What an image of a request costs: by what is asked, the dearest where that is left open, and by what came."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.intake.prices import Painted, make_price_list, offered_tiers, price_of_image, price_range, unknown_keys
from bot.intake.sizes import resolve_size
from bot.painting import Capabilities, Options
from bot.prices import Price, PriceRange, parse_price
from bot.providers.presets import Upstream, resolve_upstream

GPT = resolve_upstream(name="a", preset="openai").capabilities
TIERED = Capabilities(sizes=("1:1", "16:9"), tiers=("1K", "2K", "4K"), qualities=("low", "high"))
LISTED = Capabilities(sizes=("auto", "1024x1024", "1792x1024", "2048x2048", "3840x2160"))
PLAIN = Capabilities(sizes=("1:1", "3:2"))
TABLE = parse_price({"low": 1, "medium": 4, "high": 16, "4K": 2.0})


@pytest.mark.parametrize(
    ("options", "least", "most"),
    [
        (Options(quality="low", tier="1K"), 1, 1),
        (Options(quality="high", size="16:9", tier="4K"), 32, 32),
        (Options(quality="medium", size="1:1"), 4, 4),  # a shape alone is painted in the first tier
        (Options(quality="medium", size="1024x1024"), 4, 4),
        (Options(quality="medium", size="2880x2880"), 8, 8),  # pixels count as the tier that they fall into
        (Options(quality="medium", size="3840x2160"), 8, 8),
        (Options(quality="medium", size="2048x2048"), 4, 4),
        (Options(quality="medium"), 4, 8),  # any size may come
        (Options(quality="medium", size="auto"), 4, 8),
        (Options(tier="1K"), 1, 16),
        (Options(quality="auto", tier="4K"), 2, 32),
        (Options(), 1, 32),
    ],
)
def test_what_is_left_open_counts_as_the_dearest_that_it_may_become(options: Options, least: int, most: int) -> None:
    assert price_range(TABLE, options, GPT) == PriceRange(least=least, most=most)


def test_auto_may_have_a_price_of_its_own() -> None:
    price = parse_price({"auto": 5, "low": 1, "high": 16})
    assert price_range(price, Options(), GPT) == price_range(price, Options(quality="auto"), GPT)
    assert price_range(price, Options(), GPT) == PriceRange(least=5, most=5)
    painted = Painted(width=1024, height=1024, quality="low")
    assert price_of_image(price, Options(), GPT, painted) == 5


@pytest.mark.parametrize(
    ("capabilities", "options", "most"),
    [
        (PLAIN, Options(), 3),  # no qualities, no tiers: the default
        (TIERED, Options(quality="low", size="1:1"), 9),  # the upstream chooses the tier
        (TIERED, Options(quality="low", tier="2K"), 3),
        (LISTED, Options(size="1792x1024"), 3),
        (LISTED, Options(size="3840x2160"), 9),
        (LISTED, Options(size="auto"), 9),
    ],
)
def test_tiers_that_are_a_field_or_a_list_of_sizes_are_priced_alike(
    capabilities: Capabilities, options: Options, most: int
) -> None:
    assert price_range(parse_price({"default": 3, "4K": 3}), options, capabilities).most == most


def test_tiers_are_those_that_can_be_asked_for_and_that_sizes_fall_into() -> None:
    assert offered_tiers(GPT) == offered_tiers(TIERED) == ("1K", "2K", "4K")
    assert offered_tiers(LISTED) == ("1K", "2K", "4K")
    assert offered_tiers(PLAIN) == ()


def test_keys_that_a_provider_does_not_offer_are_found() -> None:
    assert unknown_keys(TABLE, GPT) == ()
    assert unknown_keys(TABLE, TIERED) == ("medium",)
    assert unknown_keys(TABLE, LISTED) == ("low", "medium", "high")
    assert unknown_keys(parse_price({"auto": 1, "8K": 2}), TIERED) == ("8K",)
    assert unknown_keys(parse_price({"auto": 1, "default": 2}), PLAIN) == ("auto",)


@pytest.mark.parametrize(
    ("options", "painted", "credits"),
    [
        (Options(), Painted(width=1024, height=1024, quality="low"), 1),
        (Options(), Painted(width=1024, height=1024, quality="Medium"), 4),
        (Options(), Painted(width=3840, height=2160, quality="medium"), 8),
        (Options(), Painted(width=1000, height=1000), 16),  # an unnamed quality: the dearest
        (Options(), Painted(width=64, height=64, quality="standard"), 16),  # one that it does not have, likewise
        (Options(), Painted(width=9000, height=9000, quality="low"), 2),
        (Options(quality="high", tier="4K"), Painted(width=64, height=64, quality="low"), 32),  # as it was asked for
    ],
)
def test_what_was_left_open_is_charged_by_what_came(options: Options, painted: Painted, credits: int) -> None:
    assert price_of_image(TABLE, options, GPT, painted) == credits


def test_without_tiers_the_size_of_what_came_is_nothing() -> None:
    assert price_of_image(Price(default=3), Options(), PLAIN, Painted(width=4000, height=4000)) == 3


def test_a_price_list_names_what_costs_differently() -> None:
    listed = make_price_list(GPT, lambda options: price_range(TABLE, options, GPT))
    assert listed.image == PriceRange(least=1, most=32)
    assert {name: str(price) for name, price in listed.qualities.items()} == {
        "auto": "1–32",
        "low": "1–2",
        "medium": "4–8",
        "high": "16–32",
    }
    assert {name: str(price) for name, price in listed.tiers.items()} == {"1K": "1–16", "2K": "1–16", "4K": "2–32"}
    assert not listed.is_usual


def test_a_price_list_of_one_price_has_no_more_to_say() -> None:
    listed = make_price_list(GPT, lambda options: price_range(Price(), options, GPT))
    assert (listed.qualities, listed.tiers, listed.is_usual) == ({}, {}, True)
    assert make_price_list(PLAIN, lambda _: None).image == PriceRange(least=0, most=0)


PRICES = st.builds(
    Price,
    default=st.integers(0, 100),
    qualities=st.dictionaries(st.sampled_from(["auto", "low", "medium", "high"]), st.integers(0, 100)),
    tiers=st.dictionaries(st.sampled_from(["1K", "2K", "4K"]), st.floats(0, 10)),
)
OPTIONS = st.builds(
    Options,
    quality=st.sampled_from([None, "auto", "low", "medium", "high"]),
    size=st.sampled_from([None, "auto", "1:1", "16:9", "1024x1024", "3840x2160"]),
    tier=st.sampled_from([None, "1K", "2K", "4K"]),
)
PAINTED = st.builds(
    Painted,
    width=st.integers(1, 10_000),
    height=st.integers(1, 10_000),
    quality=st.sampled_from([None, "low", "medium", "high", "standard"]),
)
CAPABILITIES = st.sampled_from([GPT, TIERED, LISTED, PLAIN])


@given(PRICES, OPTIONS, CAPABILITIES, PAINTED)
def test_an_image_never_costs_more_than_was_shown(
    price: Price, options: Options, capabilities: Capabilities, painted: Painted
) -> None:
    shown = price_range(price, options, capabilities)
    assert shown.least <= price_of_image(price, options, capabilities, painted) <= shown.most


@given(PRICES, OPTIONS, CAPABILITIES)
def test_saying_more_never_costs_more(price: Price, options: Options, capabilities: Capabilities) -> None:
    if resolve_size(options.size, options.tier, capabilities) is None:
        return
    shown = price_range(price, options, capabilities)
    left_open = price_range(price, Options(), capabilities)
    if "auto" not in price.qualities and (
        options.quality in (None, "auto") or options.quality in capabilities.qualities
    ):
        assert left_open.least <= shown.least <= shown.most <= left_open.most


@given(PRICES, OPTIONS, CAPABILITIES, st.integers(0, 50))
def test_a_dearer_price_never_costs_less(price: Price, options: Options, capabilities: Capabilities, more: int) -> None:
    raised = Price(
        default=price.default + more,
        qualities={name: credits + more for name, credits in price.qualities.items()},
        tiers=price.tiers,
    )
    assert price_range(price, options, capabilities).most <= price_range(raised, options, capabilities).most


def test_what_the_wire_asks_for_where_nothing_was_chosen_is_what_an_open_choice_costs() -> None:
    given: dict[str, Any] = {"name": "up", "preset": "openai", "price": {"low": 1, "high": 16, "4K": 2.0, "default": 4}}
    plain = resolve_upstream(**given)
    low = resolve_upstream(**given, wire={"defaults": {"quality": "low", "size": "1024x1024"}})
    spelled = resolve_upstream(**given, wire={"defaults": {"quality": "hd"}, "spellings": {"high": "hd"}})
    odd = resolve_upstream(**given, wire={"defaults": {"quality": "ultra", "size": "5000x5000"}})

    def cost(upstream: Upstream, **options: Any) -> PriceRange:
        return price_range(upstream.price, Options(**options), upstream.capabilities)

    assert cost(plain) == cost(odd) == PriceRange(least=1, most=32)
    assert cost(low) == PriceRange(least=1, most=1)
    assert cost(spelled) == PriceRange(least=16, most=32)
    assert cost(low, quality="high") == PriceRange(least=16, most=16)
    assert cost(low, size="3840x2160") == PriceRange(least=2, most=2)
    assert cost(low, quality="auto").most == 16, "whoever says auto leaves it open"
    painted = Painted(width=3840, height=2160)
    assert price_of_image(low.price, Options(), low.capabilities, painted) == 1
