"""`--region`: found however a phone spells it, and taken out of the words alone."""

import pytest

from bot.intake.options import asks_for_region, extract_options, without_region
from bot.painting import Capabilities


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("--region a hat", "a hat"),
        ("a hat --region", "a hat"),
        ("a hat —region --n 2", "a hat --n 2"),
        ("a --region green\nhat", "a green\nhat"),
        ("加一顶帽子——region", "加一顶帽子"),
    ],
)
def test_it_is_found_and_taken_out(text: str, rest: str) -> None:
    assert asks_for_region(text)
    assert without_region(text) == rest
    assert extract_options(text, Capabilities()).prompt == extract_options(rest, Capabilities()).prompt


@pytest.mark.parametrize("text", ["a region", "a hat --n 2", "pre--region", ""])
def test_other_words_stay(text: str) -> None:
    assert not asks_for_region(text)
    assert without_region(text) == text
