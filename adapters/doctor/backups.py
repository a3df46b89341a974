"""The backups for `easel check`: how old the newest is, compared with how old it may be. Reads names of files alone."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from adapters.doctor.findings import Finding
from adapters.doctor.machine import size
from bot.errors import SettingsWrong
from bot.runtime.clock import SystemClock
from bot.settings import Settings
from bot.store.backup_folder import backup_folder, list_backups
from bot.store.engine import is_sqlite, parse_url
from bot.store.migrate import sqlite_path

LATE = 2  # times `backup.every`: then one was left out


def check_backups(settings: Settings) -> list[Finding]:
    """Fails where data is newer than the newest backup by more than twice the time between two."""
    url = parse_url(settings.database_url)
    if not is_sqlite(url):
        return []
    file = sqlite_path(url)
    if settings.backup.every is None:
        hint = 'set backup.every = "1d", or let Litestream copy it (deploy/BACKUP.md)' * file.exists()
        return [_finding("none are made", hint=hint)]
    folder = backup_folder(url, settings.backup.folder)
    try:
        made = list_backups(url, folder)
    except SettingsWrong as wrong:
        return [_finding("; ".join(wrong.problems), is_ok=False, hint="let the user that runs Easel read it")]
    if not made:
        hint = "easel run makes the first one at its start" * file.exists()
        return [_finding(f"there is none in {folder} yet", hint=hint)]
    newest = made[-1]
    age = SystemClock().now() - newest.at
    words = f"{len(made)} in {folder}; the newest is {_words(age)} old and has {size(newest.path.stat().st_size)}"
    if _changed_at(file) - newest.at > LATE * timedelta(seconds=settings.backup.every):
        return [_finding(words, is_ok=False, hint="look for backup failed in the log, or into /readyz")]
    return [_finding(words)]


def _finding(message: str, *, is_ok: bool = True, hint: str = "") -> Finding:
    return Finding(subject="backup", is_ok=is_ok, message=message, hint=hint)


def _changed_at(file: Path) -> datetime:
    """When the database was written to last."""
    times = [each.stat().st_mtime for each in (file, file.with_name(f"{file.name}-wal")) if each.exists()]
    return datetime.fromtimestamp(max(times, default=0.0), UTC)


def _words(age: timedelta) -> str:
    seconds = max(0, round(age.total_seconds()))
    for unit, length in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
