"""Puts together what watches for conditions that need a person: the core's, the platforms', the machine's.

Runs only where somebody is to be told. Each look costs a few reads; what may block goes to a thread.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol

from adapters.discord import connection as discord_connection
from adapters.discord.rest import LOGIN_REFUSED
from adapters.doctor.machine import check_disk
from adapters.http.server import HttpServer
from adapters.telegram.connection import OTHER_CONSUMER, UNAUTHORIZED
from bot.alerting.channels import AdminMessages, Channel, Webhook, instance_name
from bot.alerting.conditions import ConditionName, Findings, Symptom
from bot.alerting.notices import NoticeBook
from bot.alerting.sources import NewErrors, SetAside, provider_findings
from bot.alerting.watch import ConditionWatch
from bot.app import App
from bot.ports import ChatPort, Cluster
from bot.providers.http.client import UpstreamClient
from bot.runtime.clock import Clock
from bot.settings import Settings
from bot.store.health import DatabaseHealth
from bot.store.scheduled_backups import Backups

REFUSALS = frozenset({UNAUTHORIZED, OTHER_CONSUMER, LOGIN_REFUSED, *discord_connection.FATAL_CLOSE_CODES.values()})
"""Problems of platforms that no waiting ends."""


class Connected(Protocol):
    """A platform's adapter, as far as it is watched."""

    @property
    def platform(self) -> str: ...

    async def problem(self) -> str | None:
        """Why the platform cannot be reached now; None when it can."""
        ...


@asynccontextmanager
async def tell_administrators(
    settings: Settings,
    clock: Clock,
    *,
    server: HttpServer,
    app: App,
    adapters: Sequence[Connected],
    ports: Mapping[str, ChatPort],
    cluster: Cluster,
    health: DatabaseHealth,
    backups: Backups | None,
    errors: NewErrors,
    set_aside: SetAside,
) -> AsyncGenerator[None]:
    """Watches within the block, if anybody is to be told. `server`: tells whether the watch works."""
    wanted = settings.notifications
    async with AsyncExitStack() as stack:
        channels: list[Channel] = []
        if wanted.webhook is not None:
            client = await stack.enter_async_context(UpstreamClient())
            instance = instance_name(settings.server.public_url)
            channels.append(Webhook(wanted.webhook, client, clock, locale=settings.locale, instance=instance))
        if wanted.admins:
            messages = AdminMessages(
                app.reconfiguration.admins, ports, app.status_messages, clock, locale=settings.locale
            )
            stack.push_async_callback(messages.close)
            channels.append(messages)
        if not channels:
            yield
            return
        sources = {
            "providers": lambda: _look_at_providers(app),
            "platforms": lambda: _look_at_platforms(adapters),
            "database": lambda: _look_at_database(health, cluster),
            "disk": lambda: _look_at_disk(settings),
            **({} if backups is None else {"backup": lambda: _look_at_backups(backups)}),
        }
        book = NoticeBook(app.store.notices, cluster, clock)
        watch = ConditionWatch(book, channels, clock, sources=sources, errors=errors, set_aside=set_aside)
        watch.start()
        stack.push_async_callback(watch.stop)
        server.add_check("alerting", watch.problem)
        yield


async def _look_at_providers(app: App) -> Findings:
    return provider_findings(app.reconfiguration.provider.catalog)


async def _look_at_platforms(adapters: Sequence[Connected]) -> Findings:
    symptoms: list[Symptom] = []
    for adapter in adapters:
        if (problem := await adapter.problem()) is not None:
            refuses = problem in REFUSALS
            name = ConditionName.PLATFORM_REFUSES if refuses else ConditionName.PLATFORM_AWAY
            symptoms.append(Symptom(name=name, subject=adapter.platform, detail=problem))
    return Findings(tuple(symptoms))


async def _look_at_database(health: DatabaseHealth, cluster: Cluster) -> Findings:
    problem = await health.problem() or cluster.problem()
    return Findings(() if problem is None else (Symptom(name=ConditionName.DATABASE, detail=problem),))


async def _look_at_disk(settings: Settings) -> Findings:
    found = [each for each in await asyncio.to_thread(check_disk, settings) if not each.is_ok]
    machine = instance_name(None)
    return Findings(tuple(Symptom(name=ConditionName.DISK, subject=machine, detail=each.message) for each in found[:1]))


async def _look_at_backups(backups: Backups) -> Findings:
    if (warning := backups.warning()) is not None:
        return Findings((Symptom(name=ConditionName.BACKUP, detail=warning),))
    unknown = () if backups.has_made else ((ConditionName.BACKUP, ""),)
    return Findings(unknown=frozenset(unknown))
