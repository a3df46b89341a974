"""Lines that repeat are folded, by kind; what is left out is told."""

import logging
from typing import Any

import pytest

from bot.observability.folding import MAX_LINES, WINDOW_S, RepeatFilter


class Log:
    """Records that pass a filter, under a clock of their own."""

    def __init__(self) -> None:
        self.now = 0.0
        self._filter = RepeatFilter(lambda: self.now)

    def write(
        self, message: object, *args: object, level: int = logging.WARNING, logger: str = "a"
    ) -> logging.LogRecord | None:
        record = logging.LogRecord(logger, level, "file", 1, message, args, None)
        return record if self._filter.filter(record) else None


def event(text: str, **facts: Any) -> dict[str, Any]:
    return {"event": text, **facts}


def test_lines_of_one_kind_are_folded_whatever_their_facts() -> None:
    log = Log()
    passed = [log.write(event("chat did not answer", chat=number)) for number in range(10 * MAX_LINES)]
    assert [each is not None for each in passed] == [True] * MAX_LINES + [False] * (9 * MAX_LINES)
    last: Any = passed[MAX_LINES - 1]
    assert last.msg == event("chat did not answer", chat=MAX_LINES - 1, repeats="further ones are left out for 60 s")
    log.now += WINDOW_S
    after: Any = log.write(event("chat did not answer"))
    assert after.msg["repeats"] == f"{9 * MAX_LINES} more were left out"
    after = log.write(event("chat did not answer"))
    assert "repeats" not in after.msg


def test_lines_of_libraries_are_known_by_their_format() -> None:
    log = Log()
    passed = [log.write("accept %s failed", number) for number in range(MAX_LINES + 1)]
    assert passed[-1] is None
    last: Any = passed[-2]
    assert last.getMessage() == f"accept {MAX_LINES - 1} failed (further ones are left out for 60 s)"


@pytest.mark.parametrize("other", [{"level": logging.ERROR}, {"logger": "b"}])
def test_other_kinds_go_on(other: dict[str, Any]) -> None:
    log = Log()
    for _ in range(MAX_LINES + 1):
        log.write(event("x"))
    assert log.write(event("x")) is None
    assert log.write(event("x"), **other) is not None
    assert log.write(event("y")) is not None


def test_what_is_no_warning_is_never_folded() -> None:
    log = Log()
    assert all(log.write(event("job accepted"), level=logging.INFO) for _ in range(10 * MAX_LINES))


def test_a_quiet_kind_says_nothing_of_it() -> None:
    log = Log()
    log.write(event("x"))
    log.now += WINDOW_S
    record: Any = log.write(event("x"))
    assert record.msg == event("x")
