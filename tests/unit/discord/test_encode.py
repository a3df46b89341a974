"""What is sent to Discord: texts that show as they are, cards, buttons, files."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.discord import encode
from bot.chat import Action, Button, Card
from bot.painting import Image

LINK = "https://discord.com/channels/1/2/3"


def shown(text: str) -> str:
    """What Discord shows of a text: escapes and invisible marks are gone."""
    return re.sub(r"\\([^0-9A-Za-z\s])", r"\1", text).replace("\u200b", "")


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("a red fox, 12 s · 1 credit", "a red fox, 12 s · 1 credit"),
        (
            "**bold** _it_ ~~no~~ ||hide|| `code`",
            "\\*\\*bold\\*\\* \\_it\\_ \\~\\~no\\~\\~ \\|\\|hide\\|\\| \\`code\\`",
        ),
        ("<@1> <@&2> <#3> <:e:4> <t:5>", "\\<@1> \\<@&2> \\<#3> \\<:e:4> \\<t:5>"),
        ("@everyone and @here", "@\u200beveryone and @\u200bhere"),
        ("# title\n- item\n> quote\n1. one", "\\# title\n\\- item\n\\> quote\n1\\. one"),
        ("[here](https://evil.example)", "\\[here\\](https\\://evil.example)"),
        ("discord.gg/abc", "discord\\.gg/abc"),
        (f"1. x {LINK}", f"1\\. x {LINK}"),
    ],
)
def test_text_shows_as_typed_and_does_nothing(typed: str, sent: str) -> None:
    assert encode.encode_text(typed) == sent
    assert shown(sent) == typed


@given(st.text())
def test_any_text_shows_as_typed(typed: str) -> None:
    assert shown(encode.encode_text(typed)) == shown(typed.replace("\\", "\\\\"))


def test_a_text_longer_than_a_message_goes_into_an_embed_and_ends_at_a_line() -> None:
    body = encode.encode_card(Card(text="\n".join("line" * 20 for _ in range(80))))
    assert body["content"] == ""
    description = body["embeds"][0]["description"]
    assert len(description) <= encode.MAX_EMBED_CHARS
    assert description.endswith("line\n…")
    assert encode.truncate_lines("x" * 50, 10) == "x" * 8 + "\n…"
    assert encode.encode_card(Card(text="short"))["embeds"] == []


@pytest.mark.parametrize("said", ["Made by a model.", "*" * 500])
def test_all_of_a_long_prompt_can_be_copied_and_one_beyond_the_limit_ends_within_its_block(said: str) -> None:
    whole = "a lighthouse, " * 214 + "red"  # about 3,000 characters
    [embed] = encode.encode_card(Card(text=said, copyable=whole))["embeds"]
    assert embed["description"].endswith(f"\n```\n{whole}\n```")
    [embed] = encode.encode_card(Card(text=said, copyable=whole * 2))["embeds"]
    assert embed["description"].endswith("…\n```")
    assert len(embed["description"]) == encode.MAX_EMBED_CHARS


def test_no_card_mentions_anybody_and_its_buttons_name_the_job() -> None:
    card = Card(text="x", buttons=(Button(action=Action.VARY, job_id="j1", label="Vary"),))
    body = encode.encode_card(card)
    assert body["allowed_mentions"] == {"parse": []}
    assert body["components"][0]["components"][0]["custom_id"] == "easel:vary:j1"


def test_images_carry_the_prompt_and_are_spoilers_when_asked() -> None:
    image = Image(data=b"x", media_type="image/webp", width=1, height=1)
    card = Card(text="x", alt_text="a\nfox " * 1000)
    (hidden,) = encode.encode_images(card, [image], spoiler=True)
    assert hidden.filename == "SPOILER_easel-1.webp"
    assert len(hidden.description) == encode.MAX_ALT_CHARS
    assert len(encode.encode_images(card, [image] * 12, spoiler=False)) == encode.MAX_FILES
    assert encode.encode_attachments([hidden])[0]["description"] == hidden.description
    (bare,) = encode.encode_images(Card(text="x"), [image], spoiler=False)
    assert encode.encode_attachments([bare]) == [{"id": 0, "filename": "easel-1.webp"}]


def test_a_nonce_is_short_and_the_same_for_the_same_key() -> None:
    assert encode.message_nonce("job:again") == encode.message_nonce("job:again") != encode.message_nonce("job")
    assert len(encode.message_nonce("x" * 500)) <= 25
