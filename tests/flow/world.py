"""Easel under a platform in memory: the real core on a real database, with the sandbox over HTTP as its upstream."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typing_extensions import override

from bot.sandbox import Sandbox
from bot.settings import Settings
from tests.support.clocks import FastClock, ShiftedClock
from tests.support.platform import Platform, Post
from tests.support.world import World, open_app

SPEED = 10.0  # times as fast as the machine's time: waits between polls, and between two edits


@dataclass(slots=True, kw_only=True)
class MemoryWorld(World):
    """A platform in memory, whose members talk to the core directly."""

    platform: Platform

    @override
    def platform_settings(self) -> dict[str, Any]:
        return {"admins": ["memory:boss"]}

    @asynccontextmanager
    async def easel(self, **changes: Any) -> AsyncGenerator["MemoryWorld"]:
        """Runs the core for the length of the block, then shuts it down. `changes`: of settings."""
        settings = Settings(**self.values(changes))
        async with open_app(settings, {"memory": self.platform}, self.clock) as app:
            await app.start()
            self.running = app
            try:
                yield self
            finally:
                self.running = None

    async def say(self, text: str, *attachments: Any, **given: Any) -> None:
        """A member writes to the bot."""
        await self.app.events.receive_message(self.platform.message(text, *attachments, **given))

    async def settled(self, posts: int = 1) -> list[Post]:
        """Waits until every job has ended and shown its end, and that many messages stand; returns them all."""
        await self.platform.until(lambda: len(self.platform.posts) >= posts)
        await self.wait_until_settled()
        return self.platform.posts


def settings(folder: Path, sandbox: Sandbox, **changes: Any) -> Settings:
    """The settings of a flow: this sandbox as the only provider, unless `changes` say otherwise."""
    made = MemoryWorld(folder=folder, sandbox=sandbox, platform=Platform())
    return Settings(**made.values(changes))


def sandbox_provider(sandbox: Sandbox, dialect: str, **given: Any) -> dict[str, Any]:
    """Settings of a provider that speaks a dialect with a sandbox, named like the dialect; `given`: others."""
    return {
        "name": dialect,
        "preset": "sandbox",
        "dialect": dialect,
        "base_url": sandbox.address,
        "api_key": "sandbox",
        **given,
    }


@asynccontextmanager
async def world(
    folder: Path,
    sandbox: Sandbox,
    platform: Platform | None = None,
    *,
    clock: ShiftedClock | None = None,
    **changes: Any,
) -> AsyncGenerator[MemoryWorld]:
    """Easel from its start to its orderly end. `changes`: of settings; `clock`: a fast one by default."""
    made = MemoryWorld(folder=folder, sandbox=sandbox, platform=platform or Platform(), clock=clock or FastClock(SPEED))
    async with made.easel(**changes) as easel:
        yield easel
