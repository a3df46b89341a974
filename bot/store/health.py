"""Whether the database takes writes, for readiness: a full, locked or read-only one answers reads all the same.

Writes one row at most every PROBE_INTERVAL_S, however often it is asked, and never two at a time.
"""

import asyncio

from bot.errors import StoreFailed
from bot.runtime.clock import Clock, wait_for_future
from bot.store.store import Store

PROBE_INTERVAL_S = 5.0  # between two writes; the answer in between is that of the last one
PROBE_WAIT_S = 2.0  # that an answer waits for the write; a locked database makes it wait for half a minute

NO_ANSWER = "no answer to a write"


class DatabaseHealth:
    """The state of one store."""

    def __init__(self, store: Store, clock: Clock, *, writes: bool = True) -> None:
        """`writes`: whether a row is written; else somebody else's heartbeat shows that rows are, and one row that all
        processes write would make each of them wait for one that was stopped."""
        self._store = store
        self._clock = clock
        self._writes = writes
        self._probe: asyncio.Task[str | None] | None = None
        self._probed_at = 0.0

    async def problem(self) -> str | None:
        """Why the database takes no writes; None when it does."""
        if (failed := self._store.problem()) is not None:
            return failed
        probe = self._probe
        if probe is None or (probe.done() and self._clock.monotonic() - self._probed_at >= PROBE_INTERVAL_S):
            self._probed_at = self._clock.monotonic()
            probe = self._probe = asyncio.create_task(self._write(), name="database health")
        if not probe.done() and not await wait_for_future(probe, PROBE_WAIT_S, self._clock):
            return NO_ANSWER
        return probe.result()

    async def close(self) -> None:
        """Waits for a write under way, which ends with the database at the latest."""
        if self._probe is not None:
            await asyncio.wait([self._probe])

    async def _write(self) -> str | None:
        try:
            await self._store.ping()
            if self._writes:
                await self._store.check_writable()
        except StoreFailed as failed:
            return type(failed).__name__
        return None
