"""Signed links to attachments: creation, check, expiry, download. Knows nothing of messages.

A link carries `ex` and `is` (hexadecimal seconds) and `hm`, a signature over path and times, as Discord's do.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from aiohttp import web

from tests.servers.discord.entities import Attachment, StickerFormat
from tests.servers.discord.world import World

ROUTES = ("/attachments/{place}/{id}/{filename}", "/ephemeral-attachments/{place}/{id}/{filename}")
STICKER_ROUTE = "/stickers/{id}.{extension}"
STICKER_FILES = {  # "CDN Endpoints": a GIF is served by the media proxy alone
    StickerFormat.PNG: ("png", "image/png"),
    StickerFormat.APNG: ("png", "image/apng"),
    StickerFormat.LOTTIE: ("json", "application/json"),
}
SECRET = b"the key of the links"
GONE = "This content is no longer available."


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A link was followed. `status`: 200, or 404 for a link that is expired, forged or of a lost file."""

    attachment_id: int
    status: int


class Cdn:
    """`life`: seconds until a link expires. `lost`: ids of attachments whose bytes are gone."""

    def __init__(self, world: World, now: Callable[[], datetime], *, life: float = 86_400.0) -> None:
        self.base = ""
        self.life = life
        self.lost: set[int] = set()
        self.downloads: list[Download] = []
        self._world = world
        self._now = now

    def link(self, attachment: Attachment, place: int) -> str:
        """A fresh link; `place` is the channel's id, or the application's for an ephemeral file."""
        kind = "ephemeral-attachments" if attachment.ephemeral else "attachments"
        path = f"/{kind}/{place}/{attachment.id}/{quote(attachment.filename)}"
        issued = int(self._now().timestamp())
        expires, since = f"{issued + int(self.life):x}", f"{issued:x}"
        return f"{self.base}{path}?ex={expires}&is={since}&hm={self._sign(path, expires, since)}&"

    def answer(self, request: web.Request) -> web.Response:
        attachment = self._world.attachments.get(int(request.match_info["id"]))
        good = attachment is not None and attachment.id not in self.lost and self._holds(request)
        self.downloads.append(Download(attachment_id=int(request.match_info["id"]), status=200 if good else 404))
        if attachment is None or not good:
            return web.Response(status=404, text=GONE)
        media_type = attachment.content_type or "application/octet-stream"
        return web.Response(body=attachment.data, headers={"Content-Type": media_type})

    def answer_sticker(self, request: web.Request) -> web.Response:
        """A sticker by its id; its link is neither signed nor ever stale."""
        sticker = self._world.stickers.get(int(request.match_info["id"]))
        extension, media_type = STICKER_FILES.get(sticker.format, ("", "")) if sticker is not None else ("", "")
        if sticker is None or extension != request.match_info["extension"]:
            return web.Response(status=404, text=GONE)
        return web.Response(body=sticker.data, headers={"Content-Type": media_type})

    def _holds(self, request: web.Request) -> bool:
        query = request.query
        expires, since = query.get("ex", ""), query.get("is", "")
        signed = self._sign(request.rel_url.raw_path, expires, since)
        if not hmac.compare_digest(signed, query.get("hm", "")):
            return False
        return self._now().timestamp() < int(expires, 16)

    def _sign(self, path: str, expires: str, since: str) -> str:
        return hmac.new(SECRET, f"{path}|{expires}|{since}".encode(), hashlib.sha256).hexdigest()
