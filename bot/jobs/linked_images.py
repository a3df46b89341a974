"""Pictures that members name by an address: downloaded once, before their job is accepted, and stored for it.

Every failure is the same silence: who typed an address never learns what is behind one that is no public picture.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Protocol

import structlog

from bot.chat import Attachment
from bot.downloads.fetcher import Fetcher
from bot.errors import FetchFailed, PictureGone, PictureTooLarge
from bot.intake.addresses import Address, is_gif_page, name_picture
from bot.jobs.file_memory import FileMemory
from bot.painting import Image
from bot.pictures.headers import SNIFF_BYTES, sniff_media_type
from bot.runtime.clock import Clock, wait_for_future

log = structlog.get_logger()

MAX_BYTES = 20_000_000  # of one picture, as Telegram's servers take; it is in memory and in the database at once
TIMEOUT_S = 5.0  # for all pictures of a message together, which its answer waits for
MEMORY_BYTES = 160_000_000  # of pictures being downloaded, of all users: eight of the largest
USER_DOWNLOADS = 2  # at once
REF_PREFIX = "linked:"  # of handles, before the user's key; no platform's begins so; `Deletions.erase_user` knows it


class BlobStorage(Protocol):
    """Storage of blobs. Every method raises StoreFailed."""

    async def cache_blob(self, key: str, data: bytes) -> None:
        """Keeps bytes under a key for about a month."""
        ...

    async def cached_blob(self, key: str) -> bytes | None: ...

    async def delete_key(self, key: str) -> None: ...


class LinkedImages:
    """Downloads pictures by their addresses, and keeps those of messages that become jobs."""

    def __init__(self, fetcher: Fetcher, storage: BlobStorage, clock: Clock) -> None:
        """`fetcher`: guarded."""
        self._fetcher = fetcher
        self._storage = storage
        self._clock = clock
        self._memory = FileMemory(MEMORY_BYTES, owner_files=USER_DOWNLOADS)

    async def download(self, addresses: Sequence[Address], *, owner: str, event: str) -> list[Attachment | None]:
        """A stored picture for each address, None for one that shows no picture within TIMEOUT_S. `owner`: key of the
        user; `event`: of the message, which may be handled again.

        Raises StoreFailed.
        """
        tasks = [asyncio.create_task(self._download(each, owner)) for each in addresses]
        everything = asyncio.gather(*tasks, return_exceptions=True)
        try:
            await wait_for_future(everything, TIMEOUT_S, self._clock)
            bodies = [task.result() if task.done() else None for task in tasks]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        prefix = f"{REF_PREFIX}{owner}:"
        return [
            await self._store(address, body, prefix=prefix, event=event)
            for address, body in zip(addresses, bodies, strict=True)
        ]

    async def keep(self, image: Image, *, owner: str, event: str, name: str) -> Attachment:
        """Stores an image that Easel has made for a job, such as a mask painted by hand; may be repeated. `name`: the
        file's. As of `download`."""
        ref = f"{REF_PREFIX}{owner}:{hashlib.sha256(event.encode()).hexdigest()}"
        await self._storage.cache_blob(ref, image.data)
        return Attachment(ref=ref, media_type=image.media_type, size=len(image.data), filename=name)

    async def load(self, attachment: Attachment, *, limit: int) -> bytes:
        """The bytes of a stored picture. Raises PictureGone, PictureTooLarge, StoreFailed."""
        name = attachment.filename or ""
        data = await self._storage.cached_blob(attachment.ref)
        if data is None:
            raise PictureGone(name=name)
        if len(data) > limit:
            raise PictureTooLarge(name=name, limit=f"{limit / 1_000_000:.3g} MB")
        return data

    async def delete_stored(self, attachments: Sequence[Attachment]) -> None:
        """Deletes what is stored of these pictures; no-op for files of a platform. Raises StoreFailed."""
        for attachment in filter(is_linked, attachments):
            await self._storage.delete_key(attachment.ref)

    # ------------------------------------------------------------ within

    async def _download(self, address: Address, owner: str) -> bytes | None:
        """The picture; b"" for a page of a GIF picker, None for anything else."""
        if is_gif_page(address.url):
            return b""
        try:
            async with self._memory.reserve(owner, MAX_BYTES):
                data = await self._fetcher.download(
                    address.url, max_bytes=MAX_BYTES, timeout_s=TIMEOUT_S, retries=False
                )
        except FetchFailed as failed:
            log.debug("address shows no picture", failure=type(failed).__name__, detail=failed.detail)
            return None
        return data if sniff_media_type(data[:SNIFF_BYTES]) is not None else None

    async def _store(self, address: Address, data: bytes | None, *, prefix: str, event: str) -> Attachment | None:
        if data is None:
            return None
        identity = f"{event}\n{address.url}".encode()
        ref = prefix + hashlib.sha256(identity).hexdigest()
        media_type = sniff_media_type(data[:SNIFF_BYTES])
        if media_type is None:
            return Attachment(ref=ref, media_type="video/mp4", filename="GIF", kind="gif")
        await self._storage.cache_blob(ref, data)
        return Attachment(
            ref=ref,
            media_type=media_type,
            size=len(data),
            filename=name_picture(address.url),
            spoiler=address.spoiler,
        )


def is_linked(attachment: Attachment) -> bool:
    """Whether it is a picture that was named by its address, and not a file of a platform."""
    return attachment.ref.startswith(REF_PREFIX)
