"""The database for `easel check`: whether it answers and fits, how large it is, and rows that nobody could read.

Opens it for reading alone, also while Easel runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from adapters.doctor.findings import Finding, finding
from adapters.doctor.machine import size
from bot.chat import Chat
from bot.runtime.clock import SystemClock
from bot.settings import Settings
from bot.store.maintenance import DatabaseSize, measure, missing_file
from bot.store.quarantine import SetAside
from bot.store.store import Store

MAX_ROWS_SHOWN = 20  # unreadable rows, and updates set aside, each with a line of its own
MAX_CHATS = 20  # groups whose permissions are looked at, of each platform: those with the newest jobs
LARGE_WAL_BYTES = 256_000_000  # a write-ahead log is emptied at 4 MB, unless somebody reads all the time
HINT = "is the server running, and database_url right? deploy/SETTINGS.md"


@dataclass(slots=True, kw_only=True)
class DatabaseReport:
    """What the database says."""

    findings: list[Finding]
    chats: dict[str, list[Chat]] = field(default_factory=dict[str, list[Chat]])
    """Groups with the newest jobs, by platform."""


async def check_database(settings: Settings, platforms: Sequence[str]) -> DatabaseReport:
    """`platforms`: whose chats are listed."""
    report = DatabaseReport(findings=[])

    async def ping_database() -> str:
        if missing := await missing_file(settings.database_url):
            return f"{missing} does not exist yet; easel run makes it"
        store = await Store.open(settings.database_url, clock=SystemClock(), migrate=False)
        try:
            await store.ping()
            kept = await store.quarantine.list_rows()
            report.findings += _describe_updates([each for each in kept if each.is_update])
            report.findings += _describe_rows([each for each in kept if not each.is_update], "set aside")
            report.findings += _describe_rows(await store.quarantine.find_unreadable(), "easel run sets it aside")
            for platform in platforms:
                report.chats[platform] = await store.latest_groups(platform, MAX_CHATS)
            report.findings.insert(0, _describe_size(await measure(settings.database_url)))
        finally:
            await store.close()
        return "answers, and its tables are up to date"

    report.findings.insert(0, await finding("database", ping_database(), hint=HINT))
    return report


def _describe_size(measured: DatabaseSize) -> Finding:
    words = f"{measured.engine}; {size(measured.bytes)}"
    if measured.wal_bytes is not None:
        words += f", write-ahead log {size(measured.wal_bytes)}"
    is_large = measured.wal_bytes is not None and measured.wal_bytes > max(LARGE_WAL_BYTES, measured.bytes)
    hint = (
        "something reads the file all the time, so that the log is not emptied: a copy, or another program" * is_large
    )
    return Finding(subject="database size", is_ok=True, message=words, hint=hint)


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
