"""Admission: rate limits, refusals that are suppressed, access lists and the operator's file."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from bot.chat import Chat, User
from bot.errors import Banned, Closed, ForbiddenWord, Refusal, SettingsWrong, TooFast
from bot.handlers.access_lists import AccessLists, make_access_lists
from bot.handlers.admission import RELOAD_INTERVAL_S, WINDOW_S, Admission, SuppressReply
from tests.support.clocks import FakeClock

ADA = User(platform="discord", id="1", name="Ada")
BEN = User(platform="discord", id="2", name="Ben")
DIRECT = Chat(platform="discord", id="d1", kind="direct")
GROUP = Chat(platform="discord", id="g1", kind="group")


def request_result(
    admission: Admission, user: User = ADA, chat: Chat = GROUP, text: str = "", *, anybody: bool = False
) -> object:
    """The type of the refusal, SuppressReply, or None for an admitted request."""
    try:
        admission.check_request(user, chat, text, anybody=anybody)
    except (Refusal, SuppressReply) as refused:
        return type(refused)
    return None


def adapter_command_result(admission: Admission, user: User = ADA, *, banned: bool = False) -> object:
    """As `request_result`, of a request that an adapter answers by itself."""
    try:
        admission.check_adapter_command(user, GROUP, banned=banned)
    except (Refusal, SuppressReply) as refused:
        return type(refused)
    return None


# ---------------------------------------------------------------- rate limits


async def test_requests_above_the_limit_of_a_user_are_refused(clock: FakeClock) -> None:
    admission = Admission(AccessLists(), clock=clock, user_per_minute=3)
    assert [request_result(admission) for _ in range(5)] == [None, None, None, TooFast, SuppressReply]
    assert request_result(admission, BEN) is None
    await clock.advance(WINDOW_S)
    assert [request_result(admission) for _ in range(5)] == [None, None, None, TooFast, SuppressReply]


async def test_the_window_of_the_limit_slides(clock: FakeClock) -> None:
    admission = Admission(AccessLists(), clock=clock, user_per_minute=2)
    assert request_result(admission) is None
    await clock.advance(40)
    assert request_result(admission) is None
    with pytest.raises(TooFast) as refused:
        admission.check_request(ADA, GROUP)
    assert refused.value.facts == {"seconds": 20}
    await clock.advance(20)
    assert [request_result(admission), request_result(admission)] == [None, SuppressReply]


async def test_a_refused_request_does_not_count(clock: FakeClock) -> None:
    admission = Admission(AccessLists(), clock=clock, user_per_minute=1)
    assert request_result(admission) is None
    for _ in range(6):
        await clock.advance(9)
        assert request_result(admission) in (TooFast, SuppressReply)
    await clock.advance(6)
    assert request_result(admission) is None


async def test_a_group_has_a_limit_of_its_own(clock: FakeClock) -> None:
    admission = Admission(AccessLists(), clock=clock, chat_per_minute=2)
    assert [
        request_result(admission, ADA),
        request_result(admission, BEN),
        request_result(admission, ADA),
        request_result(admission, BEN),
    ] == [
        None,
        None,
        TooFast,
        TooFast,
    ]
    assert [request_result(admission, ADA, DIRECT) for _ in range(9)] == [None] * 9


def test_without_limits_every_request_is_admitted(clock: FakeClock) -> None:
    admission = Admission(AccessLists(), clock=clock)
    assert [request_result(admission) for _ in range(1000)] == [None] * 1000


async def test_a_refusal_is_sent_once_a_minute_in_each_chat(clock: FakeClock) -> None:
    admission = Admission(make_access_lists(blocked_users=[ADA.key]), clock=clock)
    assert [request_result(admission) for _ in range(3)] == [Banned, SuppressReply, SuppressReply]
    assert [request_result(admission, chat=DIRECT) for _ in range(2)] == [Banned, SuppressReply]
    await clock.advance(WINDOW_S - 1)
    assert request_result(admission) is SuppressReply
    await clock.advance(1)
    assert [request_result(admission), request_result(admission)] == [Banned, SuppressReply]


def test_a_suppressed_reply_carries_its_refusal(clock: FakeClock) -> None:
    admission = Admission(make_access_lists(blocked_users=[ADA.key]), clock=clock)
    request_result(admission)
    with pytest.raises(SuppressReply) as suppressed:
        admission.check_request(ADA, GROUP)
    assert isinstance(suppressed.value.refusal, Banned)


def test_the_number_of_tracked_users_is_bounded(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.handlers.admission.MAX_TRACKED", 10)
    admission = Admission(make_access_lists(blocked_chats=[GROUP.key]), clock=clock, user_per_minute=1)
    everybody = [User(platform="discord", id=str(number), name="") for number in range(30)]
    for user in everybody:
        request_result(admission, user, DIRECT)
        request_result(admission, user, GROUP)
    assert request_result(admission, everybody[-1], DIRECT) is TooFast
    assert request_result(admission, everybody[0], DIRECT) is None  # forgotten: the longest silent


# ---------------------------------------------------------------- lists


def test_an_admin_passes_the_lists_and_not_the_rate_limit(clock: FakeClock) -> None:
    closed = make_access_lists(allowed_users=["discord:9"], blocked_chats=[GROUP.key])
    admission = Admission(closed, clock=clock, admins=[ADA.key], user_per_minute=1)
    assert [request_result(admission, ADA), request_result(admission, ADA), request_result(admission, BEN, DIRECT)] == [
        None,
        TooFast,
        Closed,
    ]


def test_commands_for_anybody_are_admitted_from_the_blocked_within_the_rate_limit(clock: FakeClock) -> None:
    admission = Admission(make_access_lists(blocked_users=[ADA.key]), clock=clock, user_per_minute=1)
    assert [request_result(admission, anybody=True), request_result(admission, anybody=True)] == [None, TooFast]


def test_the_refusal_of_a_blocked_word_is_never_suppressed(clock: FakeClock) -> None:
    admission = Admission(make_access_lists(blocked_words=["gun"]), clock=clock)
    assert [
        request_result(admission, text="a gun"),
        request_result(admission, text="a gun"),
        request_result(admission, text="a cat"),
    ] == [
        ForbiddenWord,
        ForbiddenWord,
        None,
    ]


# ---------------------------------------------------------------- the operator's file


def write_file(file: Path, text: str, *, at: float) -> None:
    """Writes the file with a modification time: a file system may know no two within one second."""
    file.write_text(text, encoding="utf-8")
    os.utime(file, (at, at))


async def test_the_file_is_loaded_at_the_start_and_when_it_changes(clock: FakeClock, tmp_path: Path) -> None:
    file = tmp_path / "access.toml"
    write_file(file, 'blocked_users = ["discord:2"]', at=1)
    admission = Admission(make_access_lists(blocked_users=[ADA.key]), clock=clock, file=file)
    await admission.reload_if_changed()
    assert [request_result(admission, ADA), request_result(admission, BEN)] == [Banned, Banned]
    write_file(file, 'blocked_words = ["gun"]', at=2)
    await admission.reload_if_changed()
    assert request_result(admission, BEN, DIRECT) is Banned  # it was looked at just now
    await clock.advance(RELOAD_INTERVAL_S)
    await admission.reload_if_changed()
    assert [
        request_result(admission, ADA, DIRECT),
        request_result(admission, BEN),
        request_result(admission, BEN, text="a gun"),
    ] == [
        Banned,
        None,
        ForbiddenWord,
    ]


@pytest.mark.parametrize("text", ["blocked_users = [", "blocked_users = 5", 'blocked = ["discord:1"]', None])
async def test_a_file_that_becomes_invalid_later_changes_nothing(
    clock: FakeClock, tmp_path: Path, text: str | None
) -> None:
    file = tmp_path / "access.toml"
    write_file(file, 'blocked_users = ["discord:1"]', at=1)
    admission = Admission(AccessLists(), clock=clock, file=file)
    await admission.reload_if_changed()
    if text is None:
        file.unlink()
    else:
        write_file(file, text, at=2)
    await clock.advance(RELOAD_INTERVAL_S)
    await admission.reload_if_changed()
    assert [request_result(admission, ADA), request_result(admission, BEN)] == [Banned, None]


BROKEN: Mapping[str, Sequence[str]] = {
    "blocked_users = [": ["TOMLDecodeError"],
    "blocked_users = 'discord:1'": ["blocked_users must be a list of texts"],
    "blocked_words = [1]": ["blocked_words must be a list of texts"],
    "blocked = []\nallowed = []": ["unknown key blocked", "unknown key allowed"],
}


@pytest.mark.parametrize("text", BROKEN)
async def test_an_invalid_file_is_reported_at_the_start(clock: FakeClock, tmp_path: Path, text: str) -> None:
    file = tmp_path / "access.toml"
    write_file(file, text, at=1)
    with pytest.raises(SettingsWrong) as wrong:
        await Admission(AccessLists(), clock=clock, file=file).reload_if_changed()
    assert len(wrong.value.problems) == len(BROKEN[text])
    for problem, words in zip(wrong.value.problems, BROKEN[text], strict=True):
        assert problem.startswith(f"access.file: {file}: ")
        assert words in problem


async def test_a_missing_file_is_reported_at_the_start(clock: FakeClock, tmp_path: Path) -> None:
    with pytest.raises(SettingsWrong, match="no such file"):
        await Admission(AccessLists(), clock=clock, file=tmp_path / "none.toml").reload_if_changed()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


# ---------------------------------------------------------------- requests that adapters answer by themselves


def test_requests_answered_by_adapters_count_towards_the_same_limit(clock: FakeClock) -> None:
    admission = Admission(AccessLists(), clock=clock, user_per_minute=2)
    assert [
        adapter_command_result(admission),
        request_result(admission),
        adapter_command_result(admission),
        adapter_command_result(admission),
    ] == [None, None, TooFast, SuppressReply]


def test_adapters_answer_no_blocked_or_banned_user(clock: FakeClock) -> None:
    admission = Admission(make_access_lists(blocked_users=[ADA.key]), clock=clock)
    assert [adapter_command_result(admission), adapter_command_result(admission)] == [Banned, SuppressReply]
    assert [adapter_command_result(admission, BEN), adapter_command_result(admission, BEN, banned=True)] == [
        None,
        Banned,
    ]


def test_allowlists_do_not_apply_to_requests_answered_by_adapters(clock: FakeClock) -> None:
    """Who may ask in one chat alone buys in another."""
    assert (
        adapter_command_result(Admission(make_access_lists(allowed_chats=["discord:elsewhere"]), clock=clock)) is None
    )


def test_an_admin_is_not_blocked(clock: FakeClock) -> None:
    assert (
        adapter_command_result(Admission(make_access_lists(blocked_users=[ADA.key]), clock=clock, admins=[ADA.key]))
        is None
    )


async def test_who_is_over_their_pace_and_was_told_is_ignored_where_they_were_told(clock: FakeClock) -> None:
    admission = Admission(AccessLists(), clock=clock, user_per_minute=2)
    assert [request_result(admission) for _ in range(2)] == [None, None]
    assert not admission.ignores(ADA, GROUP)  # not told yet
    assert request_result(admission) is TooFast
    assert admission.ignores(ADA, GROUP)
    assert not admission.ignores(ADA, DIRECT)
    assert not admission.ignores(BEN, GROUP)
    await clock.advance(WINDOW_S)
    assert not admission.ignores(ADA, GROUP)


async def test_who_was_told_is_heard_again_once_a_slot_is_free(clock: FakeClock) -> None:
    admission = Admission(AccessLists(), clock=clock, user_per_minute=2)
    assert request_result(admission) is None
    await clock.advance(WINDOW_S / 2)
    assert [request_result(admission) for _ in range(2)] == [None, TooFast]
    await clock.advance(WINDOW_S / 2)
    assert not admission.ignores(ADA, GROUP)


async def test_a_group_over_its_pace_is_ignored_member_by_member(clock: FakeClock) -> None:
    admission = Admission(AccessLists(), clock=clock, chat_per_minute=1)
    assert [request_result(admission) for _ in range(2)] == [None, TooFast]
    assert admission.ignores(ADA, GROUP)
    assert not admission.ignores(BEN, GROUP)
