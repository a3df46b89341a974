"""Whatever is logged with a traceback is counted, by whomever; and counting it fails nobody."""

import asyncio
import logging
import threading
from collections.abc import Generator
from datetime import UTC, datetime

import pytest
import structlog

from bot.observability import error_capture
from bot.observability.error_capture import ErrorCapture, capture_errors
from bot.runtime.background import BackgroundTasks
from bot.runtime.supervision import SupervisedTask
from tests.support.clocks import FakeClock

NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
log = structlog.get_logger()


@pytest.fixture
def capture() -> Generator[ErrorCapture]:
    with capture_errors(lambda: None, lambda: NOW) as capturing:
        yield capturing


def fail() -> None:
    raise KeyError("a secret")


def test_structlog_and_logging_are_both_heard(capture: ErrorCapture) -> None:
    with structlog.contextvars.bound_contextvars(job="abc"):
        try:
            fail()
        except KeyError as error:
            log.exception("job workflow failed")
            log.warning("with the exception itself", exc_info=error)
            log.error("with true", exc_info=True)
            logging.getLogger("somebody").exception("of a library: %s", "x")
    log.error("without any")
    log.warning("none is being handled", exc_info=True)
    groups = capture.take()
    events = ["job workflow failed", "with the exception itself", "with true", "of a library: %s"]
    assert [group.event for group in groups] == events
    assert {group.jobs for group in groups} == {("abc",)}
    assert "a secret" not in "".join(group.sample for group in groups)
    assert capture.take() == []


async def test_ends_of_tasks_are_heard(capture: ErrorCapture) -> None:
    async def work() -> None:
        fail()

    tasks = BackgroundTasks()
    tasks.spawn(work(), "a task")
    await tasks.join()
    supervised = SupervisedTask("a loop", work, FakeClock(), ends=True)
    supervised.start()
    await supervised.finish()
    assert sorted(group.event for group in capture.take()) == ["background task failed", "task ended"]


def test_an_exception_in_a_thread_is_heard(capture: ErrorCapture) -> None:
    def work() -> None:
        try:
            fail()
        except KeyError:
            log.exception("thread failed")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert [group.event for group in capture.take()] == ["thread failed"]


class OddError(Exception):
    """One whose class cannot be named."""

    def __getattribute__(self, name: str) -> object:
        raise RuntimeError("nothing is known of it")


def test_an_odd_exception_fails_nobody(capture: ErrorCapture) -> None:
    log.error("odd", exc_info=OddError())
    log.error("still heard", exc_info=ValueError())
    assert "still heard" in [group.event for group in capture.take()]


def test_groups_between_two_takes_are_bounded(capture: ErrorCapture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(error_capture, "MAX_GROUPS", 2)
    for number in range(5):
        log.error(f"line {number}", exc_info=ValueError())
    log.error("line 1", exc_info=ValueError())
    assert [group.count for group in capture.take()] == [1, 2]


def test_afterwards_nothing_is_heard() -> None:
    with capture_errors(lambda: None) as capture:
        pass
    log.error("line", exc_info=ValueError())
    assert capture.take() == []


async def test_whoever_waits_is_woken() -> None:
    woken = asyncio.Event()
    with capture_errors(woken.set):
        log.error("line", exc_info=ValueError())
        assert woken.is_set()
