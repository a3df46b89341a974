"""`easel check`: checks everything that a run needs, side by side, each within a bounded time. Changes nothing.

Paints nothing either: a provider is probed with its list of models, or with a request for something that does not
exist.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from pathlib import Path

from adapters.doctor.backups import check_backups
from adapters.doctor.database import DatabaseReport, check_database
from adapters.doctor.findings import Finding, bounded, finding
from adapters.doctor.machine import check_disk, check_folders, check_port
from adapters.doctor.network import check_clock, check_public_address, describe_admin_page, describe_region_page
from adapters.doctor.platforms import check_discord, check_discord_chats, check_telegram
from adapters.doctor.providers import check_moderation, check_upstreams, describe_overrides, describe_upstream
from adapters.preconditions import missing_adapters, missing_secrets, painting_problems
from bot.chat import Chat
from bot.handlers.access_lists import AccessLists
from bot.handlers.admission import Admission
from bot.providers.presets import Upstream, resolve_providers
from bot.runtime.clock import SystemClock
from bot.settings import Settings
from bot.store.engine import is_sqlite, parse_url

__all__ = ["Finding", "mistake", "run_checks"]

CHATS_WAIT_S = 8.0  # that a platform's check waits for the database to name the chats
SETTINGS_HINT = "see deploy/SETTINGS.md"
INIT_HINT = "easel init asks for what is needed and writes easel.toml"

Checks = list[tuple[str, Awaitable[Sequence[Finding]]]]


async def run_checks(settings: Settings, *, missing: str | None = None) -> list[Finding]:
    """All findings, in the order in which a run would meet them. `missing`: where there are no settings at all.

    Raises SettingsWrong when a provider cannot be what the settings say.
    """
    resolved = resolve_providers([each.model_dump() for each in settings.providers])
    wrong = missing_secrets(settings)
    platforms = [
        name
        for name, table in (("discord", settings.discord), ("telegram", settings.telegram))
        if table.token is not None and not any(line.startswith(f"{name}.") for line in wrong)
    ]
    database = asyncio.create_task(check_database(settings, platforms))
    checks: Checks = [
        ("settings", _ready(_describe_settings(missing, wrong))),
        ("database", _findings_of(database)),
        ("backup", asyncio.to_thread(check_backups, settings)),
        ("folders", asyncio.to_thread(check_folders, settings)),
        ("disk", asyncio.to_thread(check_disk, settings)),
    ]
    if settings.server.enabled:
        checks.append(("server", _single(check_port(settings.server))))
        checks.append(("public address", check_public_address(settings)))
    checks.append(("region page", _ready(describe_region_page(settings, platforms))))
    checks.append(("admin page", _ready(describe_admin_page(settings))))
    checks.append(("clock", check_clock(_who_tells_the_time(settings, platforms, resolved))))
    checks.append(("adapters", _ready([_check_adapters(settings), *_describe_playground(settings)])))
    if settings.access.file is not None:
        checks.append(("access.file", _single(_check_access_file(settings.access.file))))
    if "discord" in platforms:
        checks.append(("discord", _check_discord(settings, database)))
    if "telegram" in platforms:
        checks.append(("telegram", _check_telegram(settings, database)))
    checks.append(("providers", _ready(_describe_providers(resolved))))
    checks += [(f"provider {models[0].name}", check_upstreams(models)) for models in resolved]
    if settings.moderation.enabled:
        checks.append(("moderation", _single(check_moderation(settings.moderation))))
    try:
        found = await asyncio.gather(*(bounded(subject, check) for subject, check in checks))
    finally:
        database.cancel()
        await asyncio.wait([database])
    return [each for findings in found for each in findings]


def mistake(line: str) -> Finding:
    """A mistake in the settings, which ends a command before anything else is looked at."""
    return Finding(subject="settings", is_ok=False, message=line, hint=SETTINGS_HINT)


async def _ready(findings: Sequence[Finding]) -> Sequence[Finding]:
    return findings


async def _single(check: Awaitable[Finding]) -> Sequence[Finding]:
    return [await check]


async def _findings_of(database: asyncio.Task[DatabaseReport]) -> Sequence[Finding]:
    return (await asyncio.shield(database)).findings


async def _chats(database: asyncio.Task[DatabaseReport], platform: str) -> list[Chat]:
    """Those that the database names; none where it does not answer."""
    done, _ = await asyncio.wait([database], timeout=CHATS_WAIT_S)
    if not done or database.cancelled() or database.exception() is not None:
        return []
    return database.result().chats.get(platform, [])


async def _check_discord(settings: Settings, database: asyncio.Task[DatabaseReport]) -> Sequence[Finding]:
    bot, chats = await asyncio.gather(check_discord(settings), _chats(database, "discord"))
    return [*bot, *await check_discord_chats(settings, chats)] if all(each.is_ok for each in bot) else bot


async def _check_telegram(settings: Settings, database: asyncio.Task[DatabaseReport]) -> Sequence[Finding]:
    return await check_telegram(settings, await _chats(database, "telegram"))


def _describe_settings(missing: str | None, wrong: Sequence[str]) -> list[Finding]:
    hint = "" if missing is None else INIT_HINT
    found = [Finding(subject="settings", is_ok=missing is None, message=missing or "understood", hint=hint)]
    return found + [mistake(line) for line in wrong]


def _who_tells_the_time(
    settings: Settings, platforms: Sequence[str], resolved: Sequence[Sequence[Upstream]]
) -> list[str]:
    """Addresses of who answers with the time, without a key, and is asked anyway."""
    bases = {"discord": f"{settings.discord.api_base}/gateway", "telegram": settings.telegram.api_base}
    return [*(bases[each] for each in platforms), *(models[0].base_url for models in resolved)]


async def _check_access_file(file: Path) -> Finding:
    async def load_access_file() -> str:
        await Admission(AccessLists(), clock=SystemClock(), file=file).reload_if_changed()
        return f"{file} is understood"

    return await finding("access.file", load_access_file(), hint="it has the five lists of access.* as TOML")


def _check_adapters(settings: Settings) -> Finding:
    if problems := missing_adapters(settings) + painting_problems(settings):
        return Finding(subject="adapters", is_ok=False, message="; ".join(problems), hint=INIT_HINT)
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


def _describe_providers(resolved: Sequence[Sequence[Upstream]]) -> list[Finding]:
    if not resolved:
        message = "none is configured; nobody could paint"
        return [Finding(subject="providers", is_ok=False, message=message, hint=INIT_HINT)]
    found: list[Finding] = []
    for upstreams in resolved:
        found += [finding for each in upstreams for finding in describe_upstream(each)]
        found += describe_overrides(upstreams)
    return found
