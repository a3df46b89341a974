"""An upstream of the chat dialect that answers with a link, and serves the picture behind it when a test lets it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(slots=True, kw_only=True)
class PictureHost:
    """An upstream of the chat dialect whose pictures are only served once they are `open`."""

    picture: bytes
    asked: int = 0
    address: str = ""
    fetched: asyncio.Event = field(default_factory=asyncio.Event)
    open: asyncio.Event = field(default_factory=asyncio.Event)

    async def chat(self, _: web.Request) -> web.Response:
        self.asked += 1
        content = f"![picture]({self.address}/pictures/{self.asked}.png)"
        message = {"role": "assistant", "content": content}
        return web.json_response({"choices": [{"message": message, "finish_reason": "stop"}]})

    async def file(self, _: web.Request) -> web.Response:
        self.fetched.set()
        await self.open.wait()
        return web.Response(body=self.picture, content_type="image/png")

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
    app = web.Application()
    app.add_routes([web.post("/chat/completions", made.chat), web.get("/pictures/{name}", made.file)])
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield made
    finally:
        made.open.set()
        await runner.cleanup()
