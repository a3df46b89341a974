"""Messages whose text cannot be decoded in full."""

from datetime import UTC, datetime
from typing import Any

import telegram

from adapters.telegram.decode import BotIdentity, decode_message, decode_text
from adapters.telegram.encode import utf16_length


def test_half_a_character_counts_as_one_unit() -> None:
    assert (utf16_length("🦊"), utf16_length("\ud83e"), utf16_length("🦊\ud83e!")) == (2, 1, 4)
    half = telegram.Message(1, datetime.now(UTC), telegram.Chat(5, "private"), text="a \ud83e fox")
    assert decode_text(half, BotIdentity(id=1, username="easel_bot")).text == "a \ufffd fox"


BOT = BotIdentity(id=7, username="easel_bot")
ADA = {"id": 1, "is_bot": False, "first_name": "Ada"}


def sent_by_way_of(bot: int, **more: Any) -> telegram.Message:
    """A text of Ada's in a private chat, sent by way of a bot."""
    message = telegram.Message.de_json(
        {
            "message_id": 5,
            "date": 1,
            "chat": {"id": 1, "type": "private", "first_name": "Ada"},
            "from": ADA,
            "via_bot": {"id": bot, "is_bot": True, "first_name": "Bot"},
            "text": "a red fox",
            **more,
        },
        None,
    )
    assert message is not None
    return message


def test_what_inline_mode_has_sent_is_no_request_but_a_forward_of_it_and_other_bots_results_are() -> None:
    origin = {"type": "user", "date": 1, "sender_user": ADA}
    assert decode_message([sent_by_way_of(7)], BOT) is None
    assert decode_message([sent_by_way_of(7, forward_origin=origin)], BOT) is not None
    assert decode_message([sent_by_way_of(8)], BOT) is not None
