"""Waiting for something no longer than until a moment, on a clock that tests own."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from bot.ports import Clock

T = TypeVar("T")

LOOK = 30.0  # seconds at most between two looks at the clock: it, and not the length of a sleep, says what is late


async def in_time(clock: Clock, deadline: float, work: Awaitable[T]) -> tuple[bool, T | None]:
    """What `work` comes to, and True; False when it had to be cancelled at the deadline (of `clock.monotonic`)."""
    working = asyncio.ensure_future(work)
    watching = asyncio.ensure_future(_until(clock, deadline))
    try:
        await asyncio.wait([working, watching], return_when=asyncio.FIRST_COMPLETED)
        return (True, working.result()) if working.done() else (False, None)
    finally:
        for task in (working, watching):
            task.cancel()
        await asyncio.gather(working, watching, return_exceptions=True)


async def _until(clock: Clock, deadline: float) -> None:
    while (left := deadline - clock.monotonic()) > 0:
        await clock.sleep(min(left, LOOK))
