"""Folds kinds of log lines that repeat: a failure that happens a thousand times a minute is counted, not written out.

Knows records and times only. The line before the silence says that it begins; the next one after it, how much was left
out.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any, cast

from cachetools import LRUCache

WINDOW_S = 60.0  # in which lines of one kind are counted
MAX_LINES = 30  # of one kind in a window; one every two seconds still shows how it goes on
MAX_KINDS = 1000  # remembered; the least recently seen are forgotten first

Kind = tuple[str, int, str]


@dataclass(slots=True)
class _Window:
    """Lines of one kind in the current window."""

    began: float
    lines: int = 0


class RepeatFilter(logging.Filter):
    """Lets MAX_LINES lines of one kind pass in any window; of warnings and what is worse. A kind is a logger, a level
    and an event, whatever its facts."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        """`now`: monotonic seconds."""
        super().__init__()
        self._now = now
        self._windows: LRUCache[Kind, _Window] = LRUCache(MAX_KINDS)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is logged. Adds to those at a silence's edges what is, or was, left out."""
        if record.levelno < logging.WARNING:
            return True
        kind = (record.name, record.levelno, _event(record))
        now = self._now()
        window = self._windows.get(kind)
        if window is None or now - window.began >= WINDOW_S:
            left_out = max(0, window.lines - MAX_LINES) if window is not None else 0
            window = self._windows[kind] = _Window(began=now)
            if left_out:
                _add(record, f"{left_out} more were left out")
        window.lines += 1
        if window.lines == MAX_LINES:
            _add(record, f"further ones are left out for {WINDOW_S:.0f} s")
        return window.lines <= MAX_LINES


def _event(record: logging.LogRecord) -> str:
    """The text of a line without its facts: structlog's event, or a format string."""
    message: object = record.msg
    return str(cast(dict[str, Any], message).get("event")) if isinstance(message, dict) else str(message)


def _add(record: logging.LogRecord, note: str) -> None:
    message: object = record.msg
    if isinstance(message, dict):
        record.msg = {**cast(dict[str, Any], message), "repeats": note}  # type: ignore[reportAttributeAccessIssue] # structlog's
    else:
        record.msg = f"{record.getMessage()} ({note})"
        record.args = None
