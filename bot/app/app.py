"""A running core, from its start to its end. Nothing opens at import; `App.open` opens, `close` closes it all.

Takes the adapters' ports from above, so that the core keeps knowing no platform.
"""

import asyncio
import random
from collections.abc import Mapping
from contextlib import AsyncExitStack

import structlog

from bot import texts
from bot.app.reconfiguration import Reconfiguration
from bot.app.wiring import HandlerParts, JobParts, Opened, make_handler_parts, make_job_parts
from bot.cluster.local import local_cluster
from bot.downloads.fetcher import Fetcher
from bot.handlers.kept_state import KeptState
from bot.handlers.shared_pace import SharedPace
from bot.jobs.pauses import Pauses
from bot.jobs.retention import Retention
from bot.jobs.safety import SafetyIdentifiers
from bot.moderation.moderation import make_moderation
from bot.pictures.configured import make_processor
from bot.pictures.processing import ImageProcessor
from bot.ports import ChatPort, Cluster, Shop
from bot.providers.http.client import UpstreamClient
from bot.providers.registry import ProviderDependencies
from bot.providers.tasks.callbacks import Callbacks
from bot.runtime import descriptors
from bot.runtime.clock import Clock
from bot.settings import Settings
from bot.store.store import Store

log = structlog.get_logger()


class App:
    """A running Easel: `await App.open(…)`, `start`, and in the end `close`."""

    def __init__(self, opened: Opened, work: JobParts, handlers: HandlerParts) -> None:
        self.store = opened.store
        self.cluster = opened.cluster
        """What this process knows of the others."""
        self.reconfiguration = opened.reconfiguration
        """What may be changed while it runs."""
        self.administration = handlers.administration
        """What administrators read and change."""
        self.events = handlers.events
        self.regions = handlers.regions
        """What members paint by hand, for whoever serves the page."""
        self.sign_in = handlers.sign_in
        """Who may use the admin page, for whoever serves it."""
        self.jobs = work.jobs
        self.status_messages = work.status_messages
        """All messages of the bot, for whoever has something to say besides."""
        self._runner = work.runner
        self._dispatch = work.dispatch
        self._admission = opened.reconfiguration.admission
        self._pace = SharedPace(self._admission, opened.cluster.membership, opened.cluster.bus, opened.clock)
        self._retention = Retention(
            opened.store,
            opened.clock,
            opened.cluster.leases,
            retention_days=opened.settings.privacy.retention_days,
            also=[opened.kept.pending_requests.delete_expired, handlers.sign_in.delete_expired],
        )
        self._drain_s = opened.settings.drain_s
        self._resources = AsyncExitStack()

    @classmethod
    async def open(
        cls,
        settings: Settings,
        store: Store,
        ports: Mapping[str, ChatPort],
        clock: Clock,
        *,
        cluster: Cluster | None = None,
        callbacks: Callbacks | None = None,
        shops: Mapping[str, Shop] | None = None,
        processor: ImageProcessor | None = None,
        listening_at: str | None = None,
    ) -> "App":
        """Wires the core. `store` and `cluster` are the caller's, to be closed after the App; without `cluster` this
        process is alone. `callbacks`: where upstreams may call, for who serves them. `shops`: the platforms that sell
        credits. `processor`: of the caller, who closes it after the App; None: one of its own. `listening_at`: address
        of the caller's HTTP server with the admin page; None: it serves none.

        Raises SettingsWrong when a provider cannot be what the settings say.
        """
        async with AsyncExitStack() as opened:
            await asyncio.to_thread(texts.preload_locales)
            if processor is None:
                processor = make_processor(settings)
                opened.push_async_callback(asyncio.to_thread, processor.close)
            fetcher = await opened.enter_async_context(Fetcher(settings.fetch.allow_hosts))
            tools = ProviderDependencies(
                client=await opened.enter_async_context(UpstreamClient()),
                clock=clock,
                callbacks=callbacks or Callbacks(),
                jitter=random.random,
            )
            concurrency = descriptors.limit_jobs(settings.jobs.concurrency)
            parts = Reconfiguration(settings, tools, concurrency=max(1, concurrency), clock=clock)
            await store.quarantine.clear_before_start(settings.limits.user_daily)
            cluster = cluster or local_cluster()
            kept = await KeptState.load(store.adapter_store, cluster, clock)
            opened.push_async_callback(kept.close)
            moderation = make_moderation(settings.moderation, tools.client, clock)
            safety = SafetyIdentifiers(store.adapter_store)
            await safety.load()
            pauses = Pauses(
                store.administration,
                cluster.bus,
                clock,
                admins=parts.admins,
                pause_providers=parts.provider.pause,
            )
            opened.push_async_callback(pauses.close)
            await pauses.load()
            wired = Opened(
                settings=settings,
                ports=ports,
                shops=shops or {},
                clock=clock,
                store=store,
                cluster=cluster,
                fetcher=fetcher,
                processor=processor,
                reconfiguration=parts,
                moderation=moderation,
                kept=kept,
                safety=safety,
                pauses=pauses,
                concurrency=concurrency,
                listening_at=listening_at,
            )
            work = make_job_parts(wired)
            app = cls(wired, work, make_handler_parts(wired, work))
            app._resources = opened.pop_all()
        return app

    async def start(self) -> None:
        """Starts sending, and resumes the jobs that an earlier process left unfinished.

        Raises SettingsWrong when the operator's access file cannot be read.
        """
        await self._admission.reload_if_changed()
        await self.status_messages.start()
        self._retention.start()
        await self._dispatch.start(self.jobs.take_up)
        resumed = await self.jobs.resume_jobs()
        if resumed:
            log.info("unfinished jobs resumed", jobs=resumed)

    async def problem(self) -> str | None:
        """Why the core does not work right now, for `/readyz`; None while it does."""
        parts = (self.status_messages, self._retention, self._dispatch, self._pace)
        problems = (part.problem() for part in parts)
        return "; ".join(each for each in problems if each is not None) or None

    async def drain(self, hurry: asyncio.Event | None = None) -> None:
        """Takes no new jobs, and gives running ones `drain_s` seconds to end, or until `hurry` is set. Unfinished ones
        are resumed at the next start."""
        self.jobs.refuse_new_jobs()
        if self._dispatch.is_busy and self._drain_s and self.cluster.membership.alone():
            self.status_messages.announce_restart()
        await self._dispatch.drain(self._drain_s, hurry)

    async def close(self) -> None:
        """Drains, unless that was done before, and closes everything."""
        await self.drain()
        await self._retention.stop()
        await self._pace.close()
        await self.events.close()
        await self.jobs.close()
        await self._runner.close()
        await self.status_messages.stop()
        await self._resources.aclose()
