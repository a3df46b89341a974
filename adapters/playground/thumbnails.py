"""Thumbnails of the pictures that messages show: small JPEGs, made when a page asks for one, kept in bounded memory.

A picture that is small already, or that cannot be made smaller, has none: the page shows the file itself.
"""

import asyncio

from cachetools import LRUCache

from adapters.playground.database import ChatDatabase
from bot.errors import BadResult
from bot.pictures.processing import ImageProcessor

EDGES = (320, 640, 960, 1600)  # pixels of the longer side: in the gallery, on the timeline, on wide and dense screens
SMALL_BYTES = 40_000  # a file of so few is shown itself
MAX_BYTES = 32_000_000  # of all thumbnails together; the least recently used ones are made again
OWNER = "playground:page"  # for whom they are made, where picture work is shared fairly


class Thumbnails:
    """Thumbnails of the files of one database."""

    def __init__(self, database: ChatDatabase, processor: ImageProcessor, max_bytes: int = MAX_BYTES) -> None:
        self._database = database
        self._processor = processor
        self._made: LRUCache[tuple[str, int], bytes] = LRUCache(max_bytes, getsizeof=len)
        self._making: dict[tuple[str, int], asyncio.Task[bytes | None]] = {}

    async def get_jpeg(self, file: str, edge: int) -> bytes | None:
        """A JPEG whose longer side has `edge` pixels, one of EDGES; None where the file is to be shown itself.

        Raises PictureGone, ChatUnreachable.
        """
        key = file, edge
        if (known := self._made.get(key)) is not None:
            return known
        if (task := self._making.get(key)) is None:  # several pages ask at once
            task = self._making[key] = asyncio.create_task(self._make(file, edge), name="playground thumbnail")
            task.add_done_callback(lambda _: self._making.pop(key, None))
        made = await asyncio.shield(task)
        if made is not None:
            self._made[key] = made
        return made

    async def close(self) -> None:
        """Ends what is being made."""
        tasks = list(self._making.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _make(self, file: str, edge: int) -> bytes | None:
        stored, data = await self._database.load_file(file)
        longest = max(stored.width or 0, stored.height or 0)
        if longest <= edge or len(data) <= SMALL_BYTES:
            return None
        try:
            made = await self._processor.prepare_preview(data, edge=edge, owner=OWNER)
        except BadResult:
            return None
        return made.data if len(made.data) < len(data) else None
