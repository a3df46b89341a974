"""Edits at the platform's pace: windows of slots, first come, first served; progress only where a slot is free."""

import asyncio
from collections import deque
from collections.abc import Sequence


class Window:
    """At most `slots` calls in `period` seconds."""

    def __init__(self, slots: int, period: float) -> None:
        self._slots = slots
        self._period = period
        self._taken: deque[float] = deque()

    def time_until_free(self) -> float:
        """Seconds until a slot is free."""
        now = asyncio.get_running_loop().time()
        while self._taken and self._taken[0] + self._period <= now:
            self._taken.popleft()
        return 0.0 if len(self._taken) < self._slots else self._taken[0] + self._period - now

    def use_slot(self) -> None:
        self._taken.append(asyncio.get_running_loop().time())


class Pace:
    """Slots in all of several windows."""

    def __init__(self, windows: Sequence[Window]) -> None:
        self._windows = windows
        self._line = asyncio.Lock()

    async def wait_for_slot(self) -> None:
        """Waits in line for a slot."""
        async with self._line:
            while (wait := max(each.time_until_free() for each in self._windows)) > 0:  # noqa: ASYNC110 - time is what is waited for
                await asyncio.sleep(wait)
            self._take()

    def try_slot(self) -> bool:
        """Takes a slot if there is one for the asking."""
        if self._line.locked() or max(each.time_until_free() for each in self._windows) > 0:
            return False
        self._take()
        return True

    def _take(self) -> None:
        for each in self._windows:
            each.use_slot()


class LatestPercent:
    """The latest percentage, shown again and again by `show` until the picture is there."""

    def __init__(self, every: float) -> None:
        self._every = every
        self.percent = 0.0
        self._changed = asyncio.Event()

    def set(self, percent: float) -> None:
        self.percent = percent
        self._changed.set()

    async def changes(self) -> None:
        """Returns when there is something newer, and not sooner than the last time plus `every`."""
        await self._changed.wait()
        self._changed.clear()

    async def pause(self) -> None:
        await asyncio.sleep(self._every)
