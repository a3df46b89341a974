"""Answers to button presses fit answerCallbackQuery, in every language."""

from typing import Any

import pytest

from adapters.telegram.events import MAX_ANSWER_CHARS
from bot.errors import (
    AlreadyFinished,
    Banned,
    ChatOutOfCredits,
    EaselError,
    NotYours,
    OutOfCredits,
    StillPainting,
    StoreFailed,
    TooManyWaiting,
)
from bot.texts import LOCALES, translate, translate_error

LONGEST_NAME = "@" + "n" * 32  # of a bot

CLICKS: list[tuple[str, dict[str, Any]]] = [
    ("answer-edit-how", {}),
    ("answer-edit-next", {}),
    ("answer-cancelled", {"count": 1}),
    ("press-too-late", {}),
    ("press-again", {}),
    ("telegram-edit-guest", {"bot": LONGEST_NAME}),
    ("telegram-edit-elsewhere", {"bot": LONGEST_NAME}),
    ("telegram-buy-wrong", {}),
]
FAILURES: list[EaselError] = [
    EaselError(),
    StoreFailed(),
    NotYours(),
    AlreadyFinished(),
    StillPainting(),
    Banned(),
    OutOfCredits(cost=1000, left=999, refill=23),
    ChatOutOfCredits(cost=1000, left=999, refill=23),
    TooManyWaiting(limit=100),
]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(("key", "facts"), CLICKS)
def test_what_a_click_is_answered_fits(locale: str, key: str, facts: dict[str, Any]) -> None:
    assert 1 <= len(translate(locale, key, **facts)) <= MAX_ANSWER_CHARS == 200


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("failure", FAILURES, ids=lambda each: type(each).__name__)
def test_why_a_click_does_nothing_fits(locale: str, failure: EaselError) -> None:
    assert 1 <= len(translate_error(locale, failure)) <= MAX_ANSWER_CHARS
