"""`easel run` that waits for all parts of an album, however long; run by `tests.support.forked`."""

from pathlib import Path

from adapters.telegram import albums
from tests.support.easel_process import run_easel


def run_waiting_for_albums(config: Path) -> None:
    albums.ALBUM_QUIET_S = albums.ALBUM_MAX_S = 3600.0
    run_easel(config)
