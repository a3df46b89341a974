"""Users' files: read again by message id, or stored where Discord shows them only once. URLs never outlive minutes.

Discord signs the URLs of its CDN for a day; a handle names message and attachment, and a fresh URL is asked for.
"""

import asyncio
from collections.abc import Sequence

import structlog
from cachetools import TTLCache

from adapters.discord.errors import CallRejected, translate_rejection
from adapters.discord.ids import MessageFileRef, StickerFileRef, StoredFileRef, parse_file_ref
from adapters.discord.media import ReceivedFile, find_images, make_attachment
from adapters.discord.rest import RestClient
from bot.chat import Attachment
from bot.downloads.fetcher import Fetcher
from bot.errors import (
    ChatBusy,
    ChatFailed,
    ChatUnreachable,
    FetchFailed,
    FetchTooLarge,
    PictureGone,
    PictureTooLarge,
    Refusal,
    StoreFailed,
)
from bot.ports import AdapterStorage
from bot.runtime.clock import Clock

log = structlog.get_logger()

URL_TTL_S = 600.0  # a URL from an event or a message is used so long; Discord signs it for a day
MAX_URLS = 2000  # remembered
DOWNLOAD_TIMEOUT_S = 60.0  # for one download
MAX_STORED_BYTES = 32_000_000  # of one file; the core takes no larger reference
READ_RETRY_PAUSES_S = (1.0, 2.0, 4.0)  # before a message is read once more


class Files:
    """Downloads of attachments, and the stored copies of those that Discord shows once."""

    def __init__(
        self, rest: RestClient, fetcher: Fetcher, storage: AdapterStorage, clock: Clock, *, cdn_base: str
    ) -> None:
        """`fetcher`: guarded downloads, since an embed's image may have any address. `cdn_base`: address of Discord's
        CDN, for what it serves by id."""
        self._rest = rest
        self._fetcher = fetcher
        self._storage = storage
        self._clock = clock
        self._cdn_base = cdn_base
        self._urls: TTLCache[str, str] = TTLCache(MAX_URLS, URL_TTL_S, clock.monotonic)  # by file ref
        self._uploads: dict[str, asyncio.Task[None]] = {}  # being stored, by attachment id

    def remember_url(self, ref: str, url: str) -> None:
        """Notes a URL that is fresh now."""
        self._urls[ref] = url

    async def store_upload(self, file: ReceivedFile) -> Attachment:
        """Downloads and stores what Discord will not show again, and returns its handle; `fetch` says PictureGone of
        one that could not be stored."""
        attachment = self.store_in_background(file)
        if (storing := self._uploads.get(file.id)) is not None:
            await asyncio.wait([storing])
        return attachment

    def store_in_background(self, file: ReceivedFile) -> Attachment:
        """As `store_upload`, without waiting."""
        if file.kind == "file" and file.id not in self._uploads:
            task = asyncio.create_task(self._store_upload(file), name=f"discord upload {file.id}")
            self._uploads[file.id] = task
            task.add_done_callback(lambda _: self._uploads.pop(file.id, None))
        return make_attachment(file, file.stored_ref)

    async def store_bytes(self, file_id: str, data: bytes) -> None:
        """Stores a file whose bytes are known. Raises StoreFailed."""
        await self._storage.cache_blob(StoredFileRef(id=file_id).blob_key, data)

    async def keep(self, attachment: Attachment) -> None:
        """Stores a picture whose message is about to be deleted. One that cannot be read is logged."""
        if isinstance(ref := parse_file_ref(attachment.ref), MessageFileRef):
            try:
                data = await self._fetch_from_message(ref, attachment.filename or "", MAX_STORED_BYTES)
                await self.store_bytes(ref.item, data)
            except (ChatFailed, Refusal, StoreFailed) as failed:
                log.warning("picture not kept", attachment=ref.item, failure=type(failed).__name__)

    async def fetch(self, attachment: Attachment, *, limit: int) -> bytes:
        """As `ChatPort.fetch`."""
        name = attachment.filename or ""
        if (attachment.size or 0) > limit:
            raise PictureTooLarge(name=name, limit=_format_megabytes(limit))
        match parse_file_ref(attachment.ref):
            case MessageFileRef() as ref:
                try:
                    return await self._fetch_from_message(ref, name, limit)
                except PictureGone:  # its message was deleted: a copy was kept where other jobs start from it
                    return await self._load_stored(StoredFileRef(id=ref.item), name, limit)
            case StoredFileRef() as ref:
                return await self._load_stored(ref, name, limit)
            case StickerFileRef() as ref:
                return await self._fetch_sticker(ref, name, limit)
            case None:
                raise PictureGone(name=name)

    async def delete_stored(self, attachments: Sequence[Attachment]) -> None:
        """As `StoredFiles.delete_stored`."""
        for attachment in attachments:
            match parse_file_ref(attachment.ref):
                case StoredFileRef(id=file_id) | MessageFileRef(item=file_id):
                    await self._storage.delete_key(StoredFileRef(id=file_id).blob_key)
                case _:
                    pass

    async def close(self) -> None:
        """Returns when no upload is being stored."""
        await asyncio.gather(*self._uploads.values(), return_exceptions=True)

    # ------------------------------------------------------------ within

    async def _store_upload(self, file: ReceivedFile) -> None:
        if (file.size or 0) > MAX_STORED_BYTES:
            return
        try:
            data = await self._fetcher.download(file.url, max_bytes=MAX_STORED_BYTES, timeout_s=DOWNLOAD_TIMEOUT_S)
            await self.store_bytes(file.id, data)
        except (FetchFailed, StoreFailed) as failed:
            log.warning("upload not stored", attachment=file.id, failure=type(failed).__name__)

    async def _load_stored(self, ref: StoredFileRef, name: str, limit: int) -> bytes:
        if (task := self._uploads.get(ref.id)) is not None:
            await asyncio.wait([task])
        data = await self._storage.cached_blob(ref.blob_key)
        if data is None:
            raise PictureGone(name=name)
        if len(data) > limit:
            raise PictureTooLarge(name=name, limit=_format_megabytes(limit))
        return data

    async def _fetch_from_message(self, ref: MessageFileRef, name: str, limit: int) -> bytes:
        """By the remembered URL, and by a fresh one when there is none or it does not work."""
        url = self._urls.get(str(ref))
        try:
            if url is not None:
                try:
                    return await self._fetcher.download(url, max_bytes=limit, timeout_s=DOWNLOAD_TIMEOUT_S)
                except FetchTooLarge:
                    raise
                except FetchFailed:
                    self._urls.pop(str(ref), None)
            url = await self._read_url(ref, name)
            return await self._fetcher.download(url, max_bytes=limit, timeout_s=DOWNLOAD_TIMEOUT_S)
        except FetchTooLarge as failed:
            raise PictureTooLarge(name=name, limit=_format_megabytes(limit)) from failed
        except FetchFailed as failed:
            raise PictureGone(name=name) from failed

    async def _fetch_sticker(self, ref: StickerFileRef, name: str, limit: int) -> bytes:
        """By the address that Discord documents ("CDN Endpoints")."""
        url = f"{self._cdn_base}/stickers/{ref.id}.png"
        try:
            return await self._fetcher.download(url, max_bytes=limit, timeout_s=DOWNLOAD_TIMEOUT_S)
        except FetchTooLarge as failed:
            raise PictureTooLarge(name=name, limit=_format_megabytes(limit)) from failed
        except FetchFailed as failed:
            raise PictureGone(name=name) from failed

    async def _read_url(self, ref: MessageFileRef, name: str) -> str:
        """A fresh URL, from the message itself. Raises PictureGone, ChatUnreachable."""
        path = f"/channels/{ref.channel}/messages/{ref.message}"
        for pause in (*READ_RETRY_PAUSES_S, None):
            try:
                urls = dict(find_images(await self._rest.call("GET", path)))
                break
            except CallRejected as rejection:
                if not isinstance(failed := translate_rejection(rejection), ChatUnreachable):
                    raise PictureGone(name=name, detail=str(rejection)) from rejection
                if pause is None:
                    raise failed from rejection
                await self._clock.sleep(pause)
            except (ChatBusy, ChatUnreachable) as failed:
                if pause is None:
                    raise ChatUnreachable(detail=failed.detail) from failed
                await self._clock.sleep(failed.retry_after if isinstance(failed, ChatBusy) else pause)
        else:  # pragma: no cover - the last round raises or breaks
            raise ChatUnreachable
        for item, url in urls.items():
            self.remember_url(str(MessageFileRef(channel=ref.channel, message=ref.message, item=item)), url)
        if ref.item not in urls:
            raise PictureGone(name=name)
        return urls[ref.item]


def _format_megabytes(limit: int) -> str:
    return f"{limit / 1_000_000:.3g} MB"
