"""Messages whose text cannot be decoded in full."""

from datetime import UTC, datetime
from typing import Any

import pytest
import telegram

from adapters.telegram.decode import BotIdentity, decode_message, decode_room, decode_text
from adapters.telegram.encode import utf16_length
from tests.servers.telegram.text import detect_entities


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


def captioned(*captions: str) -> list[telegram.Message]:
    """An album of photos in a group, each with its caption."""
    size = {"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1}
    group = {"id": -5, "type": "supergroup", "title": "Painters"}
    return [
        telegram.Message.de_json(
            {
                "message_id": number,
                "date": 1,
                "chat": group,
                "from": ADA,
                "media_group_id": "9",
                "photo": [size],
                "caption": caption,
                "caption_entities": detect_entities(caption),
            },
            None,
        )
        for number, caption in enumerate(captions)
    ]


@pytest.mark.parametrize(
    ("captions", "text"),
    [
        (("@easel_bot a cat", "in a house"), "a cat\nin a house"),
        (("a cat", "/edit@easel_bot together", "a house"), "/edit@easel_bot together\na cat\na house"),
        (("a cat", "/edit@other_bot together"), None),
        (("", "@easel_bot"), ""),
    ],
)
def test_captions_of_several_parts_are_all_read_the_one_to_the_bot_first(
    captions: tuple[str, ...], text: str | None
) -> None:
    found = decode_message(captioned(*captions), BOT)
    assert (None if found is None else found.text) == text
    assert found is None or (found.to_me and len(found.attachments) == len(captions))


@pytest.mark.parametrize(
    ("text", "root", "is_about", "is_reply"),
    [
        ("/imagine a fox", {"is_automatic_forward": True}, False, False),
        ("/imagine make this a painting", {"is_automatic_forward": True}, True, False),
        ("/edit in oil", {"is_automatic_forward": True}, True, False),
        ("/imagine a fox", {}, False, True),
        ("/imagine a fox", {"is_automatic_forward": True, "message_id": 3}, False, True),  # a post of another thread
    ],
)
def test_a_comment_on_a_channels_post_is_about_its_picture_only_where_it_says_so(
    text: str, root: dict[str, Any], is_about: bool, is_reply: bool
) -> None:
    group = {"id": -5, "type": "supergroup", "title": "Talk"}
    channel = {"id": -6, "type": "channel", "title": "News"}
    photo = [{"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1}]
    post = {"message_id": 4, "date": 1, "chat": group, "sender_chat": channel, "photo": photo} | root
    found = decode_message([sent_by_way_of(8, text=text, chat=group, message_thread_id=4, reply_to_message=post)], BOT)
    assert found is not None
    assert ([each.ref for each in found.about] == ["f"]) is is_about
    assert (found.reply_to is not None) is is_reply


@pytest.mark.parametrize("kind", ["paid_media", "giveaway"])
def test_what_is_said_without_words_is_heard(kind: str) -> None:
    content: dict[str, Any] = {
        "paid_media": {"star_count": 1, "paid_media": [{"type": "preview"}]},
        "giveaway": {"chats": [], "winners_selection_date": 1, "winner_count": 1},
    }
    found = decode_message([sent_by_way_of(8, text=None, **{kind: content[kind]})], BOT)
    assert found is not None
    assert (found.text, found.attachments) == ("", ())


@pytest.mark.parametrize("has_picture", [False, True])
def test_a_quote_of_the_bots_own_question_is_no_prompt(has_picture: bool) -> None:
    size = {"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1}
    content = {"photo": [size], "caption": "a fox"} if has_picture else {"text": "What should I paint?"}
    replied = {"message_id": 4, "date": 1, "chat": {"id": 1, "type": "private"}, **content}
    bot = {"id": 7, "is_bot": True, "first_name": "Easel"}
    quote = {"text": "a fox" if has_picture else "What should", "position": 0}
    said = sent_by_way_of(8, text="/imagine", reply_to_message=replied | {"from": bot}, quote=quote)
    found = decode_message([said], BOT)
    assert found is not None
    assert found.text == ("/imagine a fox" if has_picture else "/imagine")
