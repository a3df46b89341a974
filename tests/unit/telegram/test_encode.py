"""Texts of messages: characters that Telegram refuses, and answers that must not be cut."""

import pytest

from adapters.telegram.encode import MAX_TEXT_CHARS, encode_buttons, encode_text
from bot.chat import Action, Button, Card, User
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


@pytest.mark.parametrize(("locale", "rows"), [("en", [4]), ("zh", [4]), ("ru", [2, 2])])
def test_buttons_whose_labels_are_too_long_for_one_row_stand_in_two(locale: str, rows: list[int]) -> None:
    actions = (Action.RETRY, Action.VARY, Action.EDIT, Action.DELETE)
    buttons = [Button(action=each, job_id="j", label=translate(locale, f"button-{each.value}")) for each in actions]
    keyboard = encode_buttons(buttons)
    assert keyboard is not None
    assert [len(row) for row in keyboard.inline_keyboard] == rows
    assert [key.text for row in keyboard.inline_keyboard for key in row] == [each.label for each in buttons]


def test_one_button_stands_in_one_row_and_none_in_no_keyboard() -> None:
    keyboard = encode_buttons([Button(action=Action.RETRY, job_id="j", label="x" * 40)])
    assert keyboard is not None
    assert [len(row) for row in keyboard.inline_keyboard] == [1]
    assert encode_buttons([]) is None


def test_all_of_a_long_prompt_can_be_copied() -> None:
    whole = "a lighthouse, " * 214 + "red"  # about 3,000 characters
    text, [entity] = encode_text(Card(text="Made by a model.", copyable=whole), MAX_TEXT_CHARS)
    assert entity.type == "pre"
    assert text[entity.offset : entity.offset + entity.length] == whole
