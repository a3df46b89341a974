"""The one place where everything is wired together. Nothing opens at import; `App.open` opens, `close` closes it all.

Takes the adapters' ports from above, so that the core keeps knowing no platform.
"""

import asyncio
import random
from collections.abc import Mapping
from contextlib import AsyncExitStack
from functools import partial

import structlog

from bot import texts
from bot.clock import Clock
from bot.errors import SettingsWrong
from bot.fetch import Fetcher
from bot.handlers.access_lists import access_lists
from bot.handlers.admission import Admission
from bot.handlers.commands import CommandHandler
from bot.handlers.messages import JOIN_SECONDS, MessageHandler
from bot.handlers.pending_images import PendingImages
from bot.job import new_id
from bot.jobs.fair_queue import FairQueue
from bot.jobs.images import JobImages
from bot.jobs.retention import Retention
from bot.jobs.runner import JobRunner
from bot.jobs.scheduler import Scheduler
from bot.ports import ChatPort, Shop
from bot.providers.fallback import FallbackProvider
from bot.providers.http.client import UpstreamClient
from bot.providers.presets import Upstream, resolve
from bot.providers.registry import ProviderDependencies, make_provider
from bot.providers.tasks.callbacks import Callbacks
from bot.quota import QuotaRules
from bot.settings import Provider as ProviderSettings
from bot.settings import Settings
from bot.status.messages import StatusMessages
from bot.store.store import Store

log = structlog.get_logger()

BUDGET = 2.0  # times the longest painting allowed: a whole one at the first provider, a whole one at the next
PROVIDER_CONCURRENCY = 8  # paintings under way at one provider that does not say otherwise


class App:
    """A running Easel: `await App.open(…)`, `start`, and in the end `close`."""

    def __init__(
        self,
        *,
        store: Store,
        board: StatusMessages,
        jobs: JobRunner,
        dispatch: Scheduler,
        desk: MessageHandler,
        gate: Admission,
        housekeeping: Retention,
        drain_s: float,
    ):
        self.store = store
        self.desk = desk
        self._board = board
        self._jobs = jobs
        self._dispatch = dispatch
        self._gate = gate
        self._housekeeping = housekeeping
        self._drain_s = drain_s
        self._resources = AsyncExitStack()

    @classmethod
    async def open(
        cls,
        settings: Settings,
        store: Store,
        ports: Mapping[str, ChatPort],
        clock: Clock,
        *,
        callbacks: Callbacks | None = None,
        shops: Mapping[str, Shop] | None = None,
    ) -> "App":
        """Wires the core. `store` is the caller's, to be closed after the App. `callbacks`: where upstreams may call,
        for who serves them. `shops`: the platforms that sell credits.

        Raises SettingsWrong when a provider cannot be what the settings say.
        """
        upstreams = [_upstream(each) for each in settings.providers]
        if not upstreams:
            raise SettingsWrong(["providers: none is configured; Easel has nobody to paint"])
        async with AsyncExitStack() as opened:
            await asyncio.to_thread(texts.load)
            fetcher = await opened.enter_async_context(Fetcher(settings.fetch.allow_hosts))
            tools = ProviderDependencies(
                client=await opened.enter_async_context(UpstreamClient()),
                clock=clock,
                callbacks=callbacks or Callbacks(),
                jitter=random.random,
            )
            failover = FallbackProvider(
                [
                    (make_provider(upstream, tools), each.max_concurrency or PROVIDER_CONCURRENCY)
                    for upstream, each in zip(upstreams, settings.providers, strict=True)
                ],
                budget_s=settings.jobs.time_s or BUDGET * max(upstream.timeout_s for upstream in upstreams),
                clock=clock,
                jitter=random.random,
            )
            tray = PendingImages(store.adapter_store, clock)
            await tray.load()
            app = cls._wire(settings, ports, shops or {}, clock, store, fetcher, failover, tray)
            app._resources = opened.pop_all()
        return app

    @classmethod
    def _wire(
        cls,
        settings: Settings,
        ports: Mapping[str, ChatPort],
        shops: Mapping[str, Shop],
        clock: Clock,
        store: Store,
        fetcher: Fetcher,
        failover: FallbackProvider,
        tray: PendingImages,
    ) -> "App":
        limits, access = settings.limits, settings.access
        rules = QuotaRules(
            user_daily=limits.user_daily,
            chat_daily=limits.chat_daily,
            user_concurrent=limits.user_concurrent,
            user_waiting=limits.user_waiting,
            roles=limits.roles,
            new_user_daily=limits.new_user_daily,
        )
        gate = Admission(
            access_lists(**access.model_dump(exclude={"file"})),
            clock=clock,
            admins=settings.admins,
            user_per_minute=limits.user_per_minute,
            chat_per_minute=limits.chat_per_minute,
            file=access.file,
        )
        board = StatusMessages(ports, clock)
        gallery = JobImages(fetcher, ports)
        jobs = JobRunner(
            store=store,
            failover=failover,
            gallery=gallery,
            board=board,
            ports=ports,
            clock=clock,
            usage_rates={each.name: each.usage_rate for each in settings.providers if each.usage_rate is not None},
        )
        line = FairQueue(concurrency=settings.jobs.concurrency, user_concurrent=limits.user_concurrent)
        dispatch = Scheduler(line, jobs)
        commands = CommandHandler(
            store=store,
            clock=clock,
            rules=rules,
            admins=settings.admins,
            ports=ports,
            shops=shops,
            tray=tray,
            cancel=dispatch.cancel,
            join=partial(dispatch.join, seconds=JOIN_SECONDS),
            retention_days=settings.privacy.retention_days,
        )
        desk = MessageHandler(
            store=store,
            failover=failover,
            board=board,
            jobs=jobs,
            dispatch=dispatch,
            commands=commands,
            rules=rules,
            tray=tray,
            gate=gate,
            clock=clock,
            locale=settings.locale,
            new_id=new_id,
        )
        return cls(
            store=store,
            board=board,
            jobs=jobs,
            dispatch=dispatch,
            desk=desk,
            gate=gate,
            housekeeping=Retention(store, clock, retention_days=settings.privacy.retention_days),
            drain_s=settings.drain_s,
        )

    async def start(self) -> None:
        """Begins to speak, and takes up what an earlier process left unfinished.

        Raises SettingsWrong when the operator's file of lists cannot be read.
        """
        await self._gate.reload_if_changed()
        await self._board.start()
        self._housekeeping.start()
        resumed = await self.desk.resume()
        if resumed:
            log.info("unfinished jobs taken up again", jobs=resumed)

    async def close(self) -> None:
        """Gives running jobs `drain_s` to end; what is unfinished then goes on at the next start."""
        await self._dispatch.drain(self._drain_s)
        await self._housekeeping.stop()
        await self.desk.close()
        await self._jobs.close()
        await self._board.stop()
        await self._resources.aclose()


def _upstream(given: ProviderSettings) -> Upstream:
    """The preset with what the operator set in its place.

    Raises SettingsWrong naming what is missing.
    """
    return resolve(**given.model_dump())
