"""What is kept of a user in memory goes when they ask to be forgotten: in this process, and in all others.

What is stored of them is `bot.store.deletions`'.
"""

from collections.abc import Callable, Sequence

import structlog

from bot.errors import StoreFailed
from bot.ports import Bus

log = structlog.get_logger()

TOPIC = "user forgotten"  # on the bus, with the user's key


class Forgetting:
    """`drop`: each drops what one place keeps of a user, by their key."""

    def __init__(self, bus: Bus, drop: Sequence[Callable[[str], None]]) -> None:
        self._bus = bus
        self._drop = drop
        bus.subscribe(TOPIC, self._hear)

    async def forget(self, user_key: str) -> None:
        """Drops everything. Where the others cannot be notified, they keep it for the minutes that it is good for."""
        self._drop_all(user_key)
        try:
            await self._bus.publish(TOPIC, user_key)
        except StoreFailed as failed:
            log.warning("other processes not notified of a user to forget", detail=failed.detail)

    def _hear(self, payload: object) -> None:
        self._drop_all(str(payload))

    def _drop_all(self, user_key: str) -> None:
        for drop in self._drop:
            drop(user_key)
