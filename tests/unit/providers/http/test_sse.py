"""Events out of bytes: every line end, every cut, and streams that end badly."""

import pytest

from bot.providers.http.sse import SseParser


def heard(said: bytes, step: int) -> list[tuple[str, str]]:
    events = SseParser()
    return [event for start in range(0, len(said), step) for event in events.feed(said[start : start + step])]


@pytest.mark.parametrize("step", [1, 2, 3, 1000])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize(
    ("lines", "events"),
    [
        ([b"data: a", b"", b"data: b", b"", b""], [("", "a"), ("", "b")]),
        ([b"event: error", b"data: a", b""], [("error", "a")]),
        ([b"data: a", b"data:b", b"data:  c", b""], [("", "a\nb\n c")]),
        ([b": a comment", b"id: 7", b"retry: 5", b"nonsense", b"data: a", b""], [("", "a")]),
        ([b"event: ping", b"", b"data: a", b""], [("", "a")]),  # nothing was said: its kind is not the next one's
        ([b"data", b""], [("", "")]),
        (["data: 狐: \u2028 \x85".encode(), b""], [("", "狐: \u2028 \x85")]),
        ([b"data: \xff", b""], [("", "\ufffd")]),
        ([b"data: no end"], []),
    ],
)
def test_lines_become_events_however_they_end_and_are_cut(
    lines: list[bytes], events: list[tuple[str, str]], end: bytes, step: int
) -> None:
    assert heard(b"".join(line + end for line in lines), step) == events


def test_a_line_feed_that_comes_by_itself_belongs_to_the_return_before_it_and_only_once() -> None:
    events = SseParser()
    assert list(events.feed(b"data: a\r")) == []
    assert list(events.feed(b"")) == []
    assert list(events.feed(b"\n")) == []
    assert list(events.feed(b"\n")) == [("", "a")]
