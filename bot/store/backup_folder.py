"""A folder of backups: their names, which say when each was made, and which of them are kept.

Touches nothing that is not named like a backup of this very database. Blocking: call it in a worker thread.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog
from filelock import FileLock, Timeout
from sqlalchemy import URL

from bot.errors import SettingsWrong
from bot.store.backup import PART, back_up, never_stops
from bot.store.migrate import sqlite_path
from bot.store.private_files import FILE_MODE, create_private_folder

log = structlog.get_logger()

TIME_FORMAT = "%Y%m%dT%H%M%SZ"  # UTC
DEFAULT_FOLDER = "backups"  # beside the database


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupFile:
    """One backup."""

    path: Path
    at: datetime
    """When it was made, by its name; UTC."""


def backup_folder(url: URL, folder: Path | None) -> Path:
    """The folder of a database's backups. `folder`: of the settings."""
    return folder if folder is not None else sqlite_path(url).parent / DEFAULT_FOLDER


def list_backups(url: URL, folder: Path) -> list[BackupFile]:
    """The backups of a database, oldest first; none where there is no such folder.

    Raises SettingsWrong where it cannot be read.
    """
    name = re.compile(rf"{re.escape(sqlite_path(url).stem)}-(\d{{8}}T\d{{6}}Z)\.db")
    try:
        named = [(path, name.fullmatch(path.name)) for path in folder.iterdir() if path.is_file()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise SettingsWrong([f"backup.folder: {folder} cannot be read ({error.strerror})"]) from error
    found = [BackupFile(path=path, at=_moment(made[1])) for path, made in named if made is not None]
    return sorted(found, key=lambda each: each.at)


def make_backup(
    url: URL, folder: Path, *, keep: int, now: datetime, stops: Callable[[], bool] = never_stops
) -> BackupFile:
    """Makes one more backup, and deletes the oldest beyond `keep`. One process at a time: the lock goes with it.

    Raises SettingsWrong when there is none; then the older ones stay. Raises BackupStopped, as `back_up`.
    """
    stem = sqlite_path(url).stem
    try:
        create_private_folder(folder)
        with FileLock(folder / f".{stem}.lock", timeout=0, mode=FILE_MODE):
            for left in folder.glob(f"{stem}-*.db{PART}*"):  # of a process that was killed
                left.unlink(missing_ok=True)
            made = BackupFile(path=folder / f"{stem}-{now.astimezone(UTC):{TIME_FORMAT}}.db", at=now)
            back_up(url, made.path, stops=stops)
            _rotate(url, folder, keep)
    except Timeout:
        raise SettingsWrong([f"backup.folder: another process makes a backup in {folder}"]) from None
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise SettingsWrong([f"backup.folder: {folder} cannot be written ({why})"]) from error
    return made


def _rotate(url: URL, folder: Path, keep: int) -> None:
    for old in list_backups(url, folder)[:-keep]:
        try:
            old.path.unlink(missing_ok=True)
        except OSError as error:
            log.warning("old backup not deleted", file=str(old.path), detail=error.strerror)


def _moment(name: str) -> datetime:
    try:
        return datetime.strptime(name, TIME_FORMAT).replace(tzinfo=UTC)
    except ValueError:  # digits that are no date
        return datetime.min.replace(tzinfo=UTC)
