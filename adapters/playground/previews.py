"""Unfinished pictures, in memory only and bounded: which message shows which, and the bytes.

Nothing here outlives the process; a page that asks for a dropped one gets 404.
"""

import hashlib

from bot.painting import Image

ROOM = 64_000_000  # bytes of all previews together; the ones shown longest ago go first


class Previews:
    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._images: dict[str, Image] = {}
        self._shown: dict[int, str] = {}

    def show(self, message: int, image: Image | None) -> str | None:
        """The id under which the message's preview is found from now on; None when it has none.

        The same bytes keep their id, so that an edit that changes only words makes no page load it again.
        """
        if image is None or len(image.data) > self._room:
            self._shown.pop(message, None)
            return None
        id_ = hashlib.blake2b(image.data, digest_size=16).hexdigest()
        self._images.pop(id_, None)
        self._images[id_] = image
        self._shown[message] = id_
        while sum(len(each.data) for each in self._images.values()) > self._room:
            self._drop(next(iter(self._images)))
        return id_

    def of(self, message: int) -> str | None:
        return self._shown.get(message)

    def image(self, id_: str) -> Image | None:
        return self._images.get(id_)

    def _drop(self, id_: str) -> None:
        del self._images[id_]
        self._shown = {message: shown for message, shown in self._shown.items() if shown != id_}
