"""Options inside typed messages: spellings, defaults, and how wrong ones are refused."""

from dataclasses import replace

import pytest

from bot.errors import (
    BadOption,
    OptionWithoutValue,
    UnknownOption,
)
from bot.intake.parser import Paint
from bot.painting import Capabilities, Options
from tests.unit.intake.test_parser import ABLE, PLAIN, paint, refused


@pytest.mark.parametrize(
    "typed",
    [
        "a cat --size 1024x1536",
        "a cat --size=1024x1536",
        "a cat --SIZE 1024X1536",
        "--size 1024x1536 a cat",
        "a --size 1024x1536 cat",
        "a cat —size 1024x1536",
        "a cat –size 1024x1536",
        "a cat ―size 1024x1536",
        "a cat ﹣size 1024x1536",
        "a cat －size 1024x1536",
        "a cat －－size　１０２４ｘ１５３６",
        "a cat ——ｓｉｚｅ＝1024x1536",
        "a cat --size : 1024x1536",
        'a cat --size "1024x1536"',
        "a cat --size “1024x1536”",
        "a cat --size 「1024x1536」",
        "a cat --size='1024x1536'",
        "a cat --size 1024x1536.",
        "a cat --size 1024x1024 --size 1024x1536",
    ],
)
def test_size_is_understood_however_a_phone_spells_it(typed: str) -> None:
    found = paint(typed)
    assert found.options == Options(size="1024x1536")
    assert found.prompt == "a cat"


def test_a_ratio_becomes_the_size_that_has_it() -> None:
    assert paint("a cat --size 3:2").options.size == "1536x1024"
    assert paint("a cat －－size ３：２").options.size == "1536x1024"


def test_options_stand_together() -> None:
    found = paint("a cat --n 2 --quality HIGH --size 3:2")
    assert found == Paint(prompt="a cat", options=Options(size="1536x1024", quality="high", n=2))


def test_options_need_no_space_after_chinese_or_punctuation() -> None:
    assert paint("一只猫--n 2") == Paint(prompt="一只猫", options=Options(n=2))
    assert paint("a cat,--n 2") == Paint(prompt="a cat,", options=Options(n=2))


def test_lines_around_an_option_stay_lines() -> None:
    assert paint("a cat --n 2\nin the rain").prompt == "a cat\nin the rain"
    assert paint("a cat\n--n 2\nin the rain").prompt == "a cat\n\nin the rain"


@pytest.mark.parametrize(
    "typed",
    [
        "a--b",
        "a -- b",
        "a — b",
        "a well--known cat",
        "一只猫 ——在月光下",
        "a cat —sleeping",
        "t-shirt -size L",
        "x--size 3:2",
        "-----size",
        "5-6",
        "Keep  two   spaces — and “quotes”，全角",
    ],
)
def test_ordinary_dashes_are_no_options(typed: str) -> None:
    assert paint(typed) == Paint(prompt=typed)


@pytest.mark.parametrize(
    ("typed", "option"),
    [
        ("a cat --seed 5", "--seed"),
        ("a cat --ar 16:9", "--ar"),
        ("a cat —ar 16:9", "—ar"),
        ("a cat —szie 16:9", "—szie"),
        ("a cat --n2", "--n2"),
        ("a cat --" + "x" * 100, "--" + "x" * 37 + "…"),
    ],
)
def test_an_unknown_option_is_named_with_what_is_allowed(typed: str, option: str) -> None:
    refusal = refused(typed)
    assert isinstance(refusal, UnknownOption)
    assert refusal.facts == {"option": option, "allowed": "--size, --quality, --n, --file, --loose"}


def test_loose_is_offered_where_there_are_masks() -> None:
    for able in (PLAIN, replace(PLAIN, supports_masks=True, max_references=1)):
        assert refused("a cat --seed 5", able).facts["allowed"] == "--n, --file, --loose"
    assert refused("a cat --seed 5", replace(PLAIN, max_references=1)).facts["allowed"] == "--n, --file"


def test_an_option_that_no_provider_supports_is_unknown() -> None:
    for typed in ("a cat --quality high", "a cat --size 3:2"):
        refusal = refused(typed, PLAIN)
        assert isinstance(refusal, UnknownOption)
        assert refusal.facts["allowed"] == "--n, --file, --loose"


@pytest.mark.parametrize(
    ("typed", "option", "value", "allowed"),
    [
        ("a cat --n 99", "--n", "99", "1-4"),
        ("a cat --n 0", "--n", "0", "1-4"),
        ("a cat --n -1", "--n", "-1", "1-4"),
        ("a cat --n two", "--n", "two", "1-4"),
        ("a cat --n 99999", "--n", "99999", "1-4"),
        ("a cat --quality best", "--quality", "best", "low, high"),
        ("a cat --quality " + "x" * 50, "--quality", "x" * 39 + "…", "low, high"),
    ],
)
def test_a_bad_value_is_named_with_what_is_allowed(typed: str, option: str, value: str, allowed: str) -> None:
    refusal = refused(typed)
    assert isinstance(refusal, BadOption)
    assert refusal.facts == {"option": option, "value": value, "allowed": allowed}


def test_a_bad_size_is_answered_with_sizes_that_exist() -> None:
    every = ("1:1", "2:3", "3:2", "4:3", "9:16")
    for typed, allowed in (("banana", every), ("16:9", ("3:2", "4:3", "1:1"))):
        refusal = refused(f"a cat --size {typed}", Capabilities(sizes=every))
        assert isinstance(refusal, BadOption)
        assert refusal.facts == {"option": "--size", "value": typed, "allowed": ", ".join(allowed)}


@pytest.mark.parametrize(
    ("typed", "option", "allowed"),
    [
        ("a cat --n", "--n", "1-4"),
        ("a cat --n\n2", "--n", "1-4"),
        ("--n --quality high a cat", "--n", "1-4"),
        ("a cat --quality ''", "--quality", "low, high"),
        ("a cat --size", "--size", ", ".join(ABLE.sizes)),
    ],
)
def test_an_option_without_a_value_is_refused_with_the_allowed_values(typed: str, option: str, allowed: str) -> None:
    refusal = refused(typed)
    assert type(refusal) is OptionWithoutValue
    assert refusal.facts == {"option": option, "allowed": allowed}


def test_the_only_count_of_a_provider_is_named() -> None:
    refusal = refused("a cat --n 2", Capabilities(max_n=1))
    assert isinstance(refusal, BadOption)
    assert refusal.facts["allowed"] == "1"
