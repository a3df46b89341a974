"""`easel check`: looks at everything a run would need, and says of each whether it is well. Changes nothing.

Paints nothing either: a provider is asked for its list of models, or for something that is not there.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path

from adapters.discord import diagnostics
from adapters.service import missing_adapters
from adapters.telegram import diagnostics as telegram_portal
from bot.clock import SystemClock
from bot.errors import EaselError, SettingsWrong
from bot.handlers.access_lists import AccessLists
from bot.handlers.admission import Admission
from bot.providers.http.client import UpstreamClient
from bot.providers.presets import resolve
from bot.providers.probe import probe_upstream
from bot.settings import Provider, Settings
from bot.store.store import Store, missing_file


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the report."""

    what: str
    good: bool
    says: str


async def examine(settings: Settings) -> list[Finding]:
    """Everything, in the order in which a run would meet it."""
    findings = [Finding(what="settings", good=True, says="understood")]
    findings.append(await _database(settings))
    findings.append(_adapters(settings))
    if settings.access.file is not None:
        findings.append(await _access(settings.access.file))
    if settings.discord.token is not None:
        findings.append(await _discord(settings))
    if settings.telegram.token is not None:
        findings += await _telegram(settings)
    if not settings.providers:
        findings.append(Finding(what="providers", good=False, says="none is configured; nobody could paint"))
    findings += await asyncio.gather(*(_provider(each) for each in settings.providers))
    return findings


async def _database(settings: Settings) -> Finding:
    async def open_it() -> str:
        if missing := await missing_file(settings.database_url):
            return f"{missing} does not exist yet; easel run makes it"
        store = await Store.open(settings.database_url, clock=SystemClock(), migrate=False)
        try:
            await store.ping()
        finally:
            await store.close()
        return "answers, and its tables are up to date"

    return await _finding("database", open_it())


async def _access(file: Path) -> Finding:
    async def read() -> str:
        await Admission(AccessLists(), clock=SystemClock(), file=file).reload_if_changed()
        return f"{file} is understood"

    return await _finding("access.file", read())


def _adapters(settings: Settings) -> Finding:
    if problems := missing_adapters(settings):
        return Finding(what="adapters", good=False, says="; ".join(problems))
    on = [
        name
        for name, there in (
            ("playground", settings.playground.enabled),
            ("discord", settings.discord.token is not None),
            ("telegram", settings.telegram.token is not None),
        )
        if there
    ]
    return Finding(what="adapters", good=True, says=", ".join(on))


async def _discord(settings: Settings) -> Finding:
    async def look() -> str:
        seen = await diagnostics.diagnose(settings.discord)
        if seen.problems:
            raise SettingsWrong(list(seen.problems))
        return "; ".join([f"is {seen.name}", *seen.notes, f"invite it with {seen.invite}"])

    return await _finding("discord", look())


async def _telegram(settings: Settings) -> list[Finding]:
    try:
        seen = await telegram_portal.diagnose(settings.telegram)
    except SettingsWrong as wrong:
        return [Finding(what="telegram", good=False, says="; ".join(wrong.problems))]
    except EaselError as failed:
        return [Finding(what="telegram", good=False, says=failed.detail or type(failed).__name__)]
    return [
        Finding(what="telegram", good=not seen.problems, says="; ".join(seen.problems or (seen.summary,))),
        Finding(what="telegram inline mode", good=True, says=seen.inline),
        Finding(what="telegram guest mode", good=True, says=seen.guest),
    ]


async def _provider(provider: Provider) -> Finding:
    async def ask() -> str:
        async with UpstreamClient() as client:
            return await probe_upstream(resolve(**provider.model_dump()), client)

    return await _finding(f"provider {provider.name}", ask())


async def _finding(what: str, examined: Awaitable[str]) -> Finding:
    try:
        return Finding(what=what, good=True, says=await examined)
    except SettingsWrong as wrong:
        return Finding(what=what, good=False, says="; ".join(wrong.problems))
    except EaselError as failed:
        return Finding(what=what, good=False, says=failed.detail or type(failed).__name__)
