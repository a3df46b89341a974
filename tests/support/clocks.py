"""Clocks for tests: one that stands still until it is moved, and some that go with the machine, shifted or faster.

Each implements `bot.runtime.clock.Clock`; nothing else of the bot is known here.
"""

import asyncio
import heapq
import itertools
import threading
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from tests.support.event_loop import wait_all_tasks_blocked

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)


async def settle() -> None:
    """Lets every task run until all are blocked. Does not wait for threads, processes or the machine's own time."""
    await wait_all_tasks_blocked()


class FakeClock:
    """Time moves only through `advance` (both clocks, sleepers wake) and `jump` (the wall clock alone). Like that of
    `SystemClock`, the steady time is not to be had in worker threads."""

    def __init__(self, now: datetime = NOON) -> None:
        self._thread = threading.get_ident()
        self._now = now
        self._monotonic = 1000.0
        self._order = itertools.count()  # sleepers due at the same moment wake in the order they lay down
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._laid_down = asyncio.Event()

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        assert threading.get_ident() == self._thread, "SystemClock.monotonic needs the event loop"
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        """Returns once the clock was advanced by `seconds`; at once (after one turn) for zero and less."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._monotonic + seconds, next(self._order), woken))
        self._laid_down.set()
        await woken  # a cancelled sleeper leaves a cancelled future behind, which nobody counts

    async def advance(self, seconds: float) -> None:
        """Moves time on, stopping at each sleeper that is due on the way, earliest first.

        After each waking all tasks run until they are blocked, so that a task that sleeps again within the span wakes
        again within it. A task that first waits for a thread or a process is not waited for: use `asleep`.
        """
        end = self._monotonic + seconds
        await settle()  # a task created just before has not reached its first sleep yet
        while (due := self._next()) is not None and due <= end:
            self._move(max(due, self._monotonic))  # earlier only after `suspend`
            _, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)
            await settle()
        self._move(end)
        await settle()

    async def suspend(self, seconds: float) -> None:
        """Moves time on at once, as for a process that was stopped: whoever was due meanwhile wakes at the end."""
        await settle()
        self.stop_the_process(seconds)
        await self.advance(0)

    def stop_the_process(self, seconds: float) -> None:
        """Moves time on and wakes nobody yet."""
        self._move(self._monotonic + seconds)

    async def asleep(self, count: int = 1) -> None:
        """Waits, in real time, until at least `count` tasks sleep on this clock."""
        while self.sleeping < count:
            self._laid_down.clear()
            await self._laid_down.wait()

    @property
    def sleeping(self) -> int:
        """How many tasks sleep now."""
        return sum(not woken.done() for _, _, woken in self._sleepers)

    @property
    def next_in(self) -> float | None:
        """Seconds until the next sleeper is due; None when nobody sleeps."""
        due = self._next()
        return None if due is None else due - self._monotonic

    def jump(self, seconds: float) -> None:
        """The wall clock is set, forwards or backwards: nobody wakes, `monotonic` does not move."""
        self._now += timedelta(seconds=seconds)

    def _next(self) -> float | None:
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    def _move(self, moment: float) -> None:
        self._now += timedelta(seconds=moment - self._monotonic)
        self._monotonic = moment


class InstantClock:
    """Every sleep is over at once, and time has passed by as much."""

    def __init__(self) -> None:
        self._passed = 0.0

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        return 1000.0 + self._passed

    async def sleep(self, seconds: float) -> None:
        """Takes a few turns of the loop, so that whoever is to be woken earlier is."""
        self._passed += max(seconds, 0.0)
        for _ in range(3):
            await asyncio.sleep(0)


class ShiftedClock:
    """The machine's own time, whose wall clock can be moved on."""

    def __init__(self) -> None:
        self._began = datetime.now(UTC)
        self._shift = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._shift

    def standing_now(self) -> datetime:
        """A wall clock that only `move_on` moves: no deadline passes because a machine is slow."""
        return self._began + self._shift

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def move_on(self, seconds: float) -> None:
        self._shift += timedelta(seconds=seconds)


class FastClock(ShiftedClock):
    """Waiting takes a part of its time: seconds pass `speed` times as fast as the machine's, dates do not."""

    def __init__(self, speed: float) -> None:
        super().__init__()
        self._speed = speed

    def monotonic(self) -> float:
        return super().monotonic() * self._speed

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / self._speed)


class PausableClock(FastClock):
    """Fast, and stands while a test does one thing after the other: nothing is over because a machine is slow."""

    def __init__(self, speed: float) -> None:
        super().__init__(speed)
        self._stood = 0.0
        self._since: float | None = None
        self._goes = asyncio.Event()
        self._goes.set()

    @contextmanager
    def paused(self) -> Generator[None]:
        self._since = super().monotonic()
        self._goes.clear()
        yield
        self._stood += super().monotonic() - self._since
        self._since = None
        self._goes.set()

    def monotonic(self) -> float:
        return (super().monotonic() if self._since is None else self._since) - self._stood

    async def sleep(self, seconds: float) -> None:
        end = self.monotonic() + seconds
        while (left := end - self.monotonic()) > 0:
            await super().sleep(left)
            await self._goes.wait()
