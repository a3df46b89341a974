"""The operator's lists: who may ask, and with which words."""

import pytest

from bot.access import Lists, lists
from bot.chat import Chat, User
from bot.errors import Banned, ChatBanned, Closed, ForbiddenWord

ADA = User(platform="telegram", id="1", name="Ada")
HOME = Chat(platform="telegram", id="1", kind="direct")
CLUB = Chat(platform="telegram", id="-100", kind="group", thread_id="t7")


def test_without_lists_everybody_may_ask_for_anything() -> None:
    assert Lists().keeps_out(ADA, HOME) is None
    assert Lists().forbids("whatever") is None


def test_the_blocked_are_kept_out_wherever_they_write() -> None:
    assert isinstance(lists(blocked_users=["telegram:1"]).keeps_out(ADA, CLUB), Banned)
    assert isinstance(lists(blocked_chats=["telegram:-100"]).keeps_out(ADA, CLUB), ChatBanned)
    assert lists(blocked_chats=["telegram:-100"]).keeps_out(ADA, HOME) is None


@pytest.mark.parametrize(
    ("given", "home", "club"),
    [
        (lists(allowed_users=["telegram:1"]), True, True),
        (lists(allowed_users=["telegram:2"]), False, False),
        (lists(allowed_chats=["telegram:-100"]), False, True),
        (lists(allowed_users=["telegram:2"], allowed_chats=["telegram:-100"]), False, True),
    ],
)
def test_a_closed_bot_lets_in_whom_it_names_or_whose_chat_it_names(given: Lists, home: bool, club: bool) -> None:
    for chat, may in ((HOME, home), (CLUB, club)):
        assert (given.keeps_out(ADA, chat) is None) == may
        assert may or isinstance(given.keeps_out(ADA, chat), Closed)


def test_a_block_weighs_more_than_an_invitation() -> None:
    given = lists(allowed_users=["telegram:1"]).together(lists(blocked_users=["telegram:1"]))
    assert isinstance(given.keeps_out(ADA, HOME), Banned)


@pytest.mark.parametrize(
    ("word", "text", "forbidden"),
    [
        ("cat", "a CAT in a hat", True),
        ("cat", "concatenate", False),
        ("cat", "cats", False),
        ("red cat", "a red   cat", True),
        ("cat", "a c\u200bat", True),  # a character without width changes nothing
        ("cat", "ａ ｃａｔ", True),  # nor does another width
        ("кот", "рыжий Кот!", True),
        ("кот", "который", False),
        ("猫", "一只黑猫在跑", True),  # a script that puts no blanks between words
        ("c++", "learn c++ now", True),
        ("", "anything", False),
    ],
)
def test_words_are_found_as_words(word: str, text: str, forbidden: bool) -> None:
    assert isinstance(lists(blocked_words=[word]).forbids(text), ForbiddenWord) == forbidden
