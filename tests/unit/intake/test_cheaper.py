"""What a refusal for lack of credits offers instead: options that would cost less, with what the request costs then."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.intake.cheaper import cheaper_options
from bot.intake.prices import price_range
from bot.intake.sizes import resolve_size
from bot.painting import Capabilities, Model, Options
from bot.prices import PriceRange, parse_price
from bot.providers.presets import resolve_upstream

GPT = resolve_upstream(name="a", preset="openai").capabilities
TABLE = parse_price({"low": 1, "medium": 4, "high": 16, "4K": 2.0})


def cost(options: Options) -> int | None:
    if resolve_size(options.size, options.tier, GPT) is None:
        return None
    return price_range(TABLE, options, GPT).most * options.n


@pytest.mark.parametrize(
    ("options", "limit", "cheaper"),
    [
        (Options(quality="high", tier="1K"), 15, ("--quality medium (4)",)),
        (Options(quality="high", tier="1K"), 3, ("--quality low (1)",)),
        (Options(quality="high", size="16:9", tier="4K"), 20, ("--quality medium (8)", "--size 16:9@2K (16)")),
        (Options(quality="high", size="2880x2880"), 20, ("--quality medium (8)", "--size 2K (16)")),
        (Options(quality="medium", tier="1K", n=4), 8, ("--quality low (4)", "--n 2 (8)")),
        (Options(), 20, ("--quality medium (8)", "--size 2K (16)")),
        (Options(quality="high", tier="4K", n=4), 1, ("--quality low --size 1K --n 1 (1)",)),
        (Options(quality="low", tier="4K", n=4), 1, ("--size 1K --n 1 (1)",)),
        (Options(quality="high", tier="4K", n=4), 0, ()),
        (Options(quality="low", tier="1K"), 0, ()),
    ],
)
def test_the_dearest_that_is_still_possible_is_offered(options: Options, limit: int, cheaper: tuple[str, ...]) -> None:
    assert cheaper_options(options, GPT, cost, limit) == cheaper


def test_another_model_may_be_cheaper() -> None:
    prices = {"big": 8, "small": 2, "tiny": 1}
    models = tuple(Model(name=name, price=PriceRange(least=each, most=each)) for name, each in prices.items())
    plain = Capabilities(models=models, max_n=1)
    assert cheaper_options(Options(model="big"), plain, lambda each: prices[each.model or "big"], 5) == (
        "--model small (2)",
    )


@given(st.sampled_from([None, "auto", "low", "medium", "high"]), st.sampled_from([None, "1K", "4K"]), st.integers(1, 4))
def test_what_is_offered_is_always_cheaper_and_within_the_limit(
    quality: str | None, tier: str | None, count: int
) -> None:
    options = Options(quality=quality, tier=tier, n=count)
    whole = cost(options) or 0
    for limit in range(whole):
        for each in cheaper_options(options, GPT, cost, limit):
            assert int(each.rpartition("(")[2].rstrip(")")) <= limit < whole
