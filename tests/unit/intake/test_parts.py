"""What belongs together of what a member says in several messages, and how it reads as one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.chat import Attachment, Chat, DeletedMessage, Message, User
from bot.intake.parts import brings_pictures, continues_text, goes_on, join, position, without_foreign_caption

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
ADA = User(platform="telegram", id="1", name="Ada")
DIRECT = Chat(platform="telegram", id="1", kind="direct")
FOX, OWL = (Attachment(ref=name, media_type="image/png") for name in ("fox", "owl"))


def said(number: int, text: str = "", *attachments: Attachment, after_s: float = 0.0, **more: Any) -> Message:
    return Message(
        id=str(number),
        chat=DIRECT,
        sender=ADA,
        text=text,
        attachments=attachments,
        sent_at=NOON + timedelta(seconds=after_s),
        **more,
    )


CUT = said(1, "a long", room=0)
WORDS = said(1, "make it night", forward_may_follow=True)


@pytest.mark.parametrize(
    ("rest", "belongs"),
    [
        (said(2, "tail"), True),
        (said(2, "tail", after_s=2), True),
        (said(2, "tail", after_s=-1), True),  # dates of servers are not exact
        (said(2, "tail", after_s=3), False),
        (said(2, "tail", FOX), False),
        (said(2, "", FOX), False),
        (said(2, "/imagine a fox"), False),
        (said(2, "tail", command="imagine"), False),
        (said(2, "tail", forwarded=True), False),
        (said(2, "tail", reply_to=DeletedMessage(id="9")), False),
        (said(0, "tail"), False),
        (replace(said(2, "tail"), sent_at=None), False),
    ],
)
def test_the_rest_of_a_text_follows_it_at_once(rest: Message, belongs: bool) -> None:
    assert continues_text(CUT, rest) is belongs


def test_what_was_not_cut_has_no_rest() -> None:
    assert not continues_text(said(1, "a fox"), said(2, "an owl"))


def test_each_part_of_a_reply_may_reply_to_the_same_message() -> None:
    asked = DeletedMessage(id="9")
    assert continues_text(replace(CUT, reply_to=asked), said(2, "tail", reply_to=asked))
    assert continues_text(replace(CUT, reply_to=asked), said(2, "tail"))


@pytest.mark.parametrize(
    ("message", "belongs"),
    [
        (said(2, "", FOX, forwarded=True), True),
        (said(2, "its own caption", FOX, forwarded=True), True),
        (said(2, "some text", forwarded=True, after_s=10), True),
        (said(2, "", FOX, forwarded=True, after_s=11), False),
        (said(2, "", FOX, after_s=2), True),
        (said(2, "", FOX, after_s=3), False),
        (said(2, "another wish", FOX), False),
        (said(2, "another wish"), False),
        (said(2, "", FOX, reply_to=DeletedMessage(id="9")), False),
        (said(2, "", FOX, command="edit"), False),
        (said(0, "", FOX, forwarded=True), False),
    ],
)
def test_words_are_the_comment_on_what_is_forwarded_with_them(message: Message, belongs: bool) -> None:
    assert brings_pictures(WORDS, message) is belongs


def test_where_no_forward_can_follow_none_is_waited_for() -> None:
    assert not brings_pictures(said(1, "make it night"), said(2, "", FOX, forwarded=True))


def test_any_part_may_be_gone_on_with_in_any_order() -> None:
    second = said(2, "more", room=5)
    assert goes_on([CUT, second], said(3, "end"))
    assert goes_on([said(3, "end")], second)
    assert goes_on([WORDS, said(2, "", FOX, forwarded=True)], said(3, "", OWL, forwarded=True))
    assert not goes_on([WORDS], said(2, "a fox"))


def test_messages_sort_by_their_numbers_and_others_by_their_names() -> None:
    found = sorted([said(10), said(9), replace(said(0), id="b"), replace(said(0), id="a")], key=position)
    assert [each.id for each in found] == ["a", "b", "9", "10"]


@pytest.mark.parametrize(
    ("first", "rest", "whole"),
    [
        (said(1, "a lo", room=0), "ng word", "a long word"),
        (said(1, "a long", room=3), "word", "a long word"),  # the next word did not fit
        (said(1, "one\ntwo", room=90), "three", "one\ntwo\nthree"),
        (said(1, "one", room=90), "two\nthree", "one\ntwo\nthree"),
        (said(1, "one\nAn end.", room=90), "Another", "one\nAn end. Another"),
        (said(1, "a line", room=90), "of words", "a line of words"),
    ],
)
def test_a_text_is_joined_where_its_client_has_cut_it(first: Message, rest: str, whole: str) -> None:
    joined = join([first, said(2, rest)])
    assert (joined.id, joined.text, joined.room) == ("1", whole, None)


def test_three_parts_are_one_text() -> None:
    joined = join([CUT, said(2, "er one", room=0), said(3, " ends")])
    assert joined.text == "a longer one ends"
    assert join([CUT, said(2, "er one", room=0)]).room == 0


def test_what_is_forwarded_adds_its_pictures_or_else_its_words() -> None:
    joined = join([WORDS, said(2, "its own caption", FOX, forwarded=True), said(3, "", OWL, forwarded=True)])
    assert (joined.text, joined.attachments) == ("make it night", (FOX, OWL))
    assert join([WORDS, said(2, "a fox in the snow", forwarded=True)]).text == "make it night\na fox in the snow"


def test_a_part_that_names_the_bot_names_it_for_all_and_the_last_edit_counts() -> None:
    edits = [NOON + timedelta(minutes=minute) for minute in (1, 2)]
    joined = join([replace(CUT, edited_at=edits[1]), said(2, "tail", to_me=True, edited_at=edits[0])])
    assert joined.to_me
    assert joined.edited_at == edits[1]
    assert join([WORDS]) == WORDS


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (said(1, "sunset", FOX, forwarded=True), ""),
        (said(1, "/edit at night", FOX, forwarded=True), "/edit at night"),
        (said(1, "at night", FOX, forwarded=True, command="edit"), "at night"),
        (said(1, "a fox", forwarded=True), "a fox"),
        (said(1, "at night", FOX), "at night"),
    ],
)
def test_the_caption_of_a_forwarded_picture_is_nobodys_prompt(message: Message, text: str) -> None:
    assert without_foreign_caption(message).text == text
