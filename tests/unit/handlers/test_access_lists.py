"""The operator's lists: who is let in, who is not, and which words are not painted."""

import pytest

from bot.chat import Chat, User
from bot.errors import Banned, ChatBanned, Closed, ForbiddenWord, Refusal
from bot.handlers.access_lists import AccessLists, make_access_lists

ADA = User(platform="discord", id="1", name="Ada")
BEN = User(platform="telegram", id="1", name="Ben")
DIRECT = Chat(platform="discord", id="d1", kind="direct")
GROUP = Chat(platform="discord", id="g1", kind="group", thread_id="7")
CHANNEL = Chat(platform="discord", id="1/2", kind="group")
THREAD = Chat(platform="discord", id="1/3", kind="group", parent_id="1/2")

# ---------------------------------------------------------------- users and chats


@pytest.mark.parametrize(
    ("given", "user", "chat", "refused"),
    [
        (AccessLists(), ADA, DIRECT, None),
        (make_access_lists(blocked_users=["discord:1"]), ADA, DIRECT, Banned),
        (make_access_lists(blocked_users=["discord:1"]), BEN, GROUP, None),
        (make_access_lists(blocked_chats=["discord:g1"]), ADA, GROUP, ChatBanned),
        (make_access_lists(blocked_chats=["discord:g1"]), ADA, DIRECT, None),
        (make_access_lists(allowed_users=["telegram:1"]), BEN, DIRECT, None),
        (make_access_lists(allowed_users=["telegram:1"]), ADA, DIRECT, Closed),
        (make_access_lists(allowed_chats=["discord:g1"]), ADA, GROUP, None),
        (make_access_lists(allowed_chats=["discord:g1"]), ADA, DIRECT, Closed),
        (make_access_lists(allowed_users=["discord:1"], allowed_chats=["discord:g1"]), ADA, DIRECT, None),
        (make_access_lists(allowed_users=["discord:1"], blocked_users=["discord:1"]), ADA, DIRECT, Banned),
        (make_access_lists(allowed_users=["discord:1"], blocked_chats=["discord:g1"]), ADA, GROUP, ChatBanned),
        (make_access_lists(blocked_chats=["discord:1"]), ADA, CHANNEL, ChatBanned),
        (make_access_lists(blocked_chats=["discord:1"]), ADA, THREAD, ChatBanned),
        (make_access_lists(blocked_chats=["discord:1/2"]), ADA, THREAD, ChatBanned),
        (make_access_lists(blocked_chats=["discord:1/3"]), ADA, CHANNEL, None),
        (make_access_lists(blocked_chats=["discord:1/"]), ADA, CHANNEL, None),
        (make_access_lists(blocked_chats=["telegram:1"]), ADA, CHANNEL, None),
        (make_access_lists(allowed_chats=["discord:1"]), ADA, THREAD, None),
        (make_access_lists(allowed_chats=["discord:1/2"]), ADA, THREAD, None),
        (make_access_lists(allowed_chats=["discord:1/3"]), ADA, CHANNEL, Closed),
    ],
)
def test_who_is_let_in(given: AccessLists, user: User, chat: Chat, refused: type[Refusal] | None) -> None:
    refusal = given.access_refusal(user, chat)
    assert refusal is None if refused is None else type(refusal) is refused


def test_two_sources_of_lists_hold_together() -> None:
    both = make_access_lists(blocked_users=["discord:1"], blocked_words=["gun"]).merge(
        make_access_lists(
            blocked_chats=["discord:g1"], blocked_words=["knife"], allowed_users=["telegram:1"], allowed_chats=["x:1"]
        )
    )
    assert both == make_access_lists(
        blocked_users=["discord:1"],
        blocked_chats=["discord:g1"],
        blocked_words=["gun", "knife"],
        allowed_users=["telegram:1"],
        allowed_chats=["x:1"],
    )


# ---------------------------------------------------------------- words


def test_without_lists_anything_may_be_painted() -> None:
    assert AccessLists().word_refusal("whatever") is None


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("gun", "a GUN"),
        ("GUN", "gun."),
        ("gun", "\uff27\uff35\uff2e on a table"),  # full width
        ("gun", "a g\u200bu\u2060n"),  # characters without width
        ("gun", "a g\u0336u\u0336n\u0336"),  # struck through
        ("gun", "“gun”"),
        ("two  words", "these TWO\nwords"),
        ("Straße", "eine STRASSE"),
        ("оружие", "Оружие на столе"),
        ("枪", "画一把枪在桌上"),  # a script that puts no blanks between words
        ("c++", "about c++"),
        ("#nsfw", "a cat #nsfw"),
    ],
)
def test_a_blocked_word_is_found_however_it_is_written(word: str, text: str) -> None:
    assert isinstance(make_access_lists(blocked_words=[word]).word_refusal(text), ForbiddenWord)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("gun", "a begun painting"),
        ("gun", "gunpowder"),
        ("gun", "g un"),
        ("two words", "twowords"),
        ("оружие", "оружием"),
        ("   ", "a gun"),
        ("", "a gun"),
        ("\u200b", "a gun"),  # nothing is left of it
        ("\u0301", "a gun"),
        ("枪", "一只猫"),
        (".*", "anything"),
    ],
)
def test_a_word_inside_another_is_another(word: str, text: str) -> None:
    assert make_access_lists(blocked_words=[word]).word_refusal(text) is None


def test_the_word_is_not_said_back() -> None:
    refusal = make_access_lists(blocked_words=["gun"]).word_refusal("a gun")
    assert refusal is not None
    assert (refusal.facts, refusal.detail) == ({}, None)
