"""Measures how late the event loop calls its timers, for the metrics: what blocks it shows here first."""

from bot.observability.metrics import LOOP_LAG_SECONDS
from bot.runtime.clock import Clock
from bot.runtime.supervision import Supervisor

INTERVAL_S = 1.0  # between two looks: often enough to meet what blocks for a moment, rare enough to cost nothing


class LoopLag:
    """Looks every INTERVAL_S, from `start` to `stop`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._supervisor = Supervisor(clock)

    def start(self) -> None:
        self._supervisor.keep_running("event loop lag", self._measure)

    async def stop(self) -> None:
        await self._supervisor.stop()

    async def problem(self) -> str | None:
        """Why nothing is measured right now, for `/readyz`; None while it is."""
        return self._supervisor.problem()

    async def _measure(self) -> None:
        while True:
            due_s = self._clock.monotonic() + INTERVAL_S
            await self._clock.sleep(INTERVAL_S)
            LOOP_LAG_SECONDS.observe(max(0.0, self._clock.monotonic() - due_s))
