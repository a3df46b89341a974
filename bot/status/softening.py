"""What is said in a chat that refuses a message because of its words: less and less of it. Pure.

Who notices such a refusal, and how it is remembered, is each adapter's.
"""

from dataclasses import replace

from bot.chat import Card
from bot.texts import translate

MAX_STEP = 2  # without words of users or upstreams, then without any
WORDLESS_TEXT = "🎨"


def soften_card(card: Card, step: int) -> Card:
    """The card with fewer words. `step`: 0 to MAX_STEP; 0 leaves it as it is."""
    if step == 0:
        return card
    plain = card.plain_text or translate(card.locale, "note-moderated")
    return replace(card, text=plain if step == 1 else WORDLESS_TEXT, alt_text="", mention=None)
