"""How long jobs took of late, for the words of a status message: one query for a crowd of requests."""

import math
from contextlib import suppress

from bot.errors import StoreFailed
from bot.runtime.clock import Clock
from bot.store.store import Store

TTL_S = 30.0  # of a median


class TypicalDuration:
    """The median duration of recent jobs."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._median_s: float | None = None
        self._expires_s = -math.inf

    async def median_s(self) -> float | None:
        """Seconds; None: too few have ended. A database that fails hinders no job: then what was known stays."""
        if self._clock.monotonic() >= self._expires_s:
            self._expires_s = self._clock.monotonic() + TTL_S
            with suppress(StoreFailed):
                self._median_s = await self._store.median_duration_s()
        return self._median_s
