"""Waiting, in the machine's own time, for what tells nobody when it begins to hold."""

import asyncio
from collections.abc import Awaitable, Callable

POLL_S = 0.005  # seconds between two looks
TIMEOUT_S = 240.0  # seconds, on a busy machine; nothing is measured by it


async def wait_until(condition: Callable[[], bool | Awaitable[bool]]) -> None:
    """Looks until `condition` holds. Raises TimeoutError."""
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            found = condition()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(POLL_S)
