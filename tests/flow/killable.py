"""Easel with its playground, as a process that a test may kill; run by `tests.support.forked`.

Prints the address of its server once it runs.
"""

import asyncio
import sys
from pathlib import Path

from adapters.service import run
from adapters.telegram import albums
from bot.logs import configure_logging
from bot.settings import load


def ready(address: str) -> None:
    sys.stdout.write(f"{address}\n")
    sys.stdout.flush()


def main(config: Path, *, patient: bool = False) -> None:
    """`patient`: all parts of an album are waited for, however long."""
    if patient:
        albums.ALBUM_QUIET_S = albums.ALBUM_MAX_S = 3600.0
    configure_logging("json", "info")  # to stderr: what stands on stdout is the address
    asyncio.run(run(load(config), ready=ready))
