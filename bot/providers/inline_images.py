"""Pictures that came inside an answer as data URLs, turned into bytes away from the event loop.

Looks inside no picture: that is for `bot.pictures`.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from bot.errors import BadResult
from bot.painting import Blob, FinishedImage, Link, PaintEvent, Preview
from bot.providers.chat.message_parts import aside, decode


async def unpacked(events: AsyncGenerator[PaintEvent, None]) -> AsyncGenerator[PaintEvent, None]:
    """The events, pictures and previews inline as bytes. A broken preview is left out.

    Raises BadResult when a picture is broken and no other one was whole; whatever `events` raises.
    """
    delivered = 0
    broken: BadResult | None = None
    async with aclosing(events):
        async for event in events:
            try:
                whole = await _unpacked(event)
            except BadResult as exc:
                broken = exc if isinstance(event, FinishedImage) else broken
                continue
            delivered += isinstance(whole, FinishedImage)
            yield whole
    if broken and not delivered:
        raise broken


async def _unpacked(event: PaintEvent) -> PaintEvent:
    """Raises BadResult."""
    if not isinstance(event, FinishedImage | Preview) or not isinstance(event.source, Link):
        return event
    url = event.source.url
    return type(event)(Blob(data=await aside(len(url), decode, url))) if url.startswith("data:") else event
