"""Waiting on a clock that tests own: database writes tried again, deadlines, an event or a timeout.

No module here reads the time by itself, and none knows what is waited for.
"""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self, TypeVar

import structlog

from bot.errors import StoreFailed
from bot.ports import Clock

log = structlog.get_logger()

T = TypeVar("T")

STORE_PAUSES = (1.0, 5.0, 25.0)  # seconds before a job whose database failed goes on where it was


class Patience:
    """For a database that is away for a moment."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def insist(self, write: Callable[[], Awaitable[None]]) -> None:
        """Does it, or does it again after each of STORE_PAUSES.

        Raises StoreFailed in the end.
        """
        for pause in STORE_PAUSES:
            try:
                return await write()
            except StoreFailed as failed:
                log.warning("database failed, the job waits", detail=failed.detail)
                await self._clock.sleep(pause)
        return await write()


CLOCK_CHECK_S = 30.0  # longest single sleep of a Deadline: lateness is read off the clock, not off a sleep's length


class Deadline:
    """A point in time that bounds many consecutive waits with a single timer.

    A stream yields some twenty events a minute and each wait is short, so one timer per wait would be wasteful.
    Like `asyncio.timeout` it cancels the waiting task when time is up; unlike it, it runs on the injected clock and
    never cancels while nobody waits, so that an async generator may hold it across its yields.
    """

    def __init__(self, clock: Clock, at: float) -> None:
        """`at`: in the time of `clock.monotonic`, seconds."""
        self._clock = clock
        self._at = at
        self._has_passed = False
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
        if self._has_passed or self._clock.monotonic() >= self._at:  # the timer may not have had its turn yet
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

    async def _run_timer(self) -> None:
        while (remaining := self._at - self._clock.monotonic()) > 0:
            await self._clock.sleep(min(remaining, CLOCK_CHECK_S))
        self._has_passed = True
        if self._waiting_task is not None:
            self._waiting_task.cancel()


async def wait_for_event(event: asyncio.Event, timeout_s: float, clock: Clock) -> bool:
    """Waits until `event` is set, `timeout_s` seconds at most on the injected clock; returns whether it is set."""
    timer = asyncio.ensure_future(clock.sleep(timeout_s))
    waiter = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait([timer, waiter], return_when=asyncio.FIRST_COMPLETED)
    finally:
        timer.cancel()
        waiter.cancel()
        await asyncio.gather(timer, waiter, return_exceptions=True)
    return event.is_set()
