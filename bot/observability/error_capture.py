"""Sees every exception that is logged with its traceback, and counts it in its group until somebody takes the counts.

A handler of `logging`, where all unexpected ends come together: of tasks, handlers, jobs, HTTP requests, libraries.
Costs its callers a look at the traceback: it writes nothing, waits for nothing, and fails nobody.
"""

import logging
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, cast

from structlog.contextvars import get_contextvars

from bot.observability.error_groups import ErrorGroup, group_of, merge_groups
from bot.observability.metrics import UNEXPECTED_ERRORS

MAX_GROUPS = 100  # that are kept between two takes; further ones are logged, and not counted


class ErrorCapture(logging.Handler):
    """The groups of what was logged since the last take."""

    def __init__(self, on_error: Callable[[], None], now: Callable[[], datetime]) -> None:
        """`on_error`: called after each, in any thread. `now`: aware time."""
        super().__init__(logging.WARNING)
        self._on_error = on_error
        self._now = now
        self._groups: dict[str, ErrorGroup] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Counts the exception of a line, if it has one."""
        try:
            if (error := _exception_of(record)) is not None:
                self._count(record, error)
        except Exception:  # whatever is odd about an exception: its line is in the log
            UNEXPECTED_ERRORS.inc()

    def _count(self, record: logging.LogRecord, error: BaseException) -> None:
        UNEXPECTED_ERRORS.inc()
        event, job = _facts_of(record)
        self._add(group_of(error, event=event, logger=record.name, job=job, at=self._now()))
        self._on_error()

    def _add(self, group: ErrorGroup) -> None:
        known = self._groups.get(group.fingerprint)
        if known is not None:
            older, newer = sorted((known, group), key=lambda each: each.last)
            self._groups[group.fingerprint] = merge_groups(older, newer)
        elif len(self._groups) < MAX_GROUPS:
            self._groups[group.fingerprint] = group

    def take(self) -> list[ErrorGroup]:
        """The groups since the last call."""
        with cast("Any", self.lock):
            groups, self._groups = list(self._groups.values()), {}
        return groups

    def put_back(self, groups: Sequence[ErrorGroup]) -> None:
        """What was taken could not be written: it is counted with what has come since."""
        with cast("Any", self.lock):
            for group in groups:
                self._add(group)


@contextmanager
def capture_errors(
    on_error: Callable[[], None], now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Generator[ErrorCapture]:
    """Captures what is logged within the block, by whomever. As of ErrorCapture."""
    capture = ErrorCapture(on_error, now)
    root = logging.getLogger()
    root.addHandler(capture)
    try:
        yield capture
    finally:
        root.removeHandler(capture)


def _exception_of(record: logging.LogRecord) -> BaseException | None:
    """The exception that a line is logged with: structlog's lines bring it among their facts."""
    given: object = (_structlog_facts(record) or {}).get("exc_info") or record.exc_info
    if isinstance(given, BaseException):
        return given
    if isinstance(given, tuple):
        return cast("tuple[Any, BaseException | None, Any]", given)[1]
    return sys.exc_info()[1] if given else None


def _facts_of(record: logging.LogRecord) -> tuple[str, str | None]:
    """What a line says, without its facts, and the job that it is about."""
    facts = _structlog_facts(record)
    if facts is None:
        return str(record.msg), get_contextvars().get("job")
    job = facts.get("job")
    return str(facts.get("event")), None if job is None else str(job)


def _structlog_facts(record: logging.LogRecord) -> dict[str, Any] | None:
    """The facts of a line of structlog's; None: of another's."""
    message: object = record.msg
    return cast("dict[str, Any]", message) if isinstance(message, dict) else None
