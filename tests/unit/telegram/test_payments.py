"""Invoices and the offer's buttons keep Telegram's limits. Sources: sendInvoice, InlineKeyboardButton."""

import pytest

from bot.chat import Action
from bot.texts import LOCALES, translate

MOST_CREDITS, MOST_STARS = 1_000_000, 100_000  # that a pack can have
LABEL = 40  # characters; Telegram allows more, and phones cut them


@pytest.mark.parametrize("locale", LOCALES)
def test_labels_of_buttons_are_short(locale: str) -> None:
    labels = [translate(locale, f"button-{action.value}") for action in Action]
    labels += [
        translate(locale, key) for key in ("telegram-buy-open", "telegram-inline-starting", "telegram-inline-empty")
    ]
    labels.append(translate(locale, "telegram-buy-pack", credits=MOST_CREDITS, stars=MOST_STARS))
    assert all(1 <= len(each) <= LABEL for each in labels)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("credits", [1, 2, 5, 21, MOST_CREDITS])
def test_invoices_keep_telegrams_limits(locale: str, credits: int) -> None:
    assert 1 <= len(translate(locale, "telegram-buy-title", credits=credits)) <= 32
    assert 1 <= len(translate(locale, "telegram-buy-about", credits=credits)) <= 255
