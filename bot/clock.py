"""Writes without which a job must not go on, tried again while the database is away.

Knows neither what is written nor what becomes of a job whose writes fail in the end.
"""

from collections.abc import Awaitable, Callable

import structlog

from bot.errors import StoreFailed
from bot.ports import Clock

log = structlog.get_logger()

STORE_PAUSES = (1.0, 5.0, 25.0)  # seconds before a job whose database failed goes on where it was


class Patience:
    """For a database that is away for a moment."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def insist(self, write: Callable[[], Awaitable[None]]) -> None:
        """Does it, or does it again after each of STORE_PAUSES.

        Raises StoreFailed in the end.
        """
        for pause in STORE_PAUSES:
            try:
                return await write()
            except StoreFailed as failed:
                log.warning("database failed, the job waits", detail=failed.detail)
                await self._clock.sleep(pause)
        return await write()
