"""Deletes expired data while the process runs: jobs, uploads and pending requests past their time.

Decides when; what is deleted stands in `Deletions.delete_expired`. The ledger keeps every entry, without prompts.
"""

from collections.abc import Awaitable, Callable, Sequence

import structlog

from bot.errors import StoreFailed
from bot.ports import Lease, Leases
from bot.runtime.clock import Clock
from bot.runtime.supervision import Supervisor
from bot.store.store import Store

log = structlog.get_logger()

INTERVAL_S = 3600.0  # between two deletions
LEASE = "retention"


class Retention:
    """The background task that deletes expired data every INTERVAL_S, in one process at a time."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        leases: Leases,
        *,
        retention_days: int | None,
        also: Sequence[Callable[[], Awaitable[None]]] = (),
    ) -> None:
        """`retention_days`: how long ended jobs are kept; None: until their owner erases them. `also`: each
        deletes what else has expired, and raises StoreFailed."""
        self._also = also
        self._store = store
        self._clock = clock
        self._leases = leases
        self._days = retention_days
        self._supervisor = Supervisor(clock)

    def start(self) -> None:
        """Starts the task."""
        self._supervisor.keep_running("retention", lambda: self._leases.run_held(LEASE, self._run_forever))

    async def stop(self) -> None:
        """Cancels the task and waits for its end."""
        await self._supervisor.stop()

    def problem(self) -> str | None:
        """Why nothing is deleted right now; None while all is well."""
        return self._supervisor.problem()

    async def delete_expired(self) -> int:
        """Deletes what has expired. Returns the number of jobs. Raises StoreFailed."""
        for delete in self._also:
            await delete()
        return await self._store.deletions.delete_expired(days=self._days)

    async def _run_forever(self, _: Lease) -> None:
        while True:
            try:
                if deleted := await self.delete_expired():
                    log.info("expired jobs deleted", jobs=deleted)
            except StoreFailed as failed:
                log.warning("expired jobs not deleted", detail=failed.detail)
            await self._clock.sleep(INTERVAL_S)
