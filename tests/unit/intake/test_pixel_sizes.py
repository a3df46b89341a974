"""Sizes within a rule: a typed size resolves to a legal one, and no legal one is nearer in shape."""

import bisect
import math
from fractions import Fraction
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.intake import pixel_sizes
from bot.intake.sizes import (
    ResolvedSize,
    canonical_size,
    offered_sizes,
    parse_size_option,
    resolve_request_size,
    resolve_size,
    suggest_sizes,
)
from bot.painting import Capabilities, Image, Options, PaintRequest, SizeRule
from bot.providers.presets import PRESETS, resolve_upstream
from bot.providers.presets.models import GPT_IMAGE_2_SIZES as RULE
from tests.support.examples import examples

ABLE = Capabilities(sizes=("auto",), size_rules=(RULE,))
LISTED = Capabilities(sizes=("1:1", "3:2", "1024x1024"), tiers=("1K", "2K"))
TIERS = ("1K", "2K", "4K")

RULED = {
    name: capabilities
    for name in PRESETS
    if (capabilities := resolve_upstream(name=name, preset=name, base_url="http://127.0.0.1").capabilities).size_rules
}
sides = st.integers(min_value=1, max_value=6000)


def pixels(size: str) -> tuple[int, int]:
    width, _, height = size.partition("x")
    return int(width), int(height)


def is_legal(width: int, height: int) -> bool:
    """The rule of seed and description, written out once more."""
    return (
        width % 16 == 0
        and height % 16 == 0
        and max(width, height) <= 3840
        and max(width, height) <= 3 * min(width, height)
        and 655_360 <= width * height <= 8_294_400
    )


@cache
def shapes(tier: str) -> list[float]:
    """The shapes of all legal sizes of a tier, as sorted logarithms."""
    low, _, high = pixel_sizes.area_range(tier, RULE)
    sides = range(16, 3841, 16)
    return sorted({math.log(w / h) for w in sides for h in sides if is_legal(w, h) and low <= w * h <= high})


@pytest.mark.parametrize("row", RULE.recommended)
def test_every_recommended_size_is_legal_and_is_what_its_shape_and_tier_land_on(row: tuple[str, str, str]) -> None:
    shape, tier, size = row
    assert is_legal(*pixels(size))
    assert resolve_size(shape, tier, ABLE) == ResolvedSize(size=size)
    assert resolve_size(size, None, ABLE) == ResolvedSize(size=size)


@pytest.mark.forms(1)
@pytest.mark.parametrize("name", RULED)
@settings(max_examples=examples(60))
@given(width=sides, height=sides, tier=st.sampled_from((None, *TIERS)))
def test_any_shape_lands_on_a_legal_size_of_its_tier_and_none_of_them_is_nearer_in_shape(
    name: str, width: int, height: int, tier: str | None
) -> None:
    capabilities = RULED[name]
    shape = Fraction(width, height)
    wish = f"{width / 100}:{height / 100}"  # hundredths, so that it is no size in pixels
    found = resolve_size(wish, tier, capabilities)
    if not Fraction(1, 3) <= shape <= 3:
        assert found is None
        assert suggest_sizes(wish, capabilities)
        return
    assert found is not None
    assert found.size is not None
    got = pixels(found.size)
    assert is_legal(*got)
    low, _, high = pixel_sizes.area_range(tier or "1K", RULE)
    assert low <= got[0] * got[1] <= high
    wanted, legal = math.log(shape), shapes(tier or "1K")
    at = bisect.bisect(legal, wanted)
    assert (
        abs(math.log(Fraction(*got)) - wanted)
        <= min(abs(each - wanted) for each in legal[max(0, at - 1) : at + 1]) + 1e-9
    )


@given(width=sides, height=sides)
def test_pixels_are_taken_when_they_are_legal_and_else_answered_with_the_nearest(width: int, height: int) -> None:
    wish = f"{max(64, width)}x{max(64, height)}"
    found = resolve_size(wish, None, ABLE)
    if is_legal(*pixels(wish)):
        assert found == ResolvedSize(size=wish)
        return
    assert found is None
    named = suggest_sizes(wish, ABLE)
    assert 1 <= len(named) <= 3
    assert all(is_legal(*pixels(each)) for each in named)


def test_the_nearest_of_all_legal_pixels_are_named() -> None:
    assert suggest_sizes("1000x1000", ABLE)[0] in {"1008x1008", "992x992"}
    assert suggest_sizes("8000x8000", ABLE)[0] == "2880x2880"
    assert resolve_size("1280x720", None, ABLE) == ResolvedSize(size="1280x720")


@given(width=sides, height=sides, count=st.integers(min_value=1, max_value=5))
def test_no_legal_pixels_are_nearer_than_those_that_are_named(width: int, height: int, count: int) -> None:
    rule = SizeRule(step=64, max_edge=1024, max_ratio=3, min_pixels=100_000, max_pixels=700_000)
    multiples = range(64, 1025, 64)
    legal = [(w, h) for w in multiples for h in multiples if pixel_sizes.is_legal_size(w, h, rule)]
    legal.sort(key=lambda size: (math.hypot(math.log(size[0] / width), math.log(size[1] / height)), size))
    assert pixel_sizes.nearest_legal_sizes(width, height, rule, count) == legal[:count]


def test_a_shape_that_is_too_long_is_answered_with_the_longest() -> None:
    assert resolve_size("4:1", None, ABLE) is None
    assert suggest_sizes("4:1", ABLE)[0] == "3:1"
    assert suggest_sizes("1:9", ABLE)[0] == "1:3"


@pytest.mark.parametrize(
    ("value", "both"),
    [
        ("16:9", ("16:9", None)),
        ("2k", (None, "2K")),
        ("16:9@2k", ("16:9", "2K")),
        ("16:9 @ 4K", ("16:9", "4K")),
        ("１６：９＠２ｋ", ("16:9", "2K")),
        ("@2k", (None, "2K")),
        ("a@b", ("a@b", None)),
        ("auto", ("auto", None)),
    ],
)
def test_shape_and_tier_may_come_in_one_value(value: str, both: tuple[str | None, str | None]) -> None:
    assert parse_size_option(value) == both


def test_a_tier_alone_takes_the_shape_of_the_first_reference() -> None:
    photo = Image(data=b"", media_type="image/png", width=4032, height=3024)
    strip = Image(data=b"", media_type="image/png", width=9000, height=100)
    options = Options(tier="2K")
    assert resolve_request_size(PaintRequest(prompt="a", options=options), ABLE).size == "2048x2048"
    assert (
        resolve_request_size(PaintRequest(prompt="a", options=options, references=(photo,)), ABLE).size == "2048x1536"
    )
    wide = resolve_request_size(PaintRequest(prompt="a", options=options, references=(strip,)), ABLE).size
    assert wide is not None
    assert Fraction(*pixels(wide)) == 3


def test_auto_is_auto_and_with_a_tier_it_is_that_tier() -> None:
    assert resolve_size("auto", None, ABLE) == ResolvedSize(size="auto")
    assert resolve_size("auto", "4K", ABLE) == ResolvedSize(size="2880x2880")


def test_with_listed_sizes_a_tier_is_a_parameter_of_its_own() -> None:
    assert resolve_size("3:2", "2K", LISTED) == ResolvedSize(size="3:2", tier="2K")
    assert resolve_size(None, "2K", LISTED) == ResolvedSize(tier="2K")
    assert resolve_size("3:2", "4K", LISTED) is None
    assert resolve_size("3:2", "2K", Capabilities(sizes=("3:2",))) is None
    assert resolve_size("5:1", "2K", LISTED) is None
    assert resolve_size(None, None, LISTED) == ResolvedSize()


def test_the_stored_size_means_the_same_to_every_provider() -> None:
    assert canonical_size("1024*1536", ABLE) == "1024x1536"
    assert canonical_size("１６：９", ABLE) == "16:9"
    assert canonical_size("1.5:1", ABLE) == "1.5:1"
    assert canonical_size("6:4", LISTED) == "3:2"
    assert resolve_size(canonical_size("6:4", LISTED), None, ABLE) == ResolvedSize(size="1008x672")


def test_offered_sizes_are_listed_sizes_shapes_and_tiers() -> None:
    assert offered_sizes(ABLE)[:3] == ("auto", "1:1", "16:9")
    assert offered_sizes(ABLE)[-3:] == TIERS
    assert offered_sizes(LISTED) == ("1:1", "3:2", "1024x1024", "1K", "2K")
    assert suggest_sizes("huge", ABLE) == offered_sizes(ABLE)


def test_a_rule_without_recommendations_has_the_default_area() -> None:
    bare = SizeRule(step=8, max_edge=2000, max_ratio=4, min_pixels=10_000, max_pixels=3_000_000)
    found = resolve_size("2:1", None, Capabilities(size_rules=(bare,)))
    assert found is not None
    assert found.size is not None
    width, height = pixels(found.size)
    assert width == 2 * height
    assert 0.95 < width * height / 1024**2 < 1.05
    assert resolve_size("2:1", "2K", Capabilities(size_rules=(bare,))) is None
    tiny = SizeRule(step=500, max_edge=500, max_ratio=1, min_pixels=300_000, max_pixels=400_000)
    assert resolve_size("1:1", None, Capabilities(size_rules=(tiny,))) is None


def test_a_word_is_a_size_only_where_it_is_listed() -> None:
    assert resolve_size("auto", None, ABLE) == ResolvedSize(size="auto")
    assert resolve_size("auto", None, Capabilities(size_rules=(RULE,))) is None


def test_a_listed_shape_comes_before_a_rule_and_pixels_stay_pixels() -> None:
    both = Capabilities(sizes=("3:2",), size_rules=(RULE,))
    assert resolve_size("3:2", None, both) == ResolvedSize(size="3:2")
    assert resolve_size("1536x1024", None, both) == ResolvedSize(size="1536x1024")
    assert canonical_size("1536×1024", both) == "1536x1024"
