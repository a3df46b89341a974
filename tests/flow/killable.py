"""Easel with its playground, as a process that a test may kill: `python -m tests.flow.killable FILE [MANNER]`.

Prints the address of its server once it runs. A `patient` one waits for all parts of an album, however long.
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


if __name__ == "__main__":
    if sys.argv[2:] == ["patient"]:
        albums.ALBUM_QUIET_S = albums.ALBUM_MAX_S = 3600.0
    configure_logging("json", "info")  # to stderr: what stands on stdout is the address
    asyncio.run(run(load(Path(sys.argv[1])), ready=ready))
