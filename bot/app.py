"""The one place where everything is wired together. Nothing opens at import; `App.open` opens, `close` closes it all.

Takes the adapters' ports from above, so that the core keeps knowing no platform.
"""

import asyncio
import random
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial

import structlog

from bot import texts
from bot.administration.live import LiveParts
from bot.administration.service import AdministrationService
from bot.administration.sign_in import AdminSignIn, link_address, server_address
from bot.chat import Action
from bot.cluster.budgets import share_budgets
from bot.cluster.local import local_cluster
from bot.downloads.fetcher import Fetcher
from bot.handlers.admin_commands import AdminCommands
from bot.handlers.admission import Admission
from bot.handlers.button_posts import ButtonPosts
from bot.handlers.buttons import ButtonHandler
from bot.handlers.commands import CommandHandler
from bot.handlers.content import MessageContent
from bot.handlers.deletion import ResultDeletion
from bot.handlers.dialogue import Dialogue
from bot.handlers.estimates import RequestEstimates
from bot.handlers.event_sink import CoreEventSink
from bot.handlers.file_checks import FileChecks
from bot.handlers.kept_state import KeptState
from bot.handlers.messages import MessageHandler
from bot.handlers.permissions import JobPermissions
from bot.handlers.reframing import Reframing
from bot.handlers.regions import Regions
from bot.handlers.replies import Replies
from bot.handlers.result_details import ResultDetails
from bot.handlers.result_history import ResultHistory
from bot.handlers.result_menus import ResultMenus
from bot.handlers.shared_pace import SharedPace
from bot.job import new_id
from bot.jobs.clearance import Clearance
from bot.jobs.images import JobImages
from bot.jobs.linked_images import LinkedImages
from bot.jobs.pauses import Pauses
from bot.jobs.reframes import REFRAMES
from bot.jobs.results import JobResults
from bot.jobs.retention import Retention
from bot.jobs.runner import JobRunner
from bot.jobs.safety import SafetyIdentifiers
from bot.jobs.service import SETTLE_WAIT_S, JobService
from bot.jobs.sharing import share_jobs
from bot.moderation.moderation import Moderation, make_moderation
from bot.pictures.configured import make_processor
from bot.pictures.processing import ImageProcessor
from bot.ports import Administration, ChatPort, Cluster, Dispatch, Shop
from bot.providers.http.client import UpstreamClient
from bot.providers.registry import ProviderDependencies
from bot.providers.tasks.callbacks import Callbacks
from bot.reconfiguration import Reconfiguration
from bot.runtime import descriptors
from bot.runtime.clock import Clock
from bot.settings import Settings
from bot.status.messages import StatusMessages
from bot.store.store import Store
from bot.strikes import StrikeRules

log = structlog.get_logger()


class App:
    """A running Easel: `await App.open(…)`, `start`, and in the end `close`."""

    def __init__(
        self,
        *,
        store: Store,
        cluster: Cluster,
        reconfiguration: Reconfiguration,
        administration: Administration,
        events: CoreEventSink,
        regions: Regions,
        sign_in: AdminSignIn,
        jobs: JobService,
        runner: JobRunner,
        dispatch: Dispatch,
        status_messages: StatusMessages,
        admission: Admission,
        pace: SharedPace,
        retention: Retention,
        drain_s: float,
    ):
        self.store = store
        self.cluster = cluster
        """What this process knows of the others."""
        self.reconfiguration = reconfiguration
        """What may be changed while it runs."""
        self.administration = administration
        """What administrators read and change."""
        self.events = events
        self.regions = regions
        """What members paint by hand, for whoever serves the page."""
        self.sign_in = sign_in
        """Who may use the admin page, for whoever serves it."""
        self.jobs = jobs
        self._runner = runner
        self._dispatch = dispatch
        self.status_messages = status_messages
        """All messages of the bot, for whoever has something to say besides."""
        self._admission = admission
        self._pace = pace
        self._retention = retention
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
            app = cls._wire(
                settings,
                ports,
                shops or {},
                clock,
                store,
                cluster,
                fetcher,
                processor,
                parts,
                moderation,
                kept,
                safety,
                pauses,
                concurrency,
                listening_at,
            )
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
        cluster: Cluster,
        fetcher: Fetcher,
        processor: ImageProcessor,
        parts: Reconfiguration,
        moderation: Moderation | None,
        kept: KeptState,
        safety: SafetyIdentifiers,
        pauses: Pauses,
        concurrency: int,
        listening_at: str | None,
    ) -> "App":
        provider, rules, admission = parts.provider, parts.rules, parts.admission
        catalog = provider.catalog
        sharing = share_jobs(store, cluster, clock, user_concurrent=settings.limits.user_concurrent)
        parts.follow(sharing)
        status_messages = StatusMessages(
            ports, clock, sharing.membership, share_budgets=share_budgets(store, cluster, clock)
        )
        handover = sharing.handover(status_messages, ports)
        linked_images = LinkedImages(fetcher, store.adapter_store, clock)
        images = JobImages(fetcher, ports, processor, linked_images)
        runner = JobRunner(
            store=store,
            provider=provider,
            images=images,
            results=JobResults(fetcher, processor, clock),
            status_messages=status_messages,
            ports=ports,
            clock=clock,
            clearance=Clearance(store=store, moderation=moderation, processor=processor, rules=rules, clock=clock),
            usage_rates=parts.usage_rates,
            handover=handover,
            membership=sharing.membership,
            strikes=StrikeRules(
                limit=settings.limits.user_strikes, pause=timedelta(hours=settings.limits.strike_pause_hours)
            ),
            safety=safety,
        )
        dispatch = sharing.dispatch(
            runner,
            handover,
            concurrency=concurrency,
            platforms=ports,
            recover_every_s=settings.processes.lost_after_s / 2,
        )
        jobs = JobService(
            store=store,
            catalog=catalog,
            runner=runner,
            dispatch=dispatch,
            rules=rules,
            clock=clock,
            new_id=new_id,
            pauses=pauses,
            reserves_later=moderation is not None,
        )
        administration = AdministrationService(
            store=store.administration,
            live=LiveParts(provider=provider, status_messages=status_messages, dispatch=dispatch),
            pauses=pauses,
            rules=rules,
            clock=clock,
            ports=ports,
            shops=shops,
            cancel_job=dispatch.cancel,
        )
        permissions = JobPermissions(store=store, admission=admission, admins=parts.admins, ports=ports)
        deletion = ResultDeletion(store=store, jobs=jobs, permissions=permissions)
        sign_in = AdminSignIn(store.admin_sessions, clock, parts.admins)

        async def make_admin_link(user_key: str) -> str:
            base = server_address(settings.server.public_url, listening_at or "")
            return link_address(base, await sign_in.make_link(user_key))

        commands = CommandHandler(
            store=store,
            clock=clock,
            rules=rules,
            admins=parts.admins,
            admin_commands=AdminCommands(
                administration, store, clock, make_link=None if listening_at is None else make_admin_link
            ),
            ports=ports,
            pending_requests=kept.pending_requests,
            linked_images=linked_images,
            deletion=deletion,
            cancel_job=dispatch.cancel,
            wait_for_end=partial(dispatch.wait_for_end, timeout_s=SETTLE_WAIT_S),
            retention_days=settings.privacy.retention_days,
            capabilities=lambda: catalog.capabilities,
            model_choices=kept.model_choices,
            prices=lambda: catalog.prices,
        )
        messages = MessageHandler(
            store=store,
            catalog=catalog,
            status_messages=status_messages,
            jobs=jobs,
            commands=commands,
            dialogue=Dialogue(kept.pending_requests, status_messages, clock),
            replies=Replies(status_messages, admission),
            drafts=kept.drafts,
            model_choices=kept.model_choices,
            shown=kept.shown,
            memory=kept.memory,
            forgetting=kept.forgetting,
            content=MessageContent(ports, linked_images),
            admission=admission,
            clock=clock,
            locale=settings.locale,
        )
        estimates = RequestEstimates(
            catalog=catalog,
            model_choices=kept.model_choices,
            admission=admission,
            store=store,
            is_admin=commands.is_admin,
        )
        regions = Regions(
            store=store,
            jobs=jobs,
            images=images,
            processor=processor,
            estimates=estimates,
            model_choices=kept.model_choices,
            admission=admission,
            catalog=catalog,
            ports=ports,
            pending_requests=kept.pending_requests,
            clock=clock,
        )
        posts = ButtonPosts(store=store, status_messages=status_messages, admission=admission, clock=clock)
        history = ResultHistory(store=store, jobs=jobs, images=images, posts=posts, ports=ports)
        reframing = Reframing(jobs=jobs, catalog=catalog, admission=admission)
        menus = ResultMenus(
            permissions=permissions,
            status_messages=status_messages,
            ports=ports,
            quotes={Action.ORIGINAL: history.quote_original, **reframing.quotes},
        )
        buttons = ButtonHandler(
            store=store,
            jobs=jobs,
            permissions=permissions,
            deletion=deletion,
            menus=menus,
            regions=regions,
            actions={
                Action.REGION: regions.offer_page,
                **dict.fromkeys(REFRAMES, reframing.reframe),
                Action.UNDO: history.undo,
                Action.COMPARE: history.compare,
                Action.TREE: history.show_tree,
                Action.STEP: history.lead_to_step,
                Action.ORIGINAL: history.paint_original,
                Action.DETAILS: ResultDetails(store=store, posts=posts, ports=ports).show_details,
            },
            pending_requests=kept.pending_requests,
            model_choices=kept.model_choices,
            capabilities=lambda: catalog.capabilities,
            memory=kept.memory,
            admission=admission,
            clock=clock,
            locale=settings.locale,
        )
        events = CoreEventSink(
            messages=messages,
            buttons=buttons,
            estimates=estimates,
            file_checks=FileChecks(processor, lambda: catalog.capabilities, settings.locale),
            jobs=jobs,
            store=store,
            pending_requests=kept.pending_requests,
            catalog=catalog,
            status_messages=status_messages,
            memory=kept.memory,
            bus=cluster.bus,
            admission=admission,
            rules=rules,
            locale=settings.locale,
        )
        return cls(
            store=store,
            cluster=cluster,
            reconfiguration=parts,
            administration=administration,
            events=events,
            regions=regions,
            sign_in=sign_in,
            jobs=jobs,
            runner=runner,
            dispatch=dispatch,
            status_messages=status_messages,
            admission=admission,
            pace=SharedPace(admission, cluster.membership, cluster.bus, clock),
            retention=Retention(
                store,
                clock,
                cluster.leases,
                retention_days=settings.privacy.retention_days,
                also=[kept.pending_requests.delete_expired, sign_in.delete_expired],
            ),
            drain_s=settings.drain_s,
        )

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
