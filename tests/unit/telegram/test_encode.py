"""Texts of messages: characters that Telegram refuses, and answers that must not be cut."""

import pytest

from adapters.telegram.encode import MAX_TEXT_CHARS, encode_text
from bot.chat import Card, User
from bot.texts import LOCALES, translate


def test_zero_characters_go_from_words_and_names() -> None:
    caller = User(platform="telegram", id="5", name="A\0da")
    words, (mention,) = encode_text(Card(text="\0done\0", mention=caller), MAX_TEXT_CHARS)
    assert (words, mention.length) == ("Ada, done", 3)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("key", ["answer-start", "help-imagine", "help-edit", "help-tips"])
def test_an_answer_shows_whole(locale: str, key: str) -> None:
    words, _ = encode_text(Card(text=translate(locale, key)), MAX_TEXT_CHARS)
    assert not words.endswith("…")
