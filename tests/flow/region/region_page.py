"""The region page's server on a running core, and a client that speaks to it as the page does."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from adapters.http.server import HttpServer
from adapters.region.routes import RegionRoutes
from bot.chat import Action, MessageRef, User
from bot.ports import REGION_PATH, ButtonPress
from bot.sandbox import Sandbox
from tests.flow.world import MemoryWorld
from tests.support.platform import AMBER, Platform, Post

PUBLIC = "https://easel.example"
LOOSE = "a red sail --loose"  # without the original put back around it, which others test
HALF = {"tool": "rectangle", "points": [0, 0, 512, 1024]}
HALF_OF_1024 = json.dumps({"width": 1024, "height": 1024, "strokes": [HALF]}).encode()


def masking(sandbox: Sandbox) -> dict[str, Any]:
    """Settings with a provider that takes masks."""
    upstream = {"preset": "sandbox", "dialect": "images", "base_url": sandbox.address, "api_key": "sandbox"}
    return {"providers": [upstream]}


class Pages(Platform):
    """A platform whose members can open Easel's pages."""

    def __init__(self) -> None:
        super().__init__()
        self.opens_pages = True


@dataclass(slots=True)
class RegionClient:
    """A member's browser on the page."""

    http: aiohttp.ClientSession
    address: str
    origin: str = PUBLIC
    launch: str | None = None

    def _headers(self, token: str, **more: str) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {token}", "Origin": self.origin, "Accept-Language": "en"}
        return headers | ({} if self.launch is None else {"X-Easel-Launch": self.launch}) | more

    async def get(self, path: str, token: str) -> aiohttp.ClientResponse:
        answer = await self.http.get(f"{self.address}{REGION_PATH}/{path}", headers=self._headers(token))
        await answer.read()
        return answer

    async def post(self, path: str, token: str, body: bytes) -> aiohttp.ClientResponse:
        answer = await self.http.post(f"{self.address}{REGION_PATH}/{path}", data=body, headers=self._headers(token))
        await answer.read()
        return answer

    async def paint(self, token: str, prompt: str = LOOSE, *strokes: Any) -> aiohttp.ClientResponse:
        drawing = {"width": 1024, "height": 1024, "strokes": strokes or (HALF,)}
        return await self.post("paint", token, json.dumps({"prompt": prompt, "drawing": drawing}).encode())


@asynccontextmanager
async def region_client(easel: MemoryWorld, *, launch: str | None = None) -> AsyncGenerator[RegionClient]:
    """The page's server for the length of the block."""
    routes = RegionRoutes(PUBLIC)
    server = HttpServer("127.0.0.1", 0)
    server.mount(routes.routes())
    await server.start()
    routes.regions = easel.app.regions
    try:
        async with aiohttp.ClientSession() as http:
            yield RegionClient(http, server.address, launch=launch)
    finally:
        await server.stop()


async def press_region(easel: MemoryWorld, post: Post, *, sender: User = AMBER) -> tuple[str, str]:
    """Presses *Region* below a result: the token of the link, and what else is shown."""
    [job_id] = {button.job_id for button in post.cards[-1].buttons}
    press = ButtonPress(
        id=f"press-{post.id}-{sender.id}",
        message=MessageRef(chat=post.chat, message_id=post.id),
        sender=sender,
        action=Action.REGION,
        job_id=job_id,
    )
    reply = await easel.app.events.press_button(press)
    return ("" if reply.page is None else reply.page.token), reply.text


async def painted(easel: MemoryWorld) -> Post:
    """A result of Amber's."""
    await easel.say("a small boat on a lake")
    return (await easel.settled())[-1]
