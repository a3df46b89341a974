"""Pictures that came inside an answer as data URLs, turned into bytes away from the event loop.

Looks inside no picture: that is for `bot.pictures`.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from bot.errors import BadResult
from bot.painting import Blob, FinishedImage, Link, PaintEvent, Preview
from bot.providers.image_urls import decode_data_url
from bot.providers.offload import offload


async def decode_inline_images(events: AsyncGenerator[PaintEvent, None]) -> AsyncGenerator[PaintEvent, None]:
    """The events, pictures and previews inline as bytes. A broken preview is left out.

    Raises BadResult when a picture is broken and no other one was whole; whatever `events` raises.
    """
    delivered = 0
    broken: BadResult | None = None
    async with aclosing(events):
        async for event in events:
            try:
                whole = await _decode_event(event)
            except BadResult as exc:
                broken = exc if isinstance(event, FinishedImage) else broken
                continue
            delivered += isinstance(whole, FinishedImage)
            yield whole
    if broken and not delivered:
        raise broken


async def _decode_event(event: PaintEvent) -> PaintEvent:
    """Raises BadResult."""
    if not isinstance(event, FinishedImage | Preview) or not isinstance(event.source, Link):
        return event
    url = event.source.url
    return type(event)(Blob(data=await offload(len(url), decode_data_url, url))) if url.startswith("data:") else event
