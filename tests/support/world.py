"""Easel and what it runs against: an upstream, a clock, a folder for all it keeps.

Starts Easel in this process (its core, its core under an adapter, or all of it) or in another. Knows no platform:
subclasses add those.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from adapters.service import PlatformAdapter, serve
from bot.app import App
from bot.ports import ChatPort, Cluster, EventSink, Shop
from bot.quota import Balance
from bot.runtime.clock import Clock
from bot.sandbox import Sandbox
from bot.settings import Settings
from bot.store.store import Store
from tests.servers.upstream.picture_host import PictureHost, picture_host
from tests.support.clocks import ShiftedClock
from tests.support.databases import migrated_database
from tests.support.easel_process import EaselProcess, run_easel
from tests.support.forked import forked
from tests.support.images import png
from tests.support.waiting import wait_until

DAILY_CREDITS = 50  # the default of `limits.user_daily`


@dataclass(slots=True, kw_only=True)
class World:
    """A sandbox and a folder, in which Easel is started and stopped."""

    folder: Path
    sandbox: Sandbox
    clock: ShiftedClock = field(default_factory=ShiftedClock)
    """The time of Easel in this process, and of the platforms' servers."""
    settings: dict[str, Any] = field(default_factory=dict[str, Any])
    """What differs from the other settings at the next start; a table replaces a whole table."""
    running: App | None = None
    """The core that an adapter runs in this process, or a platform in memory."""
    address: str = ""
    """Of the HTTP server that `served` has started last."""
    processes: int = 0
    """How many processes were started."""

    @property
    def app(self) -> App:
        """The core in this process."""
        assert self.running is not None
        return self.running

    @property
    def database_url(self) -> str:
        """Of the folder's database, which has all tables."""
        return migrated_database(self.folder)

    def advance_clock(self, seconds: float) -> None:
        """Moves the clock of Easel in this process, and of the platforms' servers, on."""
        self.clock.move_on(seconds)

    # ------------------------------------------------------------ settings

    def platform_settings(self) -> dict[str, Any]:
        """What connects Easel with the platforms."""
        return {}

    def provider(self, **more: Any) -> dict[str, Any]:
        """The sandbox as an item of `providers`."""
        return {"preset": "sandbox", "base_url": self.sandbox.address, "api_key": "sandbox"} | more

    def values(self, changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The settings of the next start, with these changes."""
        return {
            "database_url": self.database_url,
            "providers": [self.provider()],
            "fetch": {"allow_hosts": [self.sandbox.address.removeprefix("http://")]},
            "drain_s": 0,
            **self.platform_settings(),
            **self.settings,
            **(changes or {}),
        }

    def write_config(self) -> Path:
        """Writes the settings of the next process, which other processes do not read: they may still be starting."""
        file = self.folder / f"easel{self.processes}.toml"
        values = {"server": {"port": 0}} | self.values()
        file.write_text("".join(f"{key} = {_to_toml(value)}\n" for key, value in values.items()), "utf-8")
        return file

    # ------------------------------------------------------------ Easel, started and stopped

    @asynccontextmanager
    async def start_app(
        self,
        settings: Settings,
        store: Store,
        adapter: PlatformAdapter,
        *,
        intercept: Callable[[EventSink], EventSink] = lambda events: events,
        cluster: Cluster | None = None,
        receives: bool = True,
    ) -> AsyncGenerator[App]:
        """The core in this process under one adapter, both started. `intercept`: what the adapter gets for the core.
        `cluster`: this Easel among others. `receives`: as of `adapters.service.serve`."""
        shops = {adapter.platform: adapter} if isinstance(adapter, Shop) else {}
        app = await App.open(settings, store, {adapter.platform: adapter}, self.clock, cluster=cluster, shops=shops)
        try:
            await (adapter.start if receives else adapter.start_sending)(intercept(app.events))
            await app.start()
            self.running = app
            yield app
        finally:
            self.running = None
            await adapter.stop_receiving()
            await app.close()
            await adapter.close()

    @asynccontextmanager
    async def served(self, **changes: Any) -> AsyncGenerator[str]:
        """`easel run` in this process, on the port that it had before; yields the address of its HTTP server."""
        port = int(self.address.rpartition(":")[2]) if self.address else 0
        settings = Settings(**self.values({"server": {"port": port}, **self.settings, **changes}))
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        stop = asyncio.Event()
        running = asyncio.create_task(serve(settings, stop=stop, ready=ready.set_result))
        try:
            await asyncio.wait((running, ready), return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
            self.address = ready.result()
            yield self.address
        finally:
            stop.set()
            await running

    @asynccontextmanager
    async def process(self, run: Callable[[Path], None] = run_easel) -> AsyncGenerator[EaselProcess]:
        """Another process, from the moment when it runs; killed at the end unless it has ended. `run`: a function of a
        module that gets the file of its settings, and reports as `run_easel` does."""
        self.processes += 1
        log = self.folder / f"log{self.processes}.jsonl"
        async with forked(run, self.write_config(), stderr=log) as child:
            running = EaselProcess(child=child, log=log)
            assert await running.read_report(), log.read_text()
            yield running

    # ------------------------------------------------------------ looks into the database

    @asynccontextmanager
    async def store(self) -> AsyncGenerator[Store]:
        """The store of the core in this process; else one of its own on the same database."""
        if self.running is not None:
            yield self.running.store
            return
        async with open_store(self.database_url, self.clock, migrate=False) as opened:
            yield opened

    async def wait_until_settled(self) -> None:
        """Waits until every job has ended and its message shows the end."""
        async with self.store() as store:
            await wait_until(lambda: all_jobs_settled(store))

    async def wait_for_unfinished_jobs(self, count: int) -> None:
        """Waits until that many jobs are unfinished."""

        async def counted(store: Store) -> bool:
            return len(await store.unfinished_jobs()) == count

        async with self.store() as store:
            await wait_until(lambda: counted(store))

    async def balance(self, user_key: str) -> Balance:
        """`user_key`: `platform:id`."""
        async with self.store() as store:
            return await store.balance(user_key, DAILY_CREDITS)

    async def wait_for_checkpoint(self, name: str) -> None:
        """Waits until an unfinished job has a checkpoint of that name."""

        async def saved(store: Store) -> bool:
            return any(name in job.checkpoints for job in await store.unfinished_jobs())

        async with self.store() as store:
            await wait_until(lambda: saved(store))

    async def wait_for_status_id(self, message_id: object) -> None:
        """Waits until an unfinished job knows its message; before that, a killed process does not know it either."""

        async def known(store: Store) -> bool:
            return any(job.status_id == str(message_id) for job in await store.unfinished_jobs())

        async with self.store() as store:
            await wait_until(lambda: known(store))

    # ------------------------------------------------------------ the upstream

    @asynccontextmanager
    async def gallery(self, picture: bytes | None = None) -> AsyncGenerator[PictureHost]:
        """The provider of whoever starts inside: its pictures are served when they are let."""
        async with picture_host(png("blue") if picture is None else picture) as upstream:
            self.settings |= upstream.settings
            yield upstream


@asynccontextmanager
async def open_store(url: str, clock: Clock, *, migrate: bool = True) -> AsyncGenerator[Store]:
    """A store that is closed at the end."""
    store = await Store.open(url, clock=clock, migrate=migrate)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def open_app(
    settings: Settings,
    ports: Mapping[str, ChatPort],
    clock: Clock,
    *,
    cluster: Cluster | None = None,
    listening_at: str | None = None,
) -> AsyncGenerator[App]:
    """An App on a store of its own, both closed at the end; not started. `cluster`: this Easel among others.
    `listening_at`: as of `App.open`."""
    async with open_store(settings.database_url, clock) as store:
        app = await App.open(settings, store, ports, clock, cluster=cluster, listening_at=listening_at)
        try:
            yield app
        finally:
            await app.close()


async def no_unfinished_jobs(store: Store) -> bool:
    return not await store.unfinished_jobs()


async def all_jobs_settled(store: Store) -> bool:
    """Whether every job has ended, and every end has been shown."""
    return not await store.unfinished_jobs() and not await store.pending_notifications()


def reference_sizes(sandbox: Sandbox) -> list[tuple[int, int]]:
    """Width and height of the references of the last request, in order."""
    return [(each.width, each.height) for each in sandbox.requests[-1].references]


def _to_toml(value: object) -> str:
    """A value of JSON's kinds (a path as its text) in TOML; tables inline."""
    if isinstance(value, Mapping):
        table = cast("Mapping[str, object]", value)
        return "{ " + ", ".join(f"{json.dumps(key)} = {_to_toml(item)}" for key, item in table.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_to_toml, cast("list[object]", value))) + "]"
    return json.dumps(value, ensure_ascii=False, default=str)
