"""A painting from its first event to its end, whatever the dialect: its events, or its failure and those before."""

import pytest

from bot.errors import PaintFailed
from bot.painting import PaintEvent, PaintRequest
from bot.ports import Provider


async def gather(provider: Provider, request: PaintRequest | None = None) -> list[PaintEvent]:
    """The events of a painting. Raises PaintFailed."""
    return [event async for event in provider.paint(request or PaintRequest(prompt="a cat"))]


async def fail(provider: Provider, request: PaintRequest | None = None) -> tuple[PaintFailed, list[PaintEvent]]:
    """The failure of a painting that must fail, and the events before it."""
    seen: list[PaintEvent] = []

    async def collect() -> None:
        async for each in provider.paint(request or PaintRequest(prompt="a cat")):
            seen.append(each)  # noqa: PERF401  # a comprehension would lose what came before the failure

    with pytest.raises(PaintFailed) as caught:
        await collect()
    return caught.value, seen
