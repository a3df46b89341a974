"""Backups that happen by themselves: one every so often, while Easel runs; the newest few are kept.

Decides when; how a copy is made and checked stands in `bot.store.backup`. One that fails is logged and shown, tried
again soon, and stops nothing.
"""

import asyncio
import threading
from pathlib import Path

import structlog
from sqlalchemy import URL

from bot.errors import SettingsWrong
from bot.observability.metrics import BACKUPS, LAST_BACKUP
from bot.runtime.clock import Clock
from bot.runtime.supervision import Supervisor
from bot.settings import Settings
from bot.store.backup import BackupStopped
from bot.store.backup_folder import BackupFile, backup_folder, list_backups, make_backup
from bot.store.engine import parse_url

log = structlog.get_logger()

RETRY_S = 300.0  # after a backup that failed, at most
LOOK_S = 3600.0  # at most between two looks at the time: the clock may be set


class Backups:
    """The backups of one SQLite file."""

    def __init__(self, url: URL, folder: Path, *, every_s: float, keep: int, clock: Clock) -> None:
        """`every_s`: seconds from one backup to the next, > 0, over restarts as well; `keep`: how many stay, > 0."""
        self._url = url
        self._folder = folder
        self._every_s = every_s
        self._keep = keep
        self._clock = clock
        self._supervisor = Supervisor(clock)
        self._stopping = threading.Event()
        self._failure: str | None = None
        self._began = clock.monotonic()  # or when the last one was made
        self.has_made = False
        """Whether one was made since the start."""

    @classmethod
    def configured(cls, settings: Settings, clock: Clock) -> "Backups | None":
        """None where none are wanted."""
        if settings.backup.every is None:
            return None
        url = parse_url(settings.database_url)
        folder = backup_folder(url, settings.backup.folder)
        return cls(url, folder, every_s=settings.backup.every, keep=settings.backup.keep, clock=clock)

    def start(self) -> None:
        """Starts the task."""
        self._supervisor.keep_running("backups", self._run_forever)

    async def stop(self) -> None:
        """Gives up a copy under way, and waits for its end."""
        self._stopping.set()
        await self._supervisor.stop()

    def warning(self) -> str | None:
        """Why the last backup was not made; None: it was, or none is due yet."""
        return self._failure or self._supervisor.problem()

    async def _run_forever(self) -> None:
        while True:
            without_s = self._clock.monotonic() - self._began
            wait_s = await asyncio.to_thread(self._seconds_until_due, without_s)
            if wait_s > 0:
                await self._clock.sleep(min(wait_s, LOOK_S))
            elif not await self._back_up():
                await self._clock.sleep(min(RETRY_S, self._every_s))

    def _seconds_until_due(self, without_s: float) -> float:
        """0 where a backup is due: by the time in the newest one's name, and where the clock was set back since, by how
        long this process has run without one, seconds."""
        try:
            made = list_backups(self._url, self._folder)
        except SettingsWrong:
            return 0.0  # making one says why
        if not made:
            return 0.0
        age_s = (self._clock.now() - made[-1].at).total_seconds()
        return max(0.0, self._every_s - max(age_s, without_s))

    async def _back_up(self) -> bool:
        """Whether one was made. A caller that is cancelled leaves once the thread has given up."""
        work = asyncio.ensure_future(asyncio.to_thread(self._make))
        try:
            made = await asyncio.shield(work)
        except asyncio.CancelledError:
            self._stopping.set()
            await asyncio.wait([work])
            raise
        except BackupStopped:
            return False
        except SettingsWrong as failed:
            self._failure = "; ".join(failed.problems)
            BACKUPS.labels("failed").inc()
            log.error("backup failed", detail=self._failure)
            return False
        self._failure, self._began, self.has_made = None, self._clock.monotonic(), True
        BACKUPS.labels("made").inc()
        LAST_BACKUP.set(made.at.timestamp())
        log.info("backup made", file=str(made.path))
        return True

    def _make(self) -> BackupFile:
        now = self._clock.now().replace(microsecond=0)
        return make_backup(self._url, self._folder, keep=self._keep, now=now, stops=self._stopping.is_set)
