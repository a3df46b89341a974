"""The operator's price: a number, or a table by quality and tier; mistakes are named by their key."""

import math

import pytest

from bot.prices import MAX_PRICE, Price, PriceRange, parse_price

TABLE = {"low": 1, "medium": 4, "high": 16, "4K": 2.0}


def test_a_number_is_the_price_of_every_image() -> None:
    assert parse_price(4) == Price(default=4)
    assert parse_price(0).credits("high", "4K") == 0


@pytest.mark.parametrize(
    ("quality", "tier", "credits"),
    [
        ("low", None, 1),
        ("LOW", "1K", 1),
        ("medium", "4K", 8),
        ("high", "4k", 32),
        (None, None, 16),  # what is not named costs as much as the dearest that is
        ("ultra", "4K", 32),
    ],
)
def test_a_table_prices_qualities_and_multiplies_by_tiers(quality: str | None, tier: str | None, credits: int) -> None:
    assert parse_price(TABLE).credits(quality, tier) == credits


def test_a_default_is_the_price_of_what_is_not_named() -> None:
    price = parse_price({"default": 2, "High": 5, "2k": 1.5})
    assert (price.credits(), price.credits("low"), price.credits("high")) == (2, 2, 5)
    assert price.keys == ("high", "2K")
    assert parse_price({"4K": 3}).credits(None, "4K") == 3  # a table of tiers alone multiplies the usual one credit


def test_credits_are_rounded_up_and_only_where_there_is_a_part_of_one() -> None:
    assert parse_price({"default": 3, "2K": 1.5}).credits(None, "2K") == 5
    assert parse_price({"default": 10, "2K": 1.1}).credits(None, "2K") == 11


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (-1, "must be a whole number of credits"),
        (1.5, "must be a whole number of credits"),
        (math.nan, "must be a whole number of credits"),
        (MAX_PRICE + 1, f"0 to {MAX_PRICE}"),
        (True, "must be a whole number of credits"),
        ("4", "must be a whole number of credits"),
        ({}, "must be a number of credits, or a table"),
        ({"low": -1}, "low must be a whole number of credits"),
        ({"low": "free"}, "low must be a whole number of credits"),
        ({"high": math.nan}, "high must be a whole number of credits"),
        ({"low": True}, "low must be"),
        ({"low": {"1K": 2}}, "low must be"),
        ({"4K": -2.0}, "4K must be a factor"),
        ({"4K": math.nan}, "4K must be a factor"),
        ({"4K": math.inf}, "4K must be a factor"),
        ({"4K": True}, "4K must be a factor"),
        ({"4K": "2"}, "4K must be a factor"),
        ({"low": 1, "LOW": 2}, "twice"),
        ({"4k": 1, "4K": 2}, "twice"),
    ],
)
def test_a_wrong_price_is_refused_by_its_key(value: object, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_price(value)


def test_a_range_is_written_as_one_number_where_it_is_one() -> None:
    assert [str(PriceRange(least=1, most=most)) for most in (1, 16)] == ["1", "1–16"]
    ranges = (PriceRange(least=4, most=8), PriceRange(least=1, most=2))
    assert PriceRange.over(ranges) == PriceRange(least=1, most=8)
