"""What one process hears of Discord about everybody's calls is passed on to the others: each closes its gate.

Decides nothing; when a gate closes is call_gate.py's. Budgets of chats are shared by the core.
"""

from typing import Any

import structlog

from adapters.discord.call_gate import MAX_RETRY_AFTER_S, CallGate
from bot.errors import StoreFailed
from bot.ports import Cluster
from bot.runtime.background import BackgroundTasks
from bot.runtime.clock import Clock

log = structlog.get_logger()

TOPIC = "discord.closed"  # payload: seconds for which nobody may call


class SharedGate:
    """The gate of this process, which the other processes close as well."""

    def __init__(self, cluster: Cluster, clock: Clock) -> None:
        self._cluster = cluster
        self._tasks = BackgroundTasks()
        self.gate = CallGate(
            clock.monotonic, processes=lambda: max(1, len(cluster.membership.members())), on_closed=self._tell_others
        )
        """Tells when nobody may call."""
        cluster.bus.subscribe(TOPIC, self._hear)

    async def close(self) -> None:
        await self._tasks.cancel()

    def _tell_others(self, seconds: float) -> None:
        if not self._cluster.membership.alone():
            self._tasks.spawn(self._publish(seconds), "discord gate")

    async def _publish(self, seconds: float) -> None:
        try:
            await self._cluster.bus.publish(TOPIC, seconds)
        except StoreFailed as failed:  # each of the others hears it from Discord itself
            log.info("others not notified of a general limit", detail=failed.detail)

    def _hear(self, payload: Any) -> None:
        if isinstance(payload, int | float) and 0 < payload <= MAX_RETRY_AFTER_S:
            log.info("another process met a general limit", retry_after=payload)
            self.gate.close_for(payload)
