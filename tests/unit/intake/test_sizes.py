"""Matching of a typed size against listed ones. Pure; nothing here knows a provider."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.intake.sizes import match_size, nearest_sizes

PIXELS = ("auto", "1024x1024", "1536x1024", "1024x1536")
RATIOS = ("1:1", "3:2", "2:3", "16:9")
BOTH = ("1:1", "2:3", "3:2", "1024x1024", "1024x1536", "1536x1024")

sides = st.integers(min_value=1, max_value=99_999)


@pytest.mark.parametrize(
    "spelling",
    [
        "1024x1536",
        "1024X1536",
        "1024×1536",
        "1024*1536",
        "1024х1536",
        " 1024 x 1536 ",
        "１０２４ｘ１５３６",
        "1024:1536",
    ],
)
def test_pixels_may_be_spelled_as_keyboards_spell_them(spelling: str):
    assert match_size(spelling, PIXELS) == "1024x1536"


@pytest.mark.parametrize("spelling", ["3:2", "３：２", "3∶2", "3/2", "3x2", "3×2", "6:4", "1.5:1", "1,5:1", " 3 : 2 "])
def test_a_ratio_may_be_spelled_in_many_ways(spelling: str):
    assert match_size(spelling, RATIOS) == "3:2"


@pytest.mark.parametrize("spelling", ["auto", "AUTO", "ａｕｔｏ", " Auto "])
def test_auto_is_a_size_only_where_the_provider_has_it(spelling: str):
    assert match_size(spelling, PIXELS) == "auto"
    assert match_size(spelling, RATIOS) is None


@pytest.mark.parametrize(
    ("typed", "allowed", "size"),
    [
        ("3:2", PIXELS, "1536x1024"),
        ("1536x1024", RATIOS, "3:2"),
        ("3:2", BOTH, "3:2"),
        ("1536x1024", BOTH, "1536x1024"),
        ("16:9", ("1024x1024", "1792x1024"), "1792x1024"),
        ("16:9", ("1792x1024", "1920x1080"), "1920x1080"),
        ("1:1", ("512x512", "1024x1024"), "512x512"),
    ],
)
def test_a_ratio_and_its_pixels_stand_for_each_other(typed: str, allowed: tuple[str, ...], size: str):
    assert match_size(typed, allowed) == size


@pytest.mark.parametrize(
    ("typed", "allowed"),
    [
        ("3000x2000", PIXELS),  # the shape exists, in other pixels
        ("3000x2000", BOTH),
        ("1600x900", PIXELS),
        ("4:3", PIXELS),
        ("16:9", ("7:4",)),  # two names of shapes are two shapes
        ("0x0", PIXELS),
        ("0:1", RATIOS),
        ("1024", PIXELS),
        ("1024x", PIXELS),
        ("-3:2", RATIOS),
        ("3:2:1", RATIOS),
        ("999999x1", PIXELS),
        ("big", PIXELS),
        ("", PIXELS),
        ("3:2", ()),
    ],
)
def test_an_unmatched_size_is_none(typed: str, allowed: tuple[str, ...]):
    assert match_size(typed, allowed) is None


def test_a_provider_specific_size_is_matched_by_name():
    assert match_size("2k", ("1K", "2K")) == "2K"


def test_the_nearest_have_the_nearest_shape_then_the_nearest_area():
    assert nearest_sizes("16:9", PIXELS) == ("1536x1024", "1024x1024", "1024x1536")
    assert nearest_sizes("900x900", ("2048x2048", "1024x1024", "3:2", "auto"), count=2) == (
        "1024x1024",
        "2048x2048",
    )
    assert nearest_sizes("1:1", ("auto", "1K", "2:3")) == ("2:3", "auto", "1K")


def test_all_sizes_are_suggested_for_text_that_is_no_size():
    assert nearest_sizes("huge", PIXELS) == PIXELS
    assert nearest_sizes("huge", ()) == ()


@given(st.text(max_size=20), st.lists(st.text(max_size=12), max_size=6))
def test_whatever_is_typed_gives_an_allowed_size_or_none(typed: str, allowed: list[str]):
    assert match_size(typed, allowed) in {*allowed, None}
    assert set(nearest_sizes(typed, allowed)) <= set(allowed)
    assert len(nearest_sizes(typed, allowed)) in {min(3, len(allowed)), len(allowed)}


@given(sides, sides, st.sampled_from("xX×*:"))
def test_an_allowed_size_is_chosen_by_its_own_numbers(width: int, height: int, mark: str):
    allowed = ("auto", f"{width}x{height}")
    assert match_size(f"{width}{mark}{height}", allowed) == allowed[1]


@given(st.integers(1, 60), st.integers(1, 60), st.integers(64, 1500))
def test_a_ratio_is_found_in_any_pixels_of_that_shape_and_they_in_it(a: int, b: int, scale: int):
    pixels, ratio = f"{a * scale}x{b * scale}", f"{a}:{b}"
    assert match_size(ratio, [pixels]) == pixels
    assert match_size(pixels, [ratio]) == ratio


@given(sides, sides, st.lists(st.tuples(sides, sides), min_size=1, max_size=5))
def test_a_chosen_shape_is_never_further_off_than_rounding(width: int, height: int, offers: list[tuple[int, int]]):
    chosen = match_size(f"{width}:{height}", [f"{w}x{h}" for w, h in offers])
    if chosen is not None:
        w, h = map(int, re.findall(r"\d+", chosen))
        assert abs(math.log((width / height) / (w / h))) <= 0.0301
