"""Positions of the jobs that this process shows while they wait in the queue of all processes.

Looks into the queue every few seconds while there are such jobs; moves none of them.
"""

import asyncio
from collections.abc import Callable

from bot.observability.metrics import JOBS_WAITING
from bot.runtime.clock import Clock, wait_for_event
from bot.store.job_holders import JobHolders

POSITIONS_S = 3.0  # between two looks at the places of waiting jobs
SOON_S = 0.3  # before the first of them: most jobs are taken by then


class QueuePositions:
    """The waiting jobs whose positions are shown from here."""

    def __init__(self, holders: JobHolders, update: Callable[[str, int], None], clock: Clock) -> None:
        """`update(job, position)`: shows a position that has changed; 1 is next."""
        self._holders = holders
        self._update = update
        self._clock = clock
        self._watched: dict[str, str] = {}  # jobs that wait in the queue, and their users
        self._changed = asyncio.Event()

    def watch(self, job: str, user: str) -> None:
        """The job of a user waits from now on."""
        self._watched[job] = user
        self._changed.set()

    def is_watched(self, job: str) -> bool:
        """Whether the job waits, as far as is known here."""
        return job in self._watched

    def forget(self, job: str) -> None:
        """The job waits no more, or another process shows it. No-op for an unknown one."""
        self._watched.pop(job, None)

    def forget_all(self) -> None:
        """Other processes show all jobs from now on."""
        self._watched.clear()

    async def keep_showing(self) -> None:
        """Shows positions as they change, and returns never. Raises StoreFailed."""
        shown: dict[str, int] = {}
        while True:
            self._changed.clear()
            await self._clock.sleep(SOON_S)
            if self._watched:
                found = await self._holders.positions(self._watched)
                for job, position in found.items():
                    if shown.get(job) != position:
                        self._update(job, position)
                shown = found
            JOBS_WAITING.set(len(shown))
            await wait_for_event(self._changed, POSITIONS_S if self._watched else None, self._clock)
