"""`easel run` and `easel worker` as coroutines: core, adapters and HTTP server together, until a signal says stop.

Knows every adapter; what an operator types and reads on the terminal stands in `cli`.
"""

import asyncio
import gc
import sys
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from typing import Protocol

import structlog
from aiohttp import web

from adapters.admin.guard import Core
from adapters.admin.routes import AdminRoutes
from adapters.discord.client import DiscordAdapter
from adapters.http.callbacks import routes as callback_routes
from adapters.http.server import HttpServer
from adapters.job_traces import trace_jobs
from adapters.operator_notices import tell_administrators
from adapters.playground.client import PlaygroundAdapter
from adapters.playground.protocol import WireCommand
from adapters.preconditions import (
    missing_adapters,
    missing_secrets,
    painting_problems,
    worker_problems,
)
from adapters.region.routes import RegionRoutes
from adapters.reloading import SettingsSource, follow_settings
from adapters.stop_signals import stop_on_signals
from adapters.telegram.client import TelegramAdapter
from bot.alerting.error_recorder import ErrorRecorder
from bot.alerting.sources import NewErrors, SetAside
from bot.app import App
from bot.cluster.chat_routing import platform_role
from bot.cluster.opening import open_cluster
from bot.errors import SettingsWrong
from bot.intake.commands import COMMANDS
from bot.pictures.configured import make_processor
from bot.pictures.processing import ImageProcessor
from bot.ports import EVENTS, PAINTING, ChatPort, Cluster, EventSink, Shop
from bot.providers.tasks.callbacks import Callbacks
from bot.runtime import descriptors
from bot.runtime.clock import Clock, SystemClock
from bot.runtime.loop_lag import LoopLag
from bot.settings import Settings
from bot.store.adapter_store import AdapterStore
from bot.store.health import DatabaseHealth
from bot.store.maintenance import exclusive_access
from bot.store.scheduled_backups import Backups
from bot.store.store import Store
from bot.texts import translate

log = structlog.get_logger()

# Instead of Python's 5 ms: so long the database's thread waits for a busy event loop after each statement, and a commit
# of six writes took 26 ms in a flood (`python -m tests.bench I --quick`).
SWITCH_INTERVAL_S = 0.0005


class PlatformAdapter(ChatPort, Protocol):
    """One chat platform's adapter, the same shape for all.

    The constructor gets everything that exists before the core does (settings, storage, clock) and makes all parts of
    the sending half, so that the ChatPort is complete before the core is wired; it starts no task and sends nothing.
    `start` gets the core's EventSink, makes the receiving half and keeps it in one attribute. In the end
    `stop_receiving`, then the core drains, then `close`.
    """

    @property
    def keeps_requests(self) -> bool:
        """Whether the platform keeps requests that nobody receives for the next start. Any other's are received until
        the core has drained, and refused."""
        ...

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """What the platform calls on Easel's HTTP server; mounted before `start`, and answered from then on."""
        ...

    async def start(self, events: EventSink, /) -> None:
        """Connects, and receives in the background from then on; a platform that is away is waited for.

        Raises SettingsWrong when the platform does not accept the token.
        """
        ...

    async def start_sending(self, events: EventSink, /) -> None:
        """In the place of `start`, where other processes receive: logs in, so that calls can be made.

        Raises SettingsWrong when the platform does not accept the token.
        """
        ...

    async def stop_receiving(self) -> None:
        """Returns when nothing comes in any more and what came in was handed to the core. No-op before `start`."""
        ...

    async def close(self) -> None:
        """Closes every connection. Also after a failed or missing `start`."""
        ...

    async def problem(self) -> str | None:
        """Why the platform cannot be reached now, for `/readyz`; None when it can."""
        ...


def ignore_address(address: str) -> None:
    """The default of `ready`: nobody needs the address."""


async def run(
    settings: Settings, *, ready: Callable[[str], None] = ignore_address, source: SettingsSource | None = None
) -> None:
    """Serves until SIGTERM or SIGINT, then drains. `ready` is called with the HTTP server's address. `source`: where
    the settings are read again when they change; None: they stay as they are.

    Raises SettingsWrong when the settings do not add up to something that runs.
    """
    stop, hurry = stop_on_signals()
    sys.setswitchinterval(SWITCH_INTERVAL_S)

    def start_collecting(address: str) -> None:
        gc.freeze()  # what is there by now stays: to look through it held up the event loop for 150 ms at a time
        gc.enable()
        ready(address)

    gc.disable()
    await serve(settings, stop=stop, hurry=hurry, ready=start_collecting, source=source)


async def work(
    settings: Settings, *, ready: Callable[[str], None] = ignore_address, source: SettingsSource | None = None
) -> None:
    """Paints what other processes accept, until SIGTERM or SIGINT, and receives nothing. As `run`."""
    if problems := worker_problems(settings):
        raise SettingsWrong(problems)
    stop, hurry = stop_on_signals()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    page = settings.playground.model_copy(update={"enabled": False})  # it is where its users are
    alone = settings.model_copy(update={"playground": page})
    await serve(alone, stop=stop, hurry=hurry, ready=ready, receives=False, source=source)


async def serve(
    settings: Settings,
    *,
    stop: asyncio.Event,
    hurry: asyncio.Event | None = None,
    ready: Callable[[str], None] = ignore_address,
    receives: bool = True,
    source: SettingsSource | None = None,
) -> None:
    """As `run`, until `stop` is set; `hurry` ends the wait for running jobs. `receives`: whether requests come in;
    else jobs come from other processes alone.

    Shutdown, in the reverse order of the start: adapters whose platform keeps requests stop receiving, the core drains,
    the others stop receiving, adapters close, then the HTTP server and the database.
    """
    if problems := missing_adapters(settings) + painting_problems(settings) + missing_secrets(settings):
        raise SettingsWrong(problems)
    descriptors.raise_limit()
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(exclusive_access(settings.database_url))
        store = await Store.open(settings.database_url, clock=clock)
        stack.push_async_callback(store.close)
        await stack.enter_async_context(trace_jobs(settings.otel))
        new_errors, set_aside = NewErrors(), SetAside()
        errors = await stack.enter_async_context(ErrorRecorder(store.error_groups, clock, on_new=new_errors.add))
        cluster = await stack.enter_async_context(
            open_cluster(settings, clock, roles=member_roles(settings, receives=receives))
        )
        server = HttpServer(settings.server.host, settings.server.port)
        stack.push_async_callback(server.stop)
        callbacks = Callbacks(settings.server.public_url if settings.server.enabled else None, cluster)
        server.mount(callback_routes(callbacks))
        admin_page = AdminRoutes(settings.server.public_url, clock)
        region_page = RegionRoutes(settings.server.public_url)
        has_admin_page = receives and settings.admin_page.enabled
        for page, is_served in ((region_page, receives), (admin_page, has_admin_page)):
            server.mount(page.routes() if is_served else ())
        processor = make_processor(settings)
        stack.push_async_callback(asyncio.to_thread, processor.close)
        adapters = make_adapters(settings, store.adapter_store, clock, processor, cluster)
        ports: dict[str, ChatPort] = {adapter.platform: adapter for adapter in adapters}
        for adapter in adapters:
            stack.push_async_callback(adapter.close)
            if receives:
                server.mount(adapter.routes())
                server.add_check(adapter.platform, adapter.problem)
        server.add_check("easel", lambda: stop_problem(stop))
        if settings.server.enabled:
            await server.start()
        shops = {adapter.platform: adapter for adapter in adapters if isinstance(adapter, Shop)}
        app = await App.open(
            settings,
            store,
            ports,
            clock,
            cluster=cluster,
            callbacks=callbacks,
            shops=shops,
            processor=processor,
            listening_at=server.address if has_admin_page else None,
        )
        stack.push_async_callback(app.close)
        region_page.regions = app.regions
        admin_page.serve(Core(sign_in=app.sign_in, errors=store.error_groups, administration=app.administration))
        health = DatabaseHealth(store, clock, writes=cluster.is_local)
        stack.push_async_callback(health.close)
        server.add_check("database", health.problem)
        server.add_check("core", app.problem)
        lag = LoopLag(clock)
        stack.push_async_callback(lag.stop)
        server.add_check("metrics", lag.problem)
        server.add_check("errors", errors.problem)
        server.add_check("cluster", lambda: cluster_problem(cluster))
        if (backups := Backups.configured(settings, clock)) is not None:
            stack.push_async_callback(backups.stop)
            server.add_warning("backup", backups.warning)
            backups.start()
        for adapter in adapters:
            stack.push_async_callback(adapter.stop_receiving)
            await (adapter.start if receives else adapter.start_sending)(app.events)
        await app.start()
        await stack.enter_async_context(
            tell_administrators(
                settings,
                clock,
                server=server,
                app=app,
                adapters=adapters,
                ports=ports,
                cluster=cluster,
                health=health,
                backups=backups,
                errors=new_errors,
                set_aside=set_aside,
            )
        )
        note_change = store.administration.add_audit_entry
        await stack.enter_async_context(
            follow_settings(source, settings, app.reconfiguration, clock, missing_secrets, note_change)
        )
        lag.start()
        log.info("easel runs", adapters=sorted(ports))
        ready(server.address)
        await stop.wait()
        log.info("easel stops")
        for adapter in adapters:
            if adapter.keeps_requests:
                await adapter.stop_receiving()
        await app.drain(hurry)


def member_roles(settings: Settings, *, receives: bool) -> list[str]:
    """The roles of this process among others. `receives`: as of `serve`."""
    painting = [PAINTING] if settings.jobs.concurrency else []
    if not receives:
        return painting
    tokens = {"discord": settings.discord.token, "telegram": settings.telegram.token}
    platforms = [platform_role(name) for name, token in tokens.items() if token is not None]
    return [EVENTS, *painting, *platforms]


def make_adapters(
    settings: Settings, storage: AdapterStore, clock: Clock, processor: ImageProcessor, cluster: Cluster
) -> list[PlatformAdapter]:
    """The playground, if it is enabled, and every chat platform that has a token. None is started yet. `cluster`:
    this process among others, which makes calls to platforms while it is a current member.

    Raises SettingsWrong when the playground would be reached from other machines.
    """
    adapters: list[PlatformAdapter] = []
    page_url = settings.server.public_url if settings.server.enabled else None
    if settings.playground.enabled:
        adapters.append(
            PlaygroundAdapter(
                path=settings.playground.path,
                host=settings.server.host,
                clock=clock,
                commands=commands,
                processor=processor,
                is_demo=all(each.preset == "sandbox" for each in settings.providers),
            )
        )
    if settings.discord.token is not None:
        adapters.append(
            DiscordAdapter(
                settings.discord,
                storage,
                clock=clock,
                cluster=cluster,
                allow_hosts=settings.fetch.allow_hosts,
                page_url=page_url,
                processor=processor,
                may_call=cluster.membership.is_current,
            )
        )
    if settings.telegram.token is not None:
        adapters.append(
            TelegramAdapter(
                settings.telegram,
                storage,
                clock=clock,
                cluster=cluster,
                public_url=settings.server.public_url,
                page_url=page_url,
                admins=settings.admins,
                processor=processor,
                may_call=cluster.membership.is_current,
            )
        )
    return adapters


def commands(locale: str) -> list[WireCommand]:
    """The commands that users can type after a slash, each with its hint."""
    return [
        {"name": spec.name, "hint": translate(locale, spec.hint)} for spec in COMMANDS.values() if not spec.adapter_only
    ]


async def stop_problem(stop: asyncio.Event) -> str | None:
    """Why Easel takes no new requests; None while it does."""
    return "stopping" if stop.is_set() else None


async def cluster_problem(cluster: Cluster) -> str | None:
    """Why this process does not work with the others right now; None while it does."""
    return cluster.problem()
