"""Messages whose text cannot be decoded in full."""

from datetime import UTC, datetime
from typing import Any

import pytest
import telegram

from adapters.telegram.decode import BotIdentity, decode_message, decode_room, decode_text
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


@pytest.mark.parametrize(
    ("text", "room"), [("x" * 2047, None), ("x" * 2048, 2048), ("🦊" * 2047, 2), ("x" * 4096, 0), ("x" * 5000, 0)]
)
def test_a_text_in_the_second_half_of_what_fits_may_have_been_cut(text: str, room: int | None) -> None:
    message = telegram.Message(1, datetime.now(UTC), telegram.Chat(5, "private"), text=text)
    assert decode_room(message) == room


@pytest.mark.parametrize(("length", "room"), [(999, None), (1000, 24), (1024, 0)])
def test_a_full_caption_may_go_on_in_a_text(length: int, room: int | None) -> None:
    message = telegram.Message(1, datetime.now(UTC), telegram.Chat(5, "private"), caption="x" * length)
    assert decode_room(message) == room


@pytest.mark.parametrize(
    ("kind", "text", "reads_groups", "follows"),
    [
        ("private", "/edit make it night", False, True),
        ("channel", "/edit make it night", False, True),
        ("group", "@easel_bot make it night", False, True),  # privacy mode would have kept it from the bot
        ("group", "/edit make it night", False, False),
        ("group", "/edit make it night", True, True),
    ],
)
def test_forwards_are_waited_for_where_the_bot_hears_them(
    kind: str, text: str, reads_groups: bool, follows: bool
) -> None:
    said = sent_by_way_of(8, chat={"id": 1, "type": kind, "title": "x", "first_name": "Ada"}, text=text)
    found = decode_message([said], BotIdentity(id=7, username="easel_bot", reads_groups=reads_groups))
    assert found is not None
    assert found.forward_may_follow is follows
