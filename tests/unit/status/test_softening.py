"""A card whose words a chat refuses, with fewer of them."""

from bot.chat import Card, User
from bot.status.softening import MAX_STEP, WORDLESS_TEXT, soften_card
from bot.texts import translate

ADA = User(platform="test", id="1", name="Ada")
CARD = Card(text="“a fox” · 3 s", plain_text="3 s", alt_text="a fox", mention=ADA)


def test_each_step_says_less() -> None:
    assert soften_card(CARD, 0) is CARD
    plain, wordless = soften_card(CARD, 1), soften_card(CARD, MAX_STEP)
    assert (plain.text, plain.alt_text, plain.mention) == ("3 s", "", None)
    assert (wordless.text, wordless.alt_text) == (WORDLESS_TEXT, "")


def test_a_card_without_plain_words_says_why_it_says_nothing() -> None:
    assert soften_card(Card(text="a fox", locale="ru"), 1).text == translate("ru", "note-moderated")
