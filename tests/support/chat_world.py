"""What a whole Easel is made of, whichever platform it runs on: its settings, an App on a store, looks into both."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.app import App
from bot.clock import Clock
from bot.ports import ChatPort
from bot.sandbox import Sandbox
from bot.settings import Settings
from bot.store.store import Store
from tests.servers.upstream.picture_host import PictureHost, picture_host
from tests.support.clocks import ShiftedClock
from tests.support.databases import migrated_sqlite
from tests.support.images import png


def easel_settings(folder: Path, sandbox: Sandbox, *changes: Mapping[str, Any]) -> Settings:
    """A database in `folder`, `sandbox` as the only provider, no time to drain; then `changes`, the last one wins."""
    values: dict[str, Any] = {
        "database_url": migrated_sqlite(folder),
        "providers": [{"preset": "sandbox", "base_url": sandbox.address, "api_key": "sandbox"}],
        "fetch": {"allow_hosts": [sandbox.address.removeprefix("http://")]},
        "drain_s": 0,
    }
    for each in changes:
        values |= each
    return Settings(**values)


@dataclass(slots=True, kw_only=True)
class ChatWorld:
    """A platform's server, the sandbox and a folder, in which Easel is started and stopped."""

    sandbox: Sandbox
    folder: Path
    clock: ShiftedClock
    """The time of Easel and of the server."""
    settings: dict[str, Any] = field(default_factory=dict[str, Any])
    """What differs from `easel_settings` at the next start."""

    @asynccontextmanager
    async def gallery(self, picture: bytes | None = None) -> AsyncGenerator[PictureHost]:
        """The provider of whoever starts inside: its pictures are served when they are let."""
        async with picture_host(png("blue") if picture is None else picture) as upstream:
            self.settings |= upstream.settings
            yield upstream


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


async def no_unfinished_jobs(store: Store) -> bool:
    return not await store.unfinished_jobs()


async def all_jobs_settled(store: Store) -> bool:
    """Whether every job has ended, and every end has been shown."""
    return not await store.unfinished_jobs() and not await store.pending_notifications()


def reference_sizes(sandbox: Sandbox) -> list[tuple[int, int]]:
    """Width and height of the references of the last request, in order."""
    return [(each.width, each.height) for each in sandbox.requests[-1].references]
