"""What Discord tells of a channel's windows: believed where it can be meant, and for as long as it lasts."""

import pytest

from adapters.discord.resets import HEADER, LONGEST, MOST, Resets

POSTS, EDITS = "/channels/7/messages", "/channels/7/messages/8"


class Time:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_channel_is_free_when_its_last_window_ends() -> None:
    time = Time()
    resets = Resets(time)
    assert resets.of("7") is None
    resets.hear(POSTS, {HEADER: "4.2"})
    resets.hear(EDITS, {HEADER: "1.0"})
    assert resets.of("7") == 104.2
    resets.hear(EDITS, {HEADER: "4.9"})
    assert resets.of("7") == 104.9
    assert resets.of("8") is None


def test_a_window_that_is_over_says_nothing_of_the_next() -> None:
    time = Time()
    resets = Resets(time)
    resets.hear(POSTS, {HEADER: "4.2"})
    time.now = 104.2
    assert resets.of("7") is None
    resets.hear(POSTS, {})
    assert resets.of("7") is None
    resets.hear(POSTS, {HEADER: "0.5"})
    assert resets.of("7") == 104.7


@pytest.mark.parametrize("told", ["", "soon", "nan", "inf", "-1", f"{LONGEST + 1}"])
def test_what_cannot_be_meant_is_not_heard(told: str) -> None:
    resets = Resets(Time())
    resets.hear(POSTS, {HEADER: told})
    assert resets.of("7") is None


@pytest.mark.parametrize(
    "path", ["/webhooks/7/token/messages/@original", "/users/@me/channels", "/channels/7", "", "/"]
)
def test_only_messages_of_channels_are_heard_of(path: str) -> None:
    resets = Resets(Time())
    resets.hear(path, {HEADER: "1.0"})
    assert [resets.of(each) for each in ("7", "@me", "", "token")] == [None] * 4


def test_not_every_channel_is_remembered_for_ever() -> None:
    resets = Resets(Time())
    for channel in range(MOST + 1):
        resets.hear(f"/channels/{channel}/messages", {HEADER: "1.0"})
    assert resets.of("0") is None
    assert resets.of("1") == 101.0
