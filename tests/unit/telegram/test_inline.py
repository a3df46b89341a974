"""The inline result of the longest query fits into a message."""

import pytest

from adapters.telegram.encode import MAX_TEXT_CHARS, escape_entities
from bot.texts import LOCALES, translate


@pytest.mark.parametrize("locale", LOCALES)
def test_an_inline_offer_of_the_longest_query_fits(locale: str) -> None:
    longest = ("a.bc@d" * 43)[:256]  # characters of a query; each mark is parted from what follows it
    assert len(translate(locale, "telegram-inline-text", prompt=escape_entities(longest))) <= MAX_TEXT_CHARS
