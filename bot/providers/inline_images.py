"""Decodes images that came inside an answer as data URLs, off the event loop, and completes relative addresses.

Does not look at the bytes of an image: `bot.pictures` does.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from bot.errors import BadResult
from bot.painting import Blob, FinishedImage, Link, PaintEvent, Preview
from bot.providers.image_urls import complete_link, decode_data_url
from bot.providers.offload import offload


async def decode_inline_images(
    events: AsyncGenerator[PaintEvent, None], *, base_url: str
) -> AsyncGenerator[PaintEvent, None]:
    """The events, with inline images and previews as bytes, and whole addresses. A broken preview is left out, and
    where a broken image has an address as well, that is passed on.

    `base_url`: of the API, for relative addresses. Raises BadResult when an image is broken and no other one was whole;
    whatever `events` raises.
    """
    delivered = 0
    last_error: BadResult | None = None
    async with aclosing(events):
        async for event in events:
            if not isinstance(event, FinishedImage | Preview) or not isinstance(event.source, Link):
                yield event
                continue
            try:
                source = await _decode_link(complete_link(event.source, base_url))
            except BadResult as exc:
                last_error = exc if isinstance(event, FinishedImage) else last_error
                continue
            delivered += isinstance(event, FinishedImage)
            yield replace(event, source=source)
    if last_error and not delivered:
        raise last_error


async def _decode_link(link: Link) -> Link | Blob:
    """The bytes of a data URL, or of the first readable one among its fallbacks; the link itself where it is none.

    Raises BadResult.
    """
    if link.url[:5].lower() != "data:":
        return link
    try:
        return Blob(data=await offload(len(link.url), decode_data_url, link.url), fallback=link.fallback)
    except BadResult:
        if link.fallback is None:
            raise
        return await _decode_link(link.fallback)
