"""The door: how often somebody may come, what is said to those turned away, and the operator's file."""

import os
from pathlib import Path

import pytest

from bot.access import Lists
from bot.chat import Chat, User
from bot.errors import Banned, ForbiddenWord, SettingsWrong, TooFast
from bot.gate import LOOK, Gate, Silence
from tests.clocks import FakeClock

ADA = User(platform="telegram", id="1", name="Ada")
BOB = User(platform="telegram", id="2", name="Bob")
HOME = Chat(platform="telegram", id="1", kind="direct")
CLUB = Chat(platform="telegram", id="-100", kind="group")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def admitted(gate: Gate, user: User = ADA, chat: Chat = HOME) -> str:
    try:
        gate.admit(user, chat, "a fox")
    except (TooFast, Banned, Silence) as turned_away:
        return type(turned_away).__name__
    return "in"


async def test_a_minute_holds_so_many_requests_of_a_user_and_one_word_about_the_others(clock: FakeClock) -> None:
    gate = Gate(Lists(), clock=clock, user_per_minute=3)
    assert [admitted(gate) for _ in range(6)] == ["in", "in", "in", "TooFast", "Silence", "Silence"]
    assert admitted(gate, BOB) == "in"
    await clock.advance(30)
    assert admitted(gate) == "Silence"
    await clock.advance(30)
    assert [admitted(gate) for _ in range(4)] == ["in", "in", "in", "TooFast"]


async def test_the_word_says_when_the_next_is_heard(clock: FakeClock) -> None:
    gate = Gate(Lists(), clock=clock, user_per_minute=1)
    gate.admit(ADA, HOME, "")
    await clock.advance(45)
    with pytest.raises(TooFast) as turned_away:
        gate.admit(ADA, HOME, "")
    assert turned_away.value.facts == {"seconds": 15}


def test_a_group_has_a_pace_of_its_own(clock: FakeClock) -> None:
    gate = Gate(Lists(), clock=clock, chat_per_minute=2)
    members = [User(platform="telegram", id=str(number), name="") for number in range(3)]
    assert [admitted(gate, each, CLUB) for each in members] == ["in", "in", "TooFast"]
    assert [admitted(gate, each) for each in members] == ["in", "in", "in"]


async def test_a_file_of_lists_is_read_when_it_changes(clock: FakeClock, tmp_path: Path) -> None:
    file = tmp_path / "access.toml"
    file.write_text('blocked_users = ["telegram:1"]\n')
    gate = Gate(Lists(blocked_users=frozenset({"telegram:2"})), clock=clock, file=file)
    await gate.look()
    assert [admitted(gate, each) for each in (ADA, BOB)] == ["Banned", "Banned"]
    file.write_text('blocked_words = ["fox"]\n')
    os.utime(file, (1, 1))
    await gate.look()
    assert admitted(gate) == "Silence"  # looked at just now
    await clock.advance(LOOK)
    await gate.look()
    with pytest.raises(ForbiddenWord):
        gate.admit(ADA, HOME, "a red fox")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("blocked = [", "TOMLDecodeError"),
        ('blocked_user = ["telegram:1"]', "unknown key blocked_user"),
        ('blocked_users = "telegram:1"', "blocked_users must be a list of texts"),
        (None, "no such file"),
    ],
)
async def test_a_file_that_cannot_be_read_is_said_at_the_start_and_survived_later(
    clock: FakeClock, tmp_path: Path, text: str | None, problem: str
) -> None:
    file = tmp_path / "access.toml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(SettingsWrong) as wrong:
        await Gate(Lists(), clock=clock, file=file).look()
    assert problem in wrong.value.problems[0]
    assert str(file) in wrong.value.problems[0]
    file.write_text('blocked_users = ["telegram:1"]\n')
    gate = Gate(Lists(), clock=clock, file=file)
    await gate.look()
    file.unlink() if text is None else file.write_text(text)
    await clock.advance(LOOK)
    await gate.look()
    assert admitted(gate) == "Banned"
