"""Time as a parameter: the clock, the machine's own clock, and every way to wait on one.

Waits only on the clock it is given, so that tests own time; starts no work of its own (`bot.runtime.background` does).
"""

import asyncio
import math
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

import structlog

from bot.errors import StoreFailed

log = structlog.get_logger()

STORE_PAUSES_S = (1.0, 5.0, 25.0)  # before each retry of a write: a database restart takes seconds
SUSPENDED_S = 1.0  # that a timer is late at least where the process did not run: it was stopped, or the machine slept
RESUME_GRACE_S = 15.0  # after that, before a deadline counts: for what has arrived meanwhile
CLOCK_CHECK_S = 30.0  # longest single sleep of a Deadline: lateness is read off the clock, not off a sleep's length

T = TypeVar("T")


class Clock(Protocol):
    """The source of time; fakes of it make tests independent of the machine."""

    def now(self) -> datetime:
        """The wall clock: aware, UTC. Stored in the database; may jump."""
        ...

    def monotonic(self) -> float:
        """Seconds that never decrease, from an arbitrary origin. Only for durations within this process."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Returns after `seconds` of `monotonic`; after one turn of the event loop for zero and less."""
        ...


class SystemClock:
    """The machine's own time. Implements `Clock`."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Deadline:
    """A point in time that bounds many consecutive waits with a single timer.

    A stream yields some twenty events a minute and each wait is short, so one timer per wait would be wasteful.
    Like `asyncio.timeout` it cancels the waiting task when time is up; unlike it, it runs on the injected clock and
    never cancels while nobody waits, so that an async generator may hold it across its yields. Where it passed while
    the process did not run, it is moved to RESUME_GRACE_S from then, once.
    """

    def __init__(self, clock: Clock, at: float) -> None:
        """`at`: in the time of `clock.monotonic`, seconds."""
        self._clock = clock
        self._at = at
        self._has_passed = False
        self._was_moved = False
        self._timer_due = math.inf
        self._waiting_task: asyncio.Task[Any] | None = None

    async def __aenter__(self) -> Self:
        self._timer = asyncio.create_task(self._run_timer(), name="deadline")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._timer.cancel()

    async def wait_for(self, start: Callable[[], Awaitable[T]]) -> T:
        """The result of the awaitable that `start` returns; `start` is not called once the deadline has passed.

        Raises TimeoutError when the deadline has passed, or passes while waiting (the awaitable is cancelled).
        """
        if self._has_passed or self._is_over():  # the timer may not have had its turn yet
            raise TimeoutError
        task = self._waiting_task = asyncio.current_task()
        assert task is not None
        cancellations_before = task.cancelling()
        try:
            return await start()
        except asyncio.CancelledError as exc:
            if self._has_passed and task.uncancel() <= cancellations_before:
                raise TimeoutError from exc
            raise
        finally:
            self._waiting_task = None

    def _is_over(self) -> bool:
        now = self._clock.monotonic()
        if now >= self._at and not self._was_moved and now - self._timer_due > SUSPENDED_S:
            self._at, self._was_moved = now + RESUME_GRACE_S, True
        return now >= self._at

    async def _run_timer(self) -> None:
        while not self._is_over():
            now = self._clock.monotonic()
            pause = min(self._at - now, CLOCK_CHECK_S)
            self._timer_due = now + pause
            await self._clock.sleep(pause)
        self._has_passed = True
        if self._waiting_task is not None:
            self._waiting_task.cancel()


@asynccontextmanager
async def timeout_at(when: float) -> AsyncGenerator[asyncio.Timeout]:
    """As `asyncio.timeout_at`, on the loop's own time; where it passes while the process does not run, it is moved to
    RESUME_GRACE_S from then, once: what has arrived meanwhile is still to be read."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout_at(when) as timeout:

        def move_if_suspended() -> None:
            if loop.time() - when > SUSPENDED_S and not timeout.expired():
                timeout.reschedule(loop.time() + RESUME_GRACE_S)

        # before the timeout itself, whose place among the callbacks that are due is by their times
        watch = loop.call_at(math.nextafter(when, -math.inf), move_if_suspended) if when > loop.time() else None
        try:
            yield timeout
        finally:
            if watch is not None:
                watch.cancel()


async def wait_for_event(event: asyncio.Event, timeout_s: float | None, clock: Clock) -> bool:
    """Waits until `event` is set, at most `timeout_s` seconds (None: without limit). Whether it is set."""
    if event.is_set():
        return True
    if timeout_s is None:  # no tasks beside: whoever sets the event waits for what happens then
        return await event.wait()
    task = asyncio.current_task()
    assert task is not None
    cancellations_before = task.cancelling()
    is_over = has_passed = False
    timer = asyncio.ensure_future(clock.sleep(timeout_s))

    def end_wait(timer: asyncio.Future[None]) -> None:
        nonlocal has_passed
        if not (is_over or timer.cancelled()):
            has_passed = task.cancel()

    timer.add_done_callback(end_wait)
    try:
        await event.wait()  # in the caller's own task: it goes on at once, and a second task would cost as much again
    except asyncio.CancelledError:
        if not has_passed or task.uncancel() > cancellations_before:
            raise
    finally:
        is_over = True
        timer.cancel()
    return event.is_set()


async def wait_for_future(future: asyncio.Future[Any], timeout_s: float, clock: Clock) -> bool:
    """Waits until `future` is done, at most `timeout_s` seconds. Whether it is done.

    Neither cancels the future nor raises its exception.
    """
    timer = asyncio.ensure_future(clock.sleep(timeout_s))
    try:
        await asyncio.wait((future, timer), return_when=asyncio.FIRST_COMPLETED)
    finally:
        timer.cancel()
    return future.done()


async def retry_store_write(write: Callable[[], Awaitable[None]], clock: Clock) -> None:
    """Calls `write`, and again after each of STORE_PAUSES_S while it raises StoreFailed.

    For writes without which a job must not go on. Raises the last StoreFailed, and any other exception at once. A loop:
    around a write that succeeds, as nearly all do, tenacity takes as long as the write (`python -m tests.bench A`).
    """
    for pause_s in STORE_PAUSES_S:
        try:
            return await write()
        except StoreFailed as failed:
            log.warning("database failed, the job waits", detail=failed.detail)
            await clock.sleep(pause_s)
    return await write()
