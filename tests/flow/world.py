"""A whole Easel for flow tests: the real core on a real database, the sandbox over HTTP, a platform in memory."""

import asyncio
import io
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import PIL.Image

from bot.app import App
from bot.clock import Clock
from bot.ports import ChatPort
from bot.sandbox import Sandbox
from bot.settings import Settings
from bot.store.store import Store
from tests.support.databases import migrated_sqlite
from tests.support.platform import Platform, Post
from tests.support.worlds import FastClock

SPEED = 10.0  # times as fast as the machine's time


@dataclass(slots=True, kw_only=True)
class World:
    """What a flow test holds in its hands."""

    app: App
    platform: Platform
    sandbox: Sandbox

    async def say(self, text: str, *attachments: Any, **given: Any) -> None:
        """A member writes to the bot."""
        await self.app.desk.receive_message(self.platform.message(text, *attachments, **given))

    async def settled(self, posts: int = 1) -> list[Post]:
        """Waits until every job has ended and been told of, and that many messages stand; returns them all."""
        await self.platform.until(lambda: len(self.platform.posts) >= posts)
        while True:  # an end is written down before or after it is shown, so there is no one event to wait for
            if not await self.app.store.unfinished_jobs() and not await self.app.store.pending_notifications():
                return self.platform.posts
            await asyncio.sleep(0.005)


def settings(folder: Path, sandbox: Sandbox, **given: Any) -> Settings:
    """The settings of a flow: this sandbox as the only provider, unless `given` says otherwise."""
    host = sandbox.address.removeprefix("http://")
    values: dict[str, Any] = {
        "database_url": migrated_sqlite(folder),
        "providers": [{"preset": "sandbox", "base_url": sandbox.address, "api_key": "sandbox"}],
        "fetch": {"allow_hosts": [host]},
        "drain_s": 0,
        "admins": ["memory:boss"],
    }
    return Settings(**(values | given))


@asynccontextmanager
async def open_app(settings: Settings, ports: Mapping[str, ChatPort], clock: Clock) -> AsyncGenerator[App]:
    """An App on a store of its own, both closed at the end; not started."""
    store = await Store.open(settings.database_url, clock=clock)
    try:
        app = await App.open(settings, store, ports, clock)
        try:
            yield app
        finally:
            await app.close()
    finally:
        await store.close()


@asynccontextmanager
async def world(
    folder: Path, sandbox: Sandbox, platform: Platform | None = None, **given: Any
) -> AsyncGenerator[World]:
    """Easel from its start to its orderly end. Waits between polls, and between two edits, take
    a tenth of their time."""
    platform = platform or Platform()
    async with open_app(settings(folder, sandbox, **given), {"memory": platform}, FastClock(SPEED)) as app:
        await app.start()
        yield World(app=app, platform=platform, sandbox=sandbox)


def png(color: str = "red", size: tuple[int, int] = (64, 48)) -> bytes:
    """A small picture."""
    held = io.BytesIO()
    PIL.Image.new("RGB", size, color).save(held, "PNG")
    return held.getvalue()
