"""`easel check`: checks everything that a run needs. Changes nothing.

Paints nothing either: a provider is probed with its list of models, or with a request for something that does not
exist.
"""

import asyncio
import os
import socket
import tempfile
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from adapters.discord import diagnostics as discord_diagnostics
from adapters.service import missing_adapters, missing_secrets, painting_problems
from adapters.telegram import diagnostics as telegram_diagnostics
from bot.errors import EaselError, PaintFailed, SettingsWrong
from bot.handlers.access_lists import AccessLists
from bot.handlers.admission import Admission
from bot.moderation.endpoint import ModerationClient, make_endpoint
from bot.providers.diagnostics import remedy
from bot.providers.http.client import UpstreamClient
from bot.providers.offers import describe_idle_rate, describe_offer, describe_unknown
from bot.providers.presets import Upstream, resolve_providers
from bot.providers.probe import probe_upstream
from bot.runtime.clock import SystemClock
from bot.settings import Moderation, Server, Settings
from bot.store.engine import is_sqlite, parse_url
from bot.store.maintenance import missing_file
from bot.store.migrate import sqlite_path
from bot.store.quarantine import SetAside
from bot.store.store import Store

MAX_ROWS_SHOWN = 20  # unreadable rows, and updates set aside, each with a line of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the report."""

    subject: str
    """What was checked."""
    is_ok: bool
    message: str
    """The result, or what is wrong, in English."""


async def run_checks(settings: Settings, *, missing: str | None = None) -> list[Finding]:
    """All findings, in the order in which a run would meet them. `missing`: where there are no settings at all.

    Raises SettingsWrong when a provider cannot be what the settings say.
    """
    resolved = resolve_providers([each.model_dump() for each in settings.providers])
    findings = [Finding(subject="settings", is_ok=missing is None, message=missing or "understood")]
    secrets = missing_secrets(settings)
    findings += [Finding(subject="settings", is_ok=False, message=line) for line in secrets]
    findings += await _check_database(settings)
    findings += await asyncio.to_thread(_check_folders, settings)
    if settings.server.enabled:
        findings.append(await _check_port(settings.server))
    findings.append(_check_adapters(settings))
    findings += _describe_playground(settings)
    if settings.access.file is not None:
        findings.append(await _check_access_file(settings.access.file))
    if settings.discord.token is not None and not any(line.startswith("discord.") for line in secrets):
        findings.append(await _check_discord(settings))
    if settings.telegram.token is not None and not any(line.startswith("telegram.") for line in secrets):
        findings += await _check_telegram(settings)
    if not settings.providers:
        findings.append(Finding(subject="providers", is_ok=False, message="none is configured; nobody could paint"))
    for upstreams in resolved:
        findings += [finding for each in upstreams for finding in _describe_upstream(each)]
        findings += _describe_overrides(upstreams)
    checked = await asyncio.gather(*(_check_upstream(each) for upstreams in resolved for each in upstreams))
    findings += dict.fromkeys(checked)  # the models of a provider mostly say the same
    if settings.moderation.enabled:
        findings.append(await _check_moderation(settings.moderation))
    return findings


async def _check_database(settings: Settings) -> list[Finding]:
    unreadable: list[Finding] = []

    async def ping_database() -> str:
        if missing := await missing_file(settings.database_url):
            return f"{missing} does not exist yet; easel run makes it"
        store = await Store.open(settings.database_url, clock=SystemClock(), migrate=False)
        try:
            await store.ping()
            kept = await store.quarantine.list_rows()
            unreadable.extend(_describe_updates([each for each in kept if each.is_update]))
            unreadable.extend(_describe_rows([each for each in kept if not each.is_update], "set aside"))
            unreadable.extend(_describe_rows(await store.quarantine.find_unreadable(), "easel run sets it aside"))
        finally:
            await store.close()
        return "answers, and its tables are up to date"

    finding = await _finding("database", ping_database())
    return [finding, *unreadable]


def _check_folders(settings: Settings) -> list[Finding]:
    """The folders in which Easel makes files, where it may not: one finding each. None for those that are fine."""
    url = parse_url(settings.database_url)
    folders = {"database_url": sqlite_path(url).parent} if is_sqlite(url) else {}
    if settings.playground.enabled:
        folders["playground.path"] = settings.playground.path.parent
    found: list[Finding] = []
    for key, folder in folders.items():
        nearest = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
        try:
            with tempfile.TemporaryFile(dir=nearest):
                pass
        except OSError as error:
            found.append(Finding(subject=key, is_ok=False, message=f"{nearest} cannot be written ({error.strerror})"))
    return found


async def _check_port(server: Server) -> Finding:
    """Whether the server can listen. Where an Easel does already, this is asked beside it."""
    where = f"{server.host}:{server.port}"
    try:
        await asyncio.to_thread(_bind, server.host, server.port)
    except OSError as error:
        try:
            async with httpx.AsyncClient(timeout=2, trust_env=False) as client:
                if (await client.get(f"http://{where}/healthz")).is_success:
                    return Finding(subject="server", is_ok=True, message=f"an Easel answers at {where}")
        except httpx.HTTPError:
            pass
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        return Finding(subject="server", is_ok=False, message=f"server.port: cannot listen on {where} ({why})")
    return Finding(subject="server", is_ok=True, message=f"can listen on {where}")


def _bind(host: str, port: int) -> None:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)


def _describe_rows(rows: Sequence[SetAside], fate: str) -> list[Finding]:
    return _newest("unreadable row", [f"{row.table} {row.key}: {row.reason} ({fate})" for row in rows])


def _describe_updates(updates: Sequence[SetAside]) -> list[Finding]:
    return _newest("update set aside", [f"{update.key}: {update.reason}" for update in updates])


def _newest(subject: str, lines: Sequence[str]) -> list[Finding]:
    """A finding for each of the newest MAX_ROWS_SHOWN lines, and one for the others."""
    shown = [line.replace("\n", " ") for line in lines[-MAX_ROWS_SHOWN:]]
    if hidden := len(lines) - len(shown):
        shown.append(f"and {hidden} more")
    return [Finding(subject=subject, is_ok=True, message=line) for line in shown]


async def _check_access_file(file: Path) -> Finding:
    async def load_access_file() -> str:
        await Admission(AccessLists(), clock=SystemClock(), file=file).reload_if_changed()
        return f"{file} is understood"

    return await _finding("access.file", load_access_file())


def _check_adapters(settings: Settings) -> Finding:
    if problems := missing_adapters(settings) + painting_problems(settings):
        return Finding(subject="adapters", is_ok=False, message="; ".join(problems))
    enabled = [
        name
        for name, is_enabled in (
            ("playground", settings.playground.enabled),
            ("discord", settings.discord.token is not None),
            ("telegram", settings.telegram.token is not None),
        )
        if is_enabled
    ]
    return Finding(subject="adapters", is_ok=True, message=", ".join(enabled))


def _describe_playground(settings: Settings) -> list[Finding]:
    """Its page and its messages are one process's."""
    if not settings.playground.enabled or is_sqlite(parse_url(settings.database_url)):
        return []
    message = "belongs to one process: of several on this database, enable it in one, and lead its visitors there"
    return [Finding(subject="playground", is_ok=True, message=message)]


async def _check_discord(settings: Settings) -> Finding:
    async def diagnose() -> str:
        report = await discord_diagnostics.diagnose(settings.discord)
        if report.problems:
            raise SettingsWrong(list(report.problems))
        return "; ".join([f"is {report.name}", *report.notes, f"invite it with {report.invite}"])

    return await _finding("discord", diagnose())


async def _check_telegram(settings: Settings) -> list[Finding]:
    try:
        report = await telegram_diagnostics.diagnose(settings.telegram)
    except SettingsWrong as error:
        return [Finding(subject="telegram", is_ok=False, message="; ".join(error.problems))]
    except EaselError as error:
        return [Finding(subject="telegram", is_ok=False, message=error.detail or type(error).__name__)]
    return [
        Finding(subject="telegram", is_ok=not report.problems, message="; ".join(report.problems or (report.summary,))),
        Finding(subject="telegram inline mode", is_ok=True, message=report.inline),
        Finding(subject="telegram guest mode", is_ok=True, message=report.guest),
        Finding(
            subject="telegram channels",
            is_ok=not report.deaf_channels,
            message="; ".join(report.deaf_channels or (report.channels,)),
        ),
    ]


def _describe_upstream(upstream: Upstream) -> list[Finding]:
    """What members are offered of a model of a provider."""
    subject = f"provider {upstream.name} offers {upstream.title}"
    unknown = (
        [] if upstream.is_known_model else [Finding(subject=subject, is_ok=True, message=describe_unknown(upstream))]
    )
    idle = describe_idle_rate(upstream)
    return [
        Finding(subject=subject, is_ok=True, message=describe_offer(upstream)),
        *unknown,
        *([Finding(subject=subject, is_ok=False, message=idle)] if idle else []),
    ]


def _describe_overrides(models: Sequence[Upstream]) -> list[Finding]:
    """What stands in the place of a preset: for all models of a provider, and for single ones."""
    shared = [each for each in models[0].overrides if all(each in model.overrides for model in models)]
    provider = f"provider {models[0].name} sets"
    told = {provider: shared} | {
        f"{provider} for {model.title}": [each for each in model.overrides if each not in shared] for model in models
    }
    return [Finding(subject=whom, is_ok=True, message="; ".join(lines)) for whom, lines in told.items() if lines]


async def _check_upstream(upstream: Upstream) -> Finding:
    async def probe() -> str:
        async with UpstreamClient() as client:
            return await probe_upstream(upstream, client)

    return await _finding(f"provider {upstream.name}", probe())


async def _check_moderation(moderation: Moderation) -> Finding:
    """Asks about a harmless text: that costs nothing, and shows whether address, key and model are right."""

    async def ask() -> str:
        async with UpstreamClient() as client:
            try:
                await ModerationClient(make_endpoint(moderation), client, SystemClock()).classify_text("a cat")
            except PaintFailed as failure:
                why = failure.detail or type(failure).__name__
                raise SettingsWrong([f"{moderation.base_url}: {remedy(failure) or 'it failed'} ({why})"]) from failure
        unavailable = {"refuse": "nothing is painted", "allow": "all is painted"}[moderation.when_unavailable]
        return f"answers at {moderation.base_url}; while it does not, {unavailable}"

    return await _finding("moderation", ask())


async def _finding(subject: str, check: Awaitable[str]) -> Finding:
    """The finding of a check that returns a message or raises."""
    try:
        return Finding(subject=subject, is_ok=True, message=await check)
    except SettingsWrong as error:
        return Finding(subject=subject, is_ok=False, message="; ".join(error.problems))
    except EaselError as error:
        return Finding(subject=subject, is_ok=False, message=error.detail or type(error).__name__)
