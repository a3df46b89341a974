"""The finished images of a job between the upstream and the database: downloaded, checked, and few in memory at once.

What the jobs of all users hold has a common limit. It is kept by waiting before a download, never in the midst of one:
jobs that each hold a part and wait for more would wait for one another.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import structlog

from bot.errors import BadResult, EaselError, FetchFailed, FetchTooLarge, Unfetched
from bot.fetch import Fetcher
from bot.jobs.file_memory import FileMemory
from bot.jobs.images import load_source
from bot.painting import Blob, Image, Link
from bot.pictures.processing import ImageProcessor

log = structlog.get_logger()

RESULT_MAX_BYTES = 64_000_000  # bytes of one result; a 3840 × 2160 PNG at its worst is below 34 MB
USUAL_BYTES = 6_000_000  # bytes that a result may have at first; a PNG of 1536 × 1024 has 2 to 4 million
RESULT_TIMEOUT_S = 60.0  # to download one result
RESULTS_BYTES = 192_000_000  # bytes of results in memory at once, of all users
USER_JOBS = 8  # of them, jobs of one user


class _LargerThanUsual(Exception):
    """A result has more than USUAL_BYTES."""


class JobResults:
    """Fetches and checks the finished images of jobs; keeps none."""

    def __init__(self, fetcher: Fetcher, processor: ImageProcessor) -> None:
        self._fetcher = fetcher
        self._processor = processor
        self._memory = FileMemory(RESULTS_BYTES, owner_files=USER_JOBS)

    @asynccontextmanager
    async def hold(self, sources: Sequence[Link | Blob], *, owner: str) -> AsyncGenerator[list[Image]]:
        """The finished images, which may be in memory until the block ends; those that fail are skipped. `owner`: key
        of the user on whose account they are checked.

        A job with an image above USUAL_BYTES gives its room back, and waits for as much as it might need at most.

        Raises BadResult or Unfetched when all fail.
        """
        for limit in (USUAL_BYTES, RESULT_MAX_BYTES):
            async with self._memory.reserve(owner, sum(_most_bytes(each, limit) for each in sources)):
                try:
                    images = await self._fetch_all(sources, limit, owner)
                except _LargerThanUsual:
                    continue
                yield images
                return

    async def _fetch_all(self, sources: Sequence[Link | Blob], limit: int, owner: str) -> list[Image]:
        failure: EaselError | None = None
        images: list[Image] = []
        for source in sources:
            try:
                data = await load_source(self._fetcher, source, limit, RESULT_TIMEOUT_S)
                images.append(await self._processor.validate_result(data, owner=owner))
            except (FetchFailed, BadResult) as failed:
                if isinstance(failed, FetchTooLarge) and limit < RESULT_MAX_BYTES:
                    raise _LargerThanUsual from failed
                host = urlsplit(source.url).netloc if isinstance(source, Link) else "inline"
                log.warning("result dropped", failure=type(failed).__name__, detail=failed.detail, host=host)
                failure = failed
        if isinstance(failure, FetchFailed) and not images:
            raise Unfetched(detail=f"{type(failure).__name__}: {failure.detail}") from failure
        if not images:
            raise BadResult(detail=failure.detail if failure else None) from failure
        return images


def _most_bytes(source: Link | Blob, limit: int) -> int:
    return len(source.data) if isinstance(source, Blob) else limit
