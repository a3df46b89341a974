"""Downloads of users' files by file id.

Their URLs are fresh each time, hold the bot's token, and never leave this module.
"""

import asyncio
from pathlib import Path

import httpx
import structlog
import telegram

from adapters.telegram.api import call_api
from adapters.telegram.errors import FILE_UNAVAILABLE, CallRejected, GroupMigrated, OutcomeUnknown
from bot.chat import Attachment
from bot.errors import ChatBusy, ChatFailed, ChatUnreachable, PictureGone, PictureTooLarge
from bot.runtime.clock import Clock
from bot.runtime.tls import client_context

log = structlog.get_logger()

CLOUD_DOWNLOAD_BYTES = (
    20 * 1024 * 1024
)  # bytes that getFile serves; a Bot API server of the operator's own knows no limit
DOWNLOAD_TIMEOUT_S = 60.0  # for one download, from connect to the last byte
RETRY_PAUSES_S = (1.0, 2.0, 4.0)  # before each retry of a download
# Before each retry of a file that Telegram says is not available now, which mostly holds for seconds; it says the same
# of a file that is gone for good.
UNAVAILABLE_PAUSES_S = (1.0, 2.0, 4.0, 8.0, 15.0)


class FileUnavailable(CallRejected):
    """Telegram does not find a file now. Never leaves this module."""


class FileDownloader:
    """`local`: the Bot API server is the operator's own and returns absolute paths on this machine."""

    def __init__(self, bot: telegram.Bot, clock: Clock, *, local: bool) -> None:
        self._bot = bot
        self._clock = clock
        self._local = local
        self._http = httpx.AsyncClient(verify=client_context(), timeout=httpx.Timeout(DOWNLOAD_TIMEOUT_S, connect=10.0))

    async def fetch(self, attachment: Attachment, *, limit: int) -> bytes:
        """As `ChatPort.fetch`."""
        name = attachment.filename or ""
        max_bytes = limit if self._local else min(limit, CLOUD_DOWNLOAD_BYTES)
        if (attachment.size or 0) > max_bytes:
            raise PictureTooLarge(name=name, limit=_format_megabytes(max_bytes))
        pauses, unavailable_pauses = iter(RETRY_PAUSES_S), iter(UNAVAILABLE_PAUSES_S)
        while True:
            try:
                return await self._fetch_once(attachment.ref, name, limit)
            except FileUnavailable as failed:
                if (pause := next(unavailable_pauses, None)) is None:
                    raise PictureGone(name=name, detail=failed.description) from failed
            except (ChatBusy, ChatUnreachable) as failed:
                if (pause := next(pauses, None)) is None:
                    raise ChatUnreachable(detail=failed.detail) from failed
                pause = failed.retry_after if isinstance(failed, ChatBusy) else pause
            await self._clock.sleep(pause)

    async def close(self) -> None:
        await self._http.aclose()

    # ------------------------------------------------------------ within

    async def _fetch_once(self, file_id: str, name: str, limit: int) -> bytes:
        """Raises FileUnavailable, PictureGone, PictureTooLarge, ChatBusy, ChatUnreachable."""
        try:
            file = await call_api(lambda: self._bot.get_file(file_id))
        except CallRejected as refused:
            if "too big" in refused.description:
                raise PictureTooLarge(name=name, limit=_format_megabytes(CLOUD_DOWNLOAD_BYTES)) from refused
            if FILE_UNAVAILABLE in refused.description:
                raise FileUnavailable(refused.description) from refused
            raise PictureGone(name=name, detail=refused.description) from refused
        except OutcomeUnknown as unclear:
            raise ChatUnreachable(detail=unclear.detail) from unclear
        except (GroupMigrated, ChatFailed) as failed:
            if isinstance(failed, ChatBusy | ChatUnreachable):
                raise
            raise PictureGone(name=name, detail=str(failed)) from failed
        if not file.file_path:
            raise PictureGone(name=name, detail="Telegram names no place for it")
        if (file.file_size or 0) > limit:
            raise PictureTooLarge(name=name, limit=_format_megabytes(limit))
        path = file.file_path.removeprefix(f"{self._bot.base_file_url}/")  # the library prefixes local paths, too
        if path.startswith("/"):
            return await asyncio.to_thread(_read_local_file, Path(path), name, limit, self._local)
        return await self._download(file.file_path, name, limit)

    async def _download(self, url: str, name: str, limit: int) -> bytes:
        data = bytearray()
        try:
            async with asyncio.timeout(DOWNLOAD_TIMEOUT_S), self._http.stream("GET", url) as response:
                if response.status_code in (429, 500, 502, 503, 504):
                    raise ChatUnreachable(detail=f"file: {response.status_code}")
                if not response.is_success:
                    raise PictureGone(name=name, detail=f"file: {response.status_code}")
                async for chunk in response.aiter_bytes():
                    data += chunk
                    if len(data) > limit:
                        raise PictureTooLarge(name=name, limit=_format_megabytes(limit))
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as failed:
            raise ChatUnreachable(detail=f"file: {type(failed).__name__}") from None  # its text holds the URL
        return bytes(data)


def _read_local_file(path: Path, name: str, limit: int, local: bool) -> bytes:
    """A file that the operator's own Bot API server has stored on this machine."""
    if not local:
        raise PictureGone(name=name, detail="the server names a path; set telegram.local if it runs on this machine")
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as failed:
        raise PictureGone(name=name, detail=f"local file: {failed.strerror}") from failed
    if len(data) > limit:
        raise PictureTooLarge(name=name, limit=_format_megabytes(limit))
    return data


def _format_megabytes(limit: int) -> str:
    return f"{limit / 1_000_000:.3g} MB" if limit != CLOUD_DOWNLOAD_BYTES else "20 MB"
