"""Waiting for things no longer than until a moment, on a clock that tests own."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self, TypeVar

from bot.ports import Clock

T = TypeVar("T")

LOOK = 30.0  # seconds at most between two looks at the clock: it, and not the length of a sleep, says what is late


class Deadline:
    """One moment for many waits of one after the other: a single timer for all of them, since an upstream tells
    twenty things a minute, and each wait is short.

    Works as `asyncio.timeout` does, by cancelling whoever waits when it passes; unlike it, on the clock it is given,
    and never while nobody waits, so that generators may hold it over their yields.
    """

    def __init__(self, clock: Clock, at: float) -> None:
        """`at`: of `clock.monotonic`."""
        self._clock = clock
        self._at = at
        self._waiting: asyncio.Task[Any] | None = None
        self._passed = False

    async def __aenter__(self) -> Self:
        self._timer = asyncio.create_task(self._pass(), name="deadline")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._timer.cancel()

    async def wait(self, work: Callable[[], Awaitable[T]]) -> T:
        """What `work` comes to.

        Raises TimeoutError when it had to be cancelled, or the moment had passed before.
        """
        if self._passed or self._clock.monotonic() >= self._at:  # the timer may not have had its turn yet
            raise TimeoutError
        task = self._waiting = asyncio.current_task()
        assert task is not None
        cancelled_by_others = task.cancelling()
        try:
            return await work()
        except asyncio.CancelledError as exc:
            if self._passed and task.uncancel() <= cancelled_by_others:
                raise TimeoutError from exc
            raise
        finally:
            self._waiting = None

    async def _pass(self) -> None:
        while (left := self._at - self._clock.monotonic()) > 0:
            await self._clock.sleep(min(left, LOOK))
        self._passed = True
        if self._waiting is not None:
            self._waiting.cancel()
