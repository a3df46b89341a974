"""Decodes images that came inside an answer as data URLs, off the event loop.

Does not look at the bytes of an image: `bot.pictures` does.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from bot.errors import BadResult
from bot.painting import Blob, FinishedImage, Link, PaintEvent, Preview
from bot.providers.image_urls import decode_data_url
from bot.providers.offload import offload


async def decode_inline_images(events: AsyncGenerator[PaintEvent, None]) -> AsyncGenerator[PaintEvent, None]:
    """The events, with inline images and previews as bytes. A broken preview is left out.

    Raises BadResult when an image is broken and no other one was whole; whatever `events` raises.
    """
    delivered = 0
    last_error: BadResult | None = None
    async with aclosing(events):
        async for event in events:
            try:
                decoded = await _decode_event(event)
            except BadResult as exc:
                last_error = exc if isinstance(event, FinishedImage) else last_error
                continue
            delivered += isinstance(decoded, FinishedImage)
            yield decoded
    if last_error and not delivered:
        raise last_error


async def _decode_event(event: PaintEvent) -> PaintEvent:
    """The event with its data URL, if any, as bytes. Raises BadResult."""
    if not isinstance(event, FinishedImage | Preview) or not isinstance(event.source, Link):
        return event
    url = event.source.url
    return type(event)(Blob(data=await offload(len(url), decode_data_url, url))) if url.startswith("data:") else event
