"""Finds the jobs that processes leave behind: those of one that has gone wait again, ends that nobody showed are shown.

Takes up no job itself; who does is notified that some wait.
"""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from bot.job import Job
from bot.ports import Membership
from bot.runtime.clock import Clock, wait_for_event
from bot.store.job_holders import JobHolders

log = structlog.get_logger()


class JobRecovery:
    """What one process does about the jobs that it and others have lost."""

    def __init__(
        self,
        holders: JobHolders,
        membership: Membership,
        clock: Clock,
        *,
        every_s: float,
        is_known: Callable[[str], bool],
        on_freed: Callable[[], None],
        notify: Callable[[Job], None] | None,
        platforms: Sequence[str],
    ) -> None:
        """`every_s`: between two looks. `is_known(job)`: whether this process still works at a job that it holds.
        `on_freed`: called when jobs wait again. `notify`: shows the end of a job of `platforms`; None: others do."""
        self._holders = holders
        self._membership = membership
        self._clock = clock
        self._every_s = every_s
        self._is_known = is_known
        self._on_freed = on_freed
        self._notify = notify
        self._platforms = tuple(platforms)
        self._look = asyncio.Event()
        self._unknown: set[str] = set()  # jobs that are held and not run, as of the last look

    def look_now(self) -> None:
        """A process has gone: the next look is due."""
        self._look.set()

    async def keep_recovering(self) -> None:
        """Looks again and again, and returns never. Raises StoreFailed."""
        while True:
            self._look.clear()
            if self._membership.is_current():
                await self._free_unknown()
                if lost := await self._holders.recover():
                    log.info("jobs of a process that has gone wait again", jobs=len(lost))
                    self._on_freed()
                if self._notify is not None:
                    for job in await self._holders.claim_pending(self._membership.id, self._platforms):
                        self._notify(job)
            await wait_for_event(self._look, self._every_s, self._clock)

    async def _free_unknown(self) -> None:
        """Has those jobs wait again that this process holds and does not run: it took them, or accepted them, in a
        transaction whose end it did not learn. Raises StoreFailed."""
        member = self._membership.id
        held = {job for job in await self._holders.held_by(member) if not self._is_known(job)}
        for job in held & self._unknown:  # not those that are on their way
            log.warning("a job that this process holds was lost", job=job)
            await self._holders.give_back(job, member)
        self._unknown = held
