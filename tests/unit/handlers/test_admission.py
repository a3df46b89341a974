"""The door: how often somebody may come, what is said to whom is turned away, and the operator's file."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from bot.chat import Chat, User
from bot.errors import Banned, Closed, ForbiddenWord, Refusal, SettingsWrong, TooFast
from bot.handlers import admission
from bot.handlers.access_lists import AccessLists, make_access_lists
from bot.handlers.admission import RELOAD_INTERVAL_S, WINDOW_S, Admission, SuppressReply
from tests.support.clocks import FakeClock

ADA = User(platform="discord", id="1", name="Ada")
BEN = User(platform="discord", id="2", name="Ben")
DIRECT = Chat(platform="discord", id="d1", kind="direct")
GROUP = Chat(platform="discord", id="g1", kind="group")


def turned(door: Admission, user: User = ADA, chat: Chat = GROUP, text: str = "", *, anybody: bool = False) -> object:
    """The kind of refusal that is said; Silence; None for who is let in."""
    try:
        door.check_request(user, chat, text, anybody=anybody)
    except (Refusal, SuppressReply) as refused:
        return type(refused)
    return None


def attended(door: Admission, user: User = ADA, *, banned: bool = False) -> object:
    """As `turned`, of somebody whom an adapter would answer by itself."""
    try:
        door.check_adapter_command(user, GROUP, banned=banned)
    except (Refusal, SuppressReply) as refused:
        return type(refused)
    return None


# ---------------------------------------------------------------- how often


async def test_so_many_a_minute_and_no_more(clock: FakeClock) -> None:
    door = Admission(AccessLists(), clock=clock, user_per_minute=3)
    assert [turned(door) for _ in range(5)] == [None, None, None, TooFast, SuppressReply]
    assert turned(door, BEN) is None
    await clock.advance(WINDOW_S)
    assert [turned(door) for _ in range(5)] == [None, None, None, TooFast, SuppressReply]


async def test_a_place_comes_free_a_minute_after_it_was_taken(clock: FakeClock) -> None:
    door = Admission(AccessLists(), clock=clock, user_per_minute=2)
    assert turned(door) is None
    await clock.advance(40)
    assert turned(door) is None
    with pytest.raises(TooFast) as refused:
        door.check_request(ADA, GROUP)
    assert refused.value.facts == {"seconds": 20}
    await clock.advance(20)
    assert [turned(door), turned(door)] == [None, SuppressReply]


async def test_what_is_turned_away_takes_no_place(clock: FakeClock) -> None:
    door = Admission(AccessLists(), clock=clock, user_per_minute=1)
    assert turned(door) is None
    for _ in range(6):
        await clock.advance(9)
        assert turned(door) in (TooFast, SuppressReply)
    await clock.advance(6)
    assert turned(door) is None


async def test_a_group_has_a_pace_of_its_own(clock: FakeClock) -> None:
    door = Admission(AccessLists(), clock=clock, chat_per_minute=2)
    assert [turned(door, ADA), turned(door, BEN), turned(door, ADA), turned(door, BEN)] == [
        None,
        None,
        TooFast,
        TooFast,
    ]
    assert [turned(door, ADA, DIRECT) for _ in range(9)] == [None] * 9


def test_without_limits_anybody_comes_as_often_as_they_like(clock: FakeClock) -> None:
    door = Admission(AccessLists(), clock=clock)
    assert [turned(door) for _ in range(1000)] == [None] * 1000


async def test_a_refusal_is_said_once_a_minute_in_each_chat(clock: FakeClock) -> None:
    door = Admission(make_access_lists(blocked_users=[ADA.key]), clock=clock)
    assert [turned(door) for _ in range(3)] == [Banned, SuppressReply, SuppressReply]
    assert [turned(door, chat=DIRECT) for _ in range(2)] == [Banned, SuppressReply]
    await clock.advance(WINDOW_S - 1)
    assert turned(door) is SuppressReply
    await clock.advance(1)
    assert [turned(door), turned(door)] == [Banned, SuppressReply]


def test_silence_knows_what_it_keeps_to_itself(clock: FakeClock) -> None:
    door = Admission(make_access_lists(blocked_users=[ADA.key]), clock=clock)
    turned(door)
    with pytest.raises(SuppressReply) as silence:
        door.check_request(ADA, GROUP)
    assert isinstance(silence.value.refusal, Banned)


def test_who_is_known_is_bounded(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "MAX_TRACKED", 10)
    door = Admission(make_access_lists(blocked_chats=[GROUP.key]), clock=clock, user_per_minute=1)
    everybody = [User(platform="discord", id=str(number), name="") for number in range(30)]
    for user in everybody:
        turned(door, user, DIRECT)
        turned(door, user, GROUP)
    assert turned(door, everybody[-1], DIRECT) is TooFast
    assert turned(door, everybody[0], DIRECT) is None  # forgotten: the longest silent


# ---------------------------------------------------------------- lists


def test_an_admin_passes_the_lists_and_not_the_pace(clock: FakeClock) -> None:
    closed = make_access_lists(allowed_users=["discord:9"], blocked_chats=[GROUP.key])
    door = Admission(closed, clock=clock, admins=[ADA.key], user_per_minute=1)
    assert [turned(door, ADA), turned(door, ADA), turned(door, BEN, DIRECT)] == [None, TooFast, Closed]


def test_what_anybody_may_ask_is_answered_to_the_blocked_at_their_pace(clock: FakeClock) -> None:
    door = Admission(make_access_lists(blocked_users=[ADA.key]), clock=clock, user_per_minute=1)
    assert [turned(door, anybody=True), turned(door, anybody=True)] == [None, TooFast]


def test_a_blocked_word_is_said_each_time_for_there_may_be_a_better_one(clock: FakeClock) -> None:
    door = Admission(make_access_lists(blocked_words=["gun"]), clock=clock)
    assert [turned(door, text="a gun"), turned(door, text="a gun"), turned(door, text="a cat")] == [
        ForbiddenWord,
        ForbiddenWord,
        None,
    ]


# ---------------------------------------------------------------- the operator's file


def write(file: Path, text: str, *, at: float) -> None:
    """A file that was written at a moment: a file system may know no two within one second."""
    file.write_text(text, encoding="utf-8")
    os.utime(file, (at, at))


async def test_the_file_is_read_at_the_start_and_again_when_it_changes(clock: FakeClock, tmp_path: Path) -> None:
    file = tmp_path / "access.toml"
    write(file, 'blocked_users = ["discord:2"]', at=1)
    door = Admission(make_access_lists(blocked_users=[ADA.key]), clock=clock, file=file)
    await door.reload_if_changed()
    assert [turned(door, ADA), turned(door, BEN)] == [Banned, Banned]
    write(file, 'blocked_words = ["gun"]', at=2)
    await door.reload_if_changed()
    assert turned(door, BEN, DIRECT) is Banned  # it was looked at just now
    await clock.advance(RELOAD_INTERVAL_S)
    await door.reload_if_changed()
    assert [turned(door, ADA, DIRECT), turned(door, BEN), turned(door, BEN, text="a gun")] == [
        Banned,
        None,
        ForbiddenWord,
    ]


@pytest.mark.parametrize("text", ["blocked_users = [", "blocked_users = 5", 'blocked = ["discord:1"]', None])
async def test_a_file_that_breaks_later_changes_nothing(clock: FakeClock, tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "access.toml"
    write(file, 'blocked_users = ["discord:1"]', at=1)
    door = Admission(AccessLists(), clock=clock, file=file)
    await door.reload_if_changed()
    if text is None:
        file.unlink()
    else:
        write(file, text, at=2)
    await clock.advance(RELOAD_INTERVAL_S)
    await door.reload_if_changed()
    assert [turned(door, ADA), turned(door, BEN)] == [Banned, None]


BROKEN: Mapping[str, Sequence[str]] = {
    "blocked_users = [": ["TOMLDecodeError"],
    "blocked_users = 'discord:1'": ["blocked_users must be a list of texts"],
    "blocked_words = [1]": ["blocked_words must be a list of texts"],
    "blocked = []\nallowed = []": ["unknown key blocked", "unknown key allowed"],
}


@pytest.mark.parametrize("text", BROKEN)
async def test_a_file_that_is_wrong_at_the_start_is_said(clock: FakeClock, tmp_path: Path, text: str) -> None:
    file = tmp_path / "access.toml"
    write(file, text, at=1)
    with pytest.raises(SettingsWrong) as wrong:
        await Admission(AccessLists(), clock=clock, file=file).reload_if_changed()
    assert len(wrong.value.problems) == len(BROKEN[text])
    for problem, words in zip(wrong.value.problems, BROKEN[text], strict=True):
        assert problem.startswith(f"access.file: {file}: ")
        assert words in problem


async def test_a_file_that_is_not_there_at_the_start_is_said(clock: FakeClock, tmp_path: Path) -> None:
    with pytest.raises(SettingsWrong, match="no such file"):
        await Admission(AccessLists(), clock=clock, file=tmp_path / "none.toml").reload_if_changed()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


# ---------------------------------------------------------------- what adapters answer by themselves


def test_an_adapters_own_answers_count_like_those_of_the_core(clock: FakeClock) -> None:
    door = Admission(AccessLists(), clock=clock, user_per_minute=2)
    assert [attended(door), turned(door), attended(door), attended(door)] == [None, None, TooFast, SuppressReply]


def test_an_adapter_answers_nobody_who_is_blocked_or_banned(clock: FakeClock) -> None:
    door = Admission(make_access_lists(blocked_users=[ADA.key]), clock=clock)
    assert [attended(door), attended(door)] == [Banned, SuppressReply]
    assert [attended(door, BEN), attended(door, BEN, banned=True)] == [None, Banned]


def test_a_closed_house_is_open_for_an_adapters_own_answers(clock: FakeClock) -> None:
    """Who may ask in one chat alone buys in another."""
    assert attended(Admission(make_access_lists(allowed_chats=["discord:elsewhere"]), clock=clock)) is None


def test_an_admin_is_not_blocked(clock: FakeClock) -> None:
    assert attended(Admission(make_access_lists(blocked_users=[ADA.key]), clock=clock, admins=[ADA.key])) is None
