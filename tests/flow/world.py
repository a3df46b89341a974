"""A whole Easel for flow tests: the real core on a real database, the sandbox over HTTP, a platform in memory."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.app import App
from bot.sandbox import Sandbox
from bot.settings import Settings
from tests.support.chat_world import all_jobs_settled, easel_settings, open_app
from tests.support.clocks import FastClock
from tests.support.platform import Platform, Post
from tests.support.waiting import wait_until

SPEED = 10.0  # times as fast as the machine's time


@dataclass(slots=True, kw_only=True)
class World:
    """What a flow test holds in its hands."""

    app: App
    platform: Platform
    sandbox: Sandbox

    async def say(self, text: str, *attachments: Any, **given: Any) -> None:
        """A member writes to the bot."""
        await self.app.events.receive_message(self.platform.message(text, *attachments, **given))

    async def settled(self, posts: int = 1) -> list[Post]:
        """Waits until every job has ended and been told of, and that many messages stand; returns them all."""
        await self.platform.until(lambda: len(self.platform.posts) >= posts)
        await wait_until(lambda: all_jobs_settled(self.app.store))  # before or after an end is shown
        return self.platform.posts


def settings(folder: Path, sandbox: Sandbox, **given: Any) -> Settings:
    """The settings of a flow: this sandbox as the only provider, unless `given` says otherwise."""
    return easel_settings(folder, sandbox, {"admins": ["memory:boss"]}, given)


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
