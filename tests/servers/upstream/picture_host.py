"""An upstream of the chat dialect that answers with a link, and serves the picture behind it when a test lets it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.servers.upstream.scripted import JSON, Call, message, scripted_upstream


@dataclass(slots=True, kw_only=True)
class PictureHost:
    """An upstream of the chat dialect whose pictures are only served once they are `open`; those `at_once` before."""

    picture: bytes
    at_once: set[str] = field(default_factory=set[str])
    """Paths of pictures that are served although the others are not open: `/pictures/1.png` of the first request."""
    asked: int = 0
    address: str = ""
    fetched: asyncio.Event = field(default_factory=asyncio.Event)
    open: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, call: Call) -> None:
        if call.method == "POST":
            self.asked += 1
            await call.respond(message(f"![picture]({self.address}/pictures/{self.asked}.png)"), JSON)
            return
        self.fetched.set()
        if call.target not in self.at_once:
            await self.open.wait()
        await call.respond(self.picture, "Content-Type: image/png")

    @property
    def settings(self) -> dict[str, Any]:
        """What makes it the only provider."""
        return {
            "providers": [{"name": "host", "preset": "relay", "base_url": self.address}],
            "fetch": {"allow_hosts": [self.address.removeprefix("http://")]},
        }


@asynccontextmanager
async def picture_host(picture: bytes) -> AsyncGenerator[PictureHost]:
    """A host that serves."""
    made = PictureHost(picture=picture)
    async with scripted_upstream(made.serve) as upstream:
        made.address = upstream.url
        try:
            yield made
        finally:
            made.open.set()
