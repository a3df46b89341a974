"""What Discord tells of a channel's windows: believed where it can be meant, and for as long as it lasts."""

import pytest

from adapters.discord.rate_limits import MAX_CHANNELS, MAX_WINDOW_S, RESET_AFTER_HEADER, ChannelWindows

POSTS, EDITS = "/channels/7/messages", "/channels/7/messages/8"


class Time:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_channel_is_free_when_its_last_window_ends() -> None:
    time = Time()
    windows = ChannelWindows(time)
    assert windows.window_end("7") is None
    windows.record_response(POSTS, {RESET_AFTER_HEADER: "4.2"})
    windows.record_response(EDITS, {RESET_AFTER_HEADER: "1.0"})
    assert windows.window_end("7") == 104.2
    windows.record_response(EDITS, {RESET_AFTER_HEADER: "4.9"})
    assert windows.window_end("7") == 104.9
    assert windows.window_end("8") is None


def test_a_window_that_is_over_says_nothing_of_the_next() -> None:
    time = Time()
    windows = ChannelWindows(time)
    windows.record_response(POSTS, {RESET_AFTER_HEADER: "4.2"})
    time.now = 104.2
    assert windows.window_end("7") is None
    windows.record_response(POSTS, {})
    assert windows.window_end("7") is None
    windows.record_response(POSTS, {RESET_AFTER_HEADER: "0.5"})
    assert windows.window_end("7") == 104.7


@pytest.mark.parametrize("value", ["", "soon", "nan", "inf", "-1", f"{MAX_WINDOW_S + 1}"])
def test_a_value_out_of_range_is_ignored(value: str) -> None:
    windows = ChannelWindows(Time())
    windows.record_response(POSTS, {RESET_AFTER_HEADER: value})
    assert windows.window_end("7") is None


@pytest.mark.parametrize(
    "path", ["/webhooks/7/token/messages/@original", "/users/@me/channels", "/channels/7", "", "/"]
)
def test_only_responses_about_a_channels_messages_count(path: str) -> None:
    windows = ChannelWindows(Time())
    windows.record_response(path, {RESET_AFTER_HEADER: "1.0"})
    assert [windows.window_end(channel) for channel in ("7", "@me", "", "token")] == [None] * 4


def test_not_every_channel_is_remembered_for_ever() -> None:
    windows = ChannelWindows(Time())
    for channel in range(MAX_CHANNELS + 1):
        windows.record_response(f"/channels/{channel}/messages", {RESET_AFTER_HEADER: "1.0"})
    assert windows.window_end("0") is None
    assert windows.window_end("1") == 101.0
