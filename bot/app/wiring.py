"""Makes the parts of the core, each with the others that it needs: first what runs jobs, then what handles requests.

Opens nothing, starts nothing, and knows no platform.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from bot.administration.live import LiveParts
from bot.administration.service import AdministrationService
from bot.administration.sign_in import AdminSignIn, link_address, server_address
from bot.app.reconfiguration import Reconfiguration
from bot.chat import Action
from bot.cluster.budgets import share_budgets
from bot.downloads.fetcher import Fetcher
from bot.handlers.admin_commands import AdminCommands
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
from bot.job import new_id
from bot.jobs.clearance import Clearance
from bot.jobs.images import JobImages
from bot.jobs.linked_images import LinkedImages
from bot.jobs.pauses import Pauses
from bot.jobs.reframes import REFRAMES
from bot.jobs.results import JobResults
from bot.jobs.runner import JobRunner
from bot.jobs.safety import SafetyIdentifiers
from bot.jobs.service import SETTLE_WAIT_S, JobService
from bot.jobs.sharing import share_jobs
from bot.moderation.moderation import Moderation
from bot.pictures.processing import ImageProcessor
from bot.ports import Administration, ChatPort, Cluster, Dispatch, Shop
from bot.runtime.clock import Clock
from bot.settings import Settings
from bot.status.messages import StatusMessages
from bot.store.store import Store
from bot.strikes import StrikeRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What is there before the parts are made."""

    settings: Settings
    """The operator's, as they were at the start."""

    ports: Mapping[str, ChatPort]
    """By platform."""

    shops: Mapping[str, Shop]
    """The platforms that sell credits."""

    clock: Clock
    """Of everything that waits."""

    store: Store
    """Open, and of the caller."""

    cluster: Cluster
    """This process among others."""

    fetcher: Fetcher
    """Downloads from addresses that came from outside."""

    processor: ImageProcessor
    """Decodes pictures within the operator's limits."""

    reconfiguration: Reconfiguration
    """What may change while Easel runs: providers, prices, limits, access."""

    moderation: Moderation | None
    """What looks at prompts and pictures first; None: nobody does."""

    kept: KeptState
    """What handlers remember over a restart."""

    safety: SafetyIdentifiers
    """Names of users for upstreams."""

    pauses: Pauses
    """Of providers and of the bot."""

    concurrency: int
    """Jobs at once in this process; 0: it paints none."""

    listening_at: str | None
    """Address of the HTTP server with the admin page; None: there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobParts:
    """What runs jobs and shows them."""

    status_messages: StatusMessages
    """All messages of the bot."""

    linked_images: LinkedImages
    """Pictures behind addresses in prompts."""

    images: JobImages
    """References, previews and results."""

    runner: JobRunner
    """The workflow of each job."""

    dispatch: Dispatch
    """When each runs."""

    jobs: JobService
    """For whoever received a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlerParts:
    """What handles requests, of members and of administrators."""

    events: CoreEventSink
    """For the adapters."""

    regions: Regions
    """What members paint by hand, for whoever serves the page."""

    sign_in: AdminSignIn
    """Who may use the admin page, for whoever serves it."""

    administration: Administration
    """What administrators read and change."""


def make_job_parts(opened: Opened) -> JobParts:
    """What runs jobs."""
    settings, ports, clock, store = opened.settings, opened.ports, opened.clock, opened.store
    parts, cluster, moderation = opened.reconfiguration, opened.cluster, opened.moderation
    provider, processor, fetcher = parts.provider, opened.processor, opened.fetcher
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
        clearance=Clearance(store=store, moderation=moderation, processor=processor, rules=parts.rules, clock=clock),
        usage_rates=parts.usage_rates,
        handover=handover,
        membership=sharing.membership,
        strikes=StrikeRules(
            limit=settings.limits.user_strikes, pause=timedelta(hours=settings.limits.strike_pause_hours)
        ),
        safety=opened.safety,
    )
    dispatch = sharing.dispatch(
        runner,
        handover,
        concurrency=opened.concurrency,
        platforms=ports,
        recover_every_s=settings.processes.lost_after_s / 2,
    )
    jobs = JobService(
        store=store,
        catalog=provider.catalog,
        runner=runner,
        dispatch=dispatch,
        rules=parts.rules,
        clock=clock,
        new_id=new_id,
        pauses=opened.pauses,
        reserves_later=moderation is not None,
    )
    return JobParts(
        status_messages=status_messages,
        linked_images=linked_images,
        images=images,
        runner=runner,
        dispatch=dispatch,
        jobs=jobs,
    )


def make_handler_parts(opened: Opened, work: JobParts) -> HandlerParts:
    """What handles requests, and has jobs run by `work`."""
    settings, ports, clock, store = opened.settings, opened.ports, opened.clock, opened.store
    parts, kept, listening_at = opened.reconfiguration, opened.kept, opened.listening_at
    provider, rules, admission = parts.provider, parts.rules, parts.admission
    catalog, jobs, status_messages = provider.catalog, work.jobs, work.status_messages
    administration = _make_administration(opened, work)
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
        linked_images=work.linked_images,
        deletion=deletion,
        cancel_job=work.dispatch.cancel,
        wait_for_end=partial(work.dispatch.wait_for_end, timeout_s=SETTLE_WAIT_S),
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
        content=MessageContent(ports, work.linked_images),
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
        images=work.images,
        processor=opened.processor,
        estimates=estimates,
        model_choices=kept.model_choices,
        admission=admission,
        catalog=catalog,
        ports=ports,
        pending_requests=kept.pending_requests,
        clock=clock,
    )
    buttons = _make_buttons(opened, work, permissions, deletion, regions)
    events = CoreEventSink(
        messages=messages,
        buttons=buttons,
        estimates=estimates,
        file_checks=FileChecks(opened.processor, lambda: catalog.capabilities, settings.locale),
        jobs=jobs,
        store=store,
        pending_requests=kept.pending_requests,
        catalog=catalog,
        status_messages=status_messages,
        memory=kept.memory,
        bus=opened.cluster.bus,
        admission=admission,
        rules=rules,
        locale=settings.locale,
    )
    return HandlerParts(events=events, regions=regions, sign_in=sign_in, administration=administration)


def _make_administration(opened: Opened, work: JobParts) -> AdministrationService:
    parts = opened.reconfiguration
    return AdministrationService(
        store=opened.store.administration,
        live=LiveParts(provider=parts.provider, status_messages=work.status_messages, dispatch=work.dispatch),
        pauses=opened.pauses,
        rules=parts.rules,
        clock=opened.clock,
        ports=opened.ports,
        shops=opened.shops,
        cancel_job=work.dispatch.cancel,
    )


def _make_buttons(
    opened: Opened, work: JobParts, permissions: JobPermissions, deletion: ResultDeletion, regions: Regions
) -> ButtonHandler:
    settings, ports, clock, store, kept = opened.settings, opened.ports, opened.clock, opened.store, opened.kept
    catalog, admission = opened.reconfiguration.provider.catalog, opened.reconfiguration.admission
    jobs, status_messages = work.jobs, work.status_messages
    posts = ButtonPosts(store=store, status_messages=status_messages, admission=admission, clock=clock)
    history = ResultHistory(store=store, jobs=jobs, images=work.images, posts=posts, ports=ports)
    reframing = Reframing(jobs=jobs, catalog=catalog, admission=admission)
    menus = ResultMenus(
        permissions=permissions,
        status_messages=status_messages,
        ports=ports,
        quotes={Action.ORIGINAL: history.quote_original, **reframing.quotes},
    )
    return ButtonHandler(
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
