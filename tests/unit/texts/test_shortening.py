"""Texts are cut between what readers take for characters."""

import pytest

from bot.texts import shorten

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
FLAG = "\U0001f1e9\U0001f1ea"
ACCENTED = "e\u0301"


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("ab cd", 4, "ab…"),
        ("a" + FAMILY, 5, "a…"),
        ("a" + FAMILY + "bc", 7, "a" + FAMILY + "…"),
        ("a" + FLAG + FLAG, 4, "a" + FLAG + "…"),
        ("a" + FLAG + FLAG, 3, "a…"),
        (ACCENTED * 3, 4, ACCENTED + "…"),
        (ACCENTED * 3, 5, ACCENTED * 2 + "…"),
        ("e" + "\u0301" * 100, 10, "e" + "\u0301" * 8 + "…"),
        ("ab", 1, "…"),
    ],
)
def test_a_text_is_cut_between_clusters(text: str, limit: int, shown: str) -> None:
    assert shorten(text, limit) == shown
    assert len(shown) <= limit
