"""Pictures of members: read again by id, or kept where Discord shows them only once. Links never outlive minutes.

Discord signs the links of its CDN for a day; a handle names message and attachment, and a fresh link is asked for.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from adapters.discord.errors import Refused
from adapters.discord.ids import InMessage, Kept, read_ref
from adapters.discord.rest import Json, Rest
from bot.chat import Attachment
from bot.clock import Clock
from bot.errors import ChatBusy, ChatUnreachable, FetchFailed, FetchTooLarge, PictureGone, PictureTooLarge, StoreFailed
from bot.fetch import Fetcher
from bot.ports import AdapterStorage

log = structlog.get_logger()

LINK_LIFE = 600.0  # seconds that a link is used which an event or a reading brought
LINKS = 2000  # remembered at most
SECONDS = 60.0  # for one download
KEEP_LIMIT = 32_000_000  # bytes of one picture that is kept; the core takes no larger reference
TRIES = (1.0, 2.0, 4.0)  # seconds before a message is read once more


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An attachment as an event describes it."""

    id: str
    url: str
    size: int | None
    media_type: str
    filename: str | None
    spoiler: bool


class Files:
    """`fetcher`: the guarded door, since an embed's picture may lie anywhere."""

    def __init__(self, rest: Rest, fetcher: Fetcher, memory: AdapterStorage, clock: Clock) -> None:
        self._rest = rest
        self._fetcher = fetcher
        self._memory = memory
        self._clock = clock
        self._links: OrderedDict[str, tuple[float, str]] = OrderedDict()
        self._keeping: dict[str, asyncio.Task[bool]] = {}

    def know(self, ref: str, url: str) -> None:
        """A link that is fresh now."""
        self._links[ref] = (self._clock.monotonic(), url)
        self._links.move_to_end(ref)
        while len(self._links) > LINKS:
            self._links.popitem(last=False)

    async def keep(self, given: Given) -> Attachment:
        """Downloads what Discord will not show again, and returns its handle; one that could not be had is found
        to be gone later."""
        kept = Kept(id=given.id)
        self.keep_soon(given)
        await asyncio.wait([self._keeping[given.id]])
        return handle(given, str(kept))

    def keep_soon(self, given: Given) -> Attachment:
        """As `keep`, in the background."""
        if given.id not in self._keeping:
            task = asyncio.create_task(self._keep(given), name=f"discord keeps {given.id}")
            self._keeping[given.id] = task
            task.add_done_callback(lambda _: self._keeping.pop(given.id, None))
        return handle(given, str(Kept(id=given.id)))

    async def keep_bytes(self, identity: str, data: bytes) -> None:
        await self._memory.cache_blob(Kept(id=identity).key, data)

    async def fetch(self, attachment: Attachment, *, limit: int) -> bytes:
        """As `ChatPort.fetch`."""
        name = attachment.filename or ""
        if (attachment.size or 0) > limit:
            raise PictureTooLarge(name=name, limit=_megabytes(limit))
        match read_ref(attachment.ref):
            case InMessage() as place:
                return await self._from_message(place, name, limit)
            case Kept() as kept:
                return await self._from_memory(kept, name, limit)
            case None:
                raise PictureGone(name=name)

    async def delete_stored(self, attachments: Sequence[Attachment]) -> None:
        """The bytes that are kept of these go. Raises StoreFailed."""
        for each in attachments:
            if isinstance(kept := read_ref(each.ref), Kept):
                await self._memory.delete_key(kept.key)

    async def close(self) -> None:
        await asyncio.gather(*self._keeping.values(), return_exceptions=True)

    # ------------------------------------------------------------ within

    async def _keep(self, given: Given) -> bool:
        if (given.size or 0) > KEEP_LIMIT:
            return False
        try:
            data = await self._fetcher.get(given.url, limit=KEEP_LIMIT, timeout=SECONDS)
            await self._memory.cache_blob(Kept(id=given.id).key, data)
        except (FetchFailed, StoreFailed) as failed:
            log.warning("upload not kept", attachment=given.id, failure=type(failed).__name__)
            return False
        return True

    async def _from_memory(self, kept: Kept, name: str, limit: int) -> bytes:
        if (task := self._keeping.get(kept.id)) is not None:
            await asyncio.wait([task])
        data = await self._memory.cached_blob(kept.key)
        if data is None:
            raise PictureGone(name=name)
        if len(data) > limit:
            raise PictureTooLarge(name=name, limit=_megabytes(limit))
        return data

    async def _from_message(self, place: InMessage, name: str, limit: int) -> bytes:
        at, url = self._links.get(str(place), (0.0, ""))
        try:
            if url and self._clock.monotonic() - at < LINK_LIFE:
                try:
                    return await self._fetcher.get(url, limit=limit, timeout=SECONDS)
                except FetchTooLarge:
                    raise
                except FetchFailed:
                    self._links.pop(str(place), None)
            return await self._fetcher.get(await self._read(place, name), limit=limit, timeout=SECONDS)
        except FetchTooLarge as failed:
            raise PictureTooLarge(name=name, limit=_megabytes(limit)) from failed
        except FetchFailed as failed:
            raise PictureGone(name=name) from failed

    async def _read(self, place: InMessage, name: str) -> str:
        """A fresh link. Raises PictureGone, ChatUnreachable."""
        path = f"/channels/{place.channel}/messages/{place.message}"
        for pause in (*TRIES, None):
            try:
                links = dict(pictures(await self._rest.call("GET", path)))
                break
            except Refused as refused:
                raise PictureGone(name=name, detail=str(refused)) from refused
            except (ChatBusy, ChatUnreachable) as failed:
                if pause is None:
                    raise ChatUnreachable(detail=failed.detail) from failed
                await self._clock.sleep(failed.retry_after if isinstance(failed, ChatBusy) else pause)
        else:  # pragma: no cover - the last round raises or breaks
            raise ChatUnreachable
        for item, url in links.items():
            self.know(str(InMessage(channel=place.channel, message=place.message, item=item)), url)
        if place.item not in links:
            raise PictureGone(name=name)
        return links[place.item]


def handle(given: Given, ref: str) -> Attachment:
    return Attachment(
        ref=ref, media_type=given.media_type, size=given.size, filename=given.filename, spoiler=given.spoiler
    )


def pictures(message: Json) -> list[tuple[str, str]]:
    """Every attachment and embedded picture of a message as REST shows it, with its link."""
    snapshots: list[Json] = message.get("message_snapshots") or []
    inside: list[Json] = [message, *(each["message"] for each in snapshots if each.get("message"))]
    attachments = [each for one in inside for each in _list(one, "attachments")]
    found = [(str(each["id"]), str(each["url"])) for each in attachments]
    embeds = [embed for one in inside for embed in _list(one, "embeds")]
    for number, embed in enumerate(embeds):
        if (url := embed_picture(embed)) is not None:
            found.append((f"e{number}", url))
    return found


def embed_picture(embed: Mapping[str, Any]) -> str | None:
    """The picture that an embed is about; a website's little thumbnail is none."""
    picture: Json = embed.get("image") or (embed.get("thumbnail") if embed.get("type") == "image" else None) or {}
    return picture.get("proxy_url") or picture.get("url")


def _list(body: Json, key: str) -> list[Json]:
    return body.get(key) or []


def _megabytes(limit: int) -> str:
    return f"{limit / 1_000_000:.3g} MB"
