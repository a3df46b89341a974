"""Words where Telegram sets limits: menus of commands, buttons, answers to clicks, invoices; in every language.

Sources: BotCommand, InlineKeyboardButton, answerCallbackQuery, sendInvoice of the Bot API.
"""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
import telegram

from adapters.telegram.commands import command_menus
from adapters.telegram.decode import BotIdentity, decode_text
from adapters.telegram.encode import MAX_TEXT_CHARS, encode_text, escape_entities, utf16_length
from adapters.telegram.events import MAX_ANSWER_CHARS
from bot.chat import Action, Card, User
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
from bot.texts import LOCALES, explain, say

LONGEST_NAME = "@" + "n" * 32  # of a bot
MOST_CREDITS, MOST_STARS = 1_000_000, 100_000  # that a pack can have
LABEL = 40  # characters; Telegram allows more, and phones cut them

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


@pytest.mark.parametrize("shop", [False, True])
def test_menus_keep_telegrams_limits(shop: bool) -> None:
    made = list(command_menus(["telegram:1", "discord:2", "telegram:x"], payments=shop))
    assert len(made) == 3 * len(LOCALES)
    for menu in made:
        assert re.fullmatch("|[a-z]{2}", menu.language)
        assert 1 <= len(menu.commands) <= 100
        assert len({each.command for each in menu.commands}) == len(menu.commands)
        for each in menu.commands:
            assert re.fullmatch("[a-z0-9_]{1,32}", each.command)
            assert 1 <= len(each.description) <= 256


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(("key", "facts"), CLICKS)
def test_what_a_click_is_answered_fits(locale: str, key: str, facts: dict[str, Any]) -> None:
    assert 1 <= len(say(locale, key, **facts)) <= MAX_ANSWER_CHARS == 200


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("failure", FAILURES, ids=lambda each: type(each).__name__)
def test_why_a_click_does_nothing_fits(locale: str, failure: EaselError) -> None:
    assert 1 <= len(explain(locale, failure)) <= MAX_ANSWER_CHARS


@pytest.mark.parametrize("locale", LOCALES)
def test_labels_of_buttons_are_short(locale: str) -> None:
    labels = [say(locale, f"button-{action.value}") for action in Action]
    labels += [say(locale, key) for key in ("telegram-buy-open", "telegram-inline-starting", "telegram-inline-empty")]
    labels.append(say(locale, "telegram-buy-pack", credits=MOST_CREDITS, stars=MOST_STARS))
    assert all(1 <= len(each) <= LABEL for each in labels)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("credits", [1, 2, 5, 21, MOST_CREDITS])
def test_invoices_keep_telegrams_limits(locale: str, credits: int) -> None:
    assert 1 <= len(say(locale, "telegram-buy-title", credits=credits)) <= 32
    assert 1 <= len(say(locale, "telegram-buy-about", credits=credits)) <= 255


@pytest.mark.parametrize("locale", LOCALES)
def test_an_inline_offer_of_the_longest_query_fits(locale: str) -> None:
    longest = ("a.bc@d" * 43)[:256]  # characters of a query; each mark is parted from what follows it
    assert len(say(locale, "telegram-inline-text", prompt=escape_entities(longest))) <= MAX_TEXT_CHARS


def test_zero_characters_go_from_words_and_names() -> None:
    caller = User(platform="telegram", id="5", name="A\0da")
    words, (mention,) = encode_text(Card(text="\0done\0", mention=caller), MAX_TEXT_CHARS)
    assert (words, mention.length) == ("Ada, done", 3)


def test_half_a_character_counts_as_one_unit() -> None:
    assert (utf16_length("🦊"), utf16_length("\ud83e"), utf16_length("🦊\ud83e!")) == (2, 1, 4)
    half = telegram.Message(1, datetime.now(UTC), telegram.Chat(5, "private"), text="a \ud83e fox")
    assert decode_text(half, BotIdentity(id=1, username="easel_bot")).text == "a \ufffd fox"


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("key", ["answer-start", "answer-help"])
def test_an_answer_shows_whole(locale: str, key: str) -> None:
    words, _ = encode_text(Card(text=say(locale, key)), MAX_TEXT_CHARS)
    assert not words.endswith("…")
