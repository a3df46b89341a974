"""What the running process tidies up by itself: jobs, uploads and waiting pictures past their time.

Decides when; what goes stands in the store. The ledger keeps every credit, without a word of what it was for.
"""

import asyncio

import structlog

from bot.clock import Clock
from bot.errors import StoreFailed
from bot.store.store import Store

log = structlog.get_logger()

INTERVAL_S = 3600.0  # seconds between two rounds


class Retention:
    """`retention_days`: how long ended jobs are kept; None: until their owner says otherwise."""

    def __init__(self, store: Store, clock: Clock, *, retention_days: int | None) -> None:
        self._store = store
        self._clock = clock
        self._days = retention_days
        self._rounds: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._rounds = asyncio.create_task(self._for_ever(), name="housekeeping")

    async def stop(self) -> None:
        if self._rounds is not None:
            self._rounds.cancel()
            await asyncio.gather(self._rounds, return_exceptions=True)

    async def delete_expired(self) -> int:
        """One round; how many jobs went. Raises StoreFailed."""
        return await self._store.delete_expired(days=self._days)

    async def _for_ever(self) -> None:
        while True:
            try:
                if gone := await self.delete_expired():
                    log.info("old jobs forgotten", jobs=gone)
            except StoreFailed as failed:
                log.warning("old jobs not forgotten", detail=failed.detail)
            except Exception:
                log.exception("housekeeping broke")
            await self._clock.sleep(INTERVAL_S)
