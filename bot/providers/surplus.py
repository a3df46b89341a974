"""Drops finished images beyond what was asked for, and previews without end, before any of their bytes are decoded.

Knows no dialect: works on the events of one request. What is dropped is counted and logged, and costs nobody anything.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

import structlog

from bot.observability.metrics import SURPLUS_IMAGES
from bot.painting import MAX_SURPLUS_IMAGES, FinishedImage, PaintEvent, Preview

log = structlog.get_logger()

MAX_PREVIEWS = 100  # of one request; a relay that shows one for each percent stays below


@dataclass(slots=True)
class SurplusBudget:
    """Images beyond those asked for that one job may still get, from all its requests together."""

    remaining: int = MAX_SURPLUS_IMAGES
    """Images, >= 0."""

    def spend_one(self) -> bool:
        """Uses one up. False: none remains."""
        if not self.remaining:
            return False
        self.remaining -= 1
        return True


async def drop_surplus(
    events: AsyncGenerator[PaintEvent, None], asked: int, surplus: SurplusBudget, *, provider: str
) -> AsyncGenerator[PaintEvent, None]:
    """The events with at most `asked` (> 0) images and what `surplus` adds, and at most MAX_PREVIEWS previews.

    `provider`: its name, for the log. Raises whatever `events` raises.
    """
    taken = dropped = previews = 0
    try:
        async with aclosing(events):
            async for event in events:
                if isinstance(event, FinishedImage):
                    if taken >= asked and not surplus.spend_one():
                        dropped += 1
                        continue
                    taken += 1
                elif isinstance(event, Preview):
                    previews += 1
                    if previews > MAX_PREVIEWS:
                        continue
                yield event
    finally:
        if dropped:
            SURPLUS_IMAGES.labels(provider).inc(dropped)
            log.warning("surplus images dropped", provider=provider, asked=asked, taken=taken, dropped=dropped)
