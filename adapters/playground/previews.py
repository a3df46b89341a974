"""Unfinished pictures, in memory only and bounded: which message shows which, and the bytes.

Nothing here outlives the process; a page that requests an evicted preview gets 404.
"""

import hashlib

from cachetools import LRUCache

from bot.painting import Image

MAX_BYTES = 64_000_000  # of all previews together; the least recently used ones are evicted first


class Previews:
    """The current preview of each message."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._images: LRUCache[str, Image] = LRUCache(max_bytes, getsizeof=_size)
        self._ids: dict[int, str] = {}  # preview id by message

    def set_preview(self, message: int, image: Image | None) -> str | None:
        """The id under which the message's preview is found from now on; None when it has none.

        Equal bytes have equal ids, so that an edit of the text alone makes no page load the preview again.
        """
        if image is None or len(image.data) > self._images.maxsize:
            self._ids.pop(message, None)
            return None
        id_ = hashlib.blake2b(image.data, digest_size=16).hexdigest()
        self._images[id_] = image
        self._ids[message] = id_
        return id_

    def preview_of(self, message: int) -> str | None:
        """The id of the message's preview; None when it has none, or no longer."""
        id_ = self._ids.get(message)
        return id_ if id_ in self._images else None

    def get_image(self, id_: str) -> Image | None:
        """The preview with this id; None when there is none, or no longer."""
        return self._images.get(id_)


def _size(image: Image) -> int:
    return len(image.data)
