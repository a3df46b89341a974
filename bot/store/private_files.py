"""Files that only their owner may read: what Easel stores is its users' business.

Blocking: call it in a worker thread. Knows no format; files and folders of other programs are left alone.
"""

import logging
import os
import stat
from pathlib import Path

log = logging.getLogger(__name__)

FILE_MODE = 0o600  # read and written by the owner
FOLDER_MODE = 0o700  # entered and listed by the owner
OTHERS = stat.S_IRWXG | stat.S_IRWXO  # rights of the group and of everybody
SQLITE_SUFFIXES = ("-wal", "-shm", "-journal", ".lock")  # of the files beside a SQLite file; .lock is Easel's own


def create_private_file(file: Path) -> None:
    """Creates an empty file, unless one is there, and takes the rights of others off it and off its SQLite companions;
    SQLite gives new companions the rights of the file.

    Raises OSError when it cannot be created.
    """
    os.close(os.open(file, os.O_CREAT | os.O_RDONLY, FILE_MODE))
    for each in (file, *(file.with_name(f"{file.name}{suffix}") for suffix in SQLITE_SUFFIXES)):
        _remove_access_of_others(each)


def create_private_folder(folder: Path) -> None:
    """Creates a folder with those above it, and takes the rights of others off an existing one.

    Raises OSError when it cannot be created.
    """
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    _remove_access_of_others(folder)


def _remove_access_of_others(path: Path) -> None:
    """Logs where that is not allowed: the file is another user's, who has chosen its rights."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & OTHERS:
            path.chmod(mode & ~OTHERS)
    except FileNotFoundError:
        return
    except OSError as failed:
        log.warning("%s stays readable by others: %s", path, failed.strerror)
