"""Which messages hold the pictures of a job besides its first: noted when they are posted, for calls that repeat.

Kept among the adapter's blobs, and forgotten with the job.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal, get_args

import structlog
import telegram

from adapters.telegram.decode import decode_attachments
from adapters.telegram.ids import PLATFORM
from bot.chat import Attachment, Card
from bot.errors import ChatUnreachable, StoreFailed
from bot.ports import AdapterStorage
from bot.store.stored_values import StoredReader

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedPicture:
    """A picture in a message of its own."""

    message_id: str
    attachment: Attachment


Place = Literal["album", "stored"]  # below a job's first message; in the storage chat, for an inline message
_POSTED = StoredReader[tuple[PostedPicture, ...]](tuple[PostedPicture, ...])


class PostedPictures:
    """The notes, by places and keys of jobs."""

    def __init__(self, storage: AdapterStorage) -> None:
        self._storage = storage

    async def find(self, place: Place, key: str) -> tuple[PostedPicture, ...] | None:
        """None: nothing was posted before, or nobody can read what. Raises StoreFailed."""
        document = await self._storage.cached_blob(_blob_key(place, key))
        try:
            return None if document is None else _POSTED.read(json.loads(document))
        except ValueError:
            log.warning("pictures of before not understood", key=key)
            return None

    async def load(self, place: Place, key: str) -> tuple[PostedPicture, ...] | None:
        """As `find`. Raises ChatUnreachable."""
        try:
            return await self.find(place, key)
        except StoreFailed as failed:
            raise ChatUnreachable(detail=f"album not looked up: {failed.detail}") from failed

    async def save(self, place: Place, key: str, posted: Sequence[PostedPicture]) -> None:
        """A failure is logged: a repeated call then posts them again."""
        try:
            document = json.dumps([asdict(each) for each in posted]).encode()
            await self._storage.cache_blob(_blob_key(place, key), document)
        except StoreFailed as failed:
            log.warning("album not saved", detail=failed.detail)

    async def forget(self, key: str) -> None:
        """Deletes the notes of a job. Raises StoreFailed."""
        for place in get_args(Place):
            await self._storage.delete_key(_blob_key(place, key))


def posted_picture(message: telegram.Message, card: Card) -> PostedPicture:
    """The picture of a message that was sent."""
    (attachment,) = decode_attachments(message)
    return PostedPicture(message_id=str(message.message_id), attachment=replace(attachment, spoiler=card.spoiler))


def album_key_of(key: str, number: int | None = None) -> str:
    """Key of the album that begins with the image of that number; without one, the beginning of all such keys."""
    return f"{key}:album:{'' if number is None else number}"


def _blob_key(place: Place, key: str) -> str:
    return f"{PLATFORM}:{place}:{key}"
