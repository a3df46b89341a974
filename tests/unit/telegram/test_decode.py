"""Messages whose text cannot be decoded in full."""

from datetime import UTC, datetime

import telegram

from adapters.telegram.decode import BotIdentity, decode_text
from adapters.telegram.encode import utf16_length


def test_half_a_character_counts_as_one_unit() -> None:
    assert (utf16_length("🦊"), utf16_length("\ud83e"), utf16_length("🦊\ud83e!")) == (2, 1, 4)
    half = telegram.Message(1, datetime.now(UTC), telegram.Chat(5, "private"), text="a \ud83e fox")
    assert decode_text(half, BotIdentity(id=1, username="easel_bot")).text == "a \ufffd fox"
