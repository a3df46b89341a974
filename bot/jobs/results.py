"""The finished images of a job between the upstream and the database: downloaded, checked, and few in memory at once.

What the jobs of all users hold has a common limit. It is kept by waiting before a download, never in the midst of one:
jobs that each hold a part and wait for more would wait for one another.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from urllib.parse import urlsplit

import structlog

from bot.downloads.fetcher import Fetcher
from bot.errors import BadResult, BrokenPicture, FetchFailed, FetchTooLarge, FetchUnavailable, NotAPicture, Unfetched
from bot.jobs.file_memory import FileMemory
from bot.painting import Blob, Image, Link
from bot.pictures.processing import ImageProcessor
from bot.runtime.clock import Clock

log = structlog.get_logger()

RESULT_MAX_BYTES = 64_000_000  # bytes of one result; a 3840 × 2160 PNG at its worst is below 34 MB
USUAL_BYTES = 6_000_000  # bytes that a result may have at first; a PNG of 1536 × 1024 has 2 to 4 million
RESULT_TIMEOUT_S = 60.0  # to download one result
RESULTS_BYTES = 192_000_000  # bytes of results in memory at once, of all users
USER_JOBS = 8  # of them, jobs of one user
# How long an address where nothing is yet is asked again: an image was painted and paid for, and a content delivery
# network may need some seconds until it has it.
UNAVAILABLE_S = 60.0
UNAVAILABLE_PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 14.5)  # before each further look


class _LargerThanUsual(Exception):
    """A result has more than USUAL_BYTES."""


class _NotThereYet(Exception):
    """A result may be at its address later."""


class JobResults:
    """Fetches and checks the finished images of jobs; keeps none."""

    def __init__(self, fetcher: Fetcher, processor: ImageProcessor, clock: Clock) -> None:
        self._fetcher = fetcher
        self._processor = processor
        self._clock = clock
        self._memory = FileMemory(RESULTS_BYTES, owner_files=USER_JOBS)

    @asynccontextmanager
    async def hold(
        self, sources: Sequence[Link | Blob], *, owner: str, asked: int | None = None
    ) -> AsyncGenerator[list[Image]]:
        """The finished images, which may be in memory until the block ends; those that fail are skipped. `owner`: key
        of the user on whose account they are checked. `asked`: images that were asked for; of more than these, none is
        given twice, which some upstreams have at two addresses. None: all are given.

        A job with an image above USUAL_BYTES gives its room back, and waits for as much as it might need at most. So
        does one that waits, for up to a minute, for its images to appear at their addresses, if it has none of them.

        Raises BadResult or Unfetched when all fail.
        """
        limit, pause, pauses = USUAL_BYTES, 0.0, list(UNAVAILABLE_PAUSES_S)
        deadline = self._clock.monotonic() + UNAVAILABLE_S
        fetched: dict[int, Image | FetchFailed | BadResult] = {}
        while True:
            await self._clock.sleep(pause)
            async with self._memory.reserve(owner, sum(_most_bytes(each, limit) for each in sources)):
                try:
                    while not await self._fetch_missing(
                        sources, fetched, limit, owner, patient=bool(pauses) and self._clock.monotonic() < deadline
                    ):
                        pause = pauses.pop(0)
                        if not _images(fetched):
                            break
                        await self._clock.sleep(pause)
                    else:
                        yield _without_repeats(_images(fetched), asked)
                        return
                except _LargerThanUsual:
                    limit, pause = RESULT_MAX_BYTES, 0.0
                    fetched.clear()

    async def _fetch_missing(
        self,
        sources: Sequence[Link | Blob],
        fetched: dict[int, Image | FetchFailed | BadResult],
        limit: int,
        owner: str,
        *,
        patient: bool,
    ) -> bool:
        """Adds the images that are not among `fetched` yet, by their place, and the failures of those that will not
        come. False: some may come later; only where `patient`.

        Raises BadResult or Unfetched when all fail; _LargerThanUsual.
        """
        is_complete = True
        for at, source in enumerate(sources):
            if at in fetched:
                continue
            try:
                fetched[at] = await self._fetch_first(source, limit, owner, patient=patient)
            except _NotThereYet:
                is_complete = False
            except (FetchFailed, BadResult) as failed:
                fetched[at] = failed
        if is_complete and not _images(fetched):
            failure = fetched[len(sources) - 1] if sources else None
            if isinstance(failure, FetchFailed):
                raise Unfetched(detail=f"{type(failure).__name__}: {failure.detail}") from failure
            raise BadResult(detail=failure.detail) if isinstance(failure, BadResult) else BadResult
        return is_complete

    async def _fetch_first(self, source: Link | Blob, limit: int, owner: str, *, patient: bool) -> Image:
        """The image of a source, or of the first of its fallbacks that has one.

        Raises FetchFailed, BadResult; _NotThereYet where it may come later, if `patient`; _LargerThanUsual.
        """
        try:
            return await self._fetch_one(source, limit, owner)
        except (FetchFailed, BadResult) as failed:
            if isinstance(failed, FetchTooLarge) and limit < RESULT_MAX_BYTES:
                raise _LargerThanUsual from failed
            may_come = patient and _may_come(source, failed)
            host = urlsplit(source.url).netloc if isinstance(source, Link) else "inline"
            note = partial(log.info, "result not there yet") if may_come else partial(log.warning, "result dropped")
            note(failure=type(failed).__name__, detail=failed.detail, host=host)
            if may_come:
                raise _NotThereYet from failed
            if source.fallback is None:
                raise
            return await self._fetch_first(source.fallback, limit, owner, patient=patient)

    async def _fetch_one(self, source: Link | Blob, limit: int, owner: str) -> Image:
        """The image of a source, of a link at the first of its mirrors that has one.

        Raises FetchFailed, BadResult: FetchUnavailable if it is that at any of them.
        """
        if isinstance(source, Blob):
            return await self._processor.validate_result(source.data, owner=owner)
        failures: list[FetchFailed | BadResult] = []
        for url in (source.url, *source.mirrors):
            try:
                data = await self._fetcher.download(url, max_bytes=limit, timeout_s=RESULT_TIMEOUT_S)
                if not data:
                    raise FetchUnavailable(detail="an empty body")
                return await self._processor.validate_result(data, owner=owner)
            except (FetchFailed, BadResult) as failed:
                if isinstance(failed, FetchTooLarge) and limit < RESULT_MAX_BYTES:
                    raise
                if isinstance(failed, FetchUnavailable) and (whole := await self._read_broken_off(failed, owner)):
                    return whole
                failures.append(failed)
        raise next((each for each in failures if isinstance(each, FetchUnavailable)), failures[0])

    async def _read_broken_off(self, failed: FetchUnavailable, owner: str) -> Image | None:
        """The image of a download that always broke off, where all of it has come: its server announces more than there
        is. None: it is none, or not whole."""
        try:
            return await self._processor.validate_result(failed.received, owner=owner) if failed.received else None
        except BadResult:
            return None


def _may_come(source: Link | Blob, failed: FetchFailed | BadResult) -> bool:
    """Whether an address from which no image came may have it later: nothing is there, or a page that says so, or a
    part of it. Where the source has a fallback, a page is no reason to wait."""
    if isinstance(failed, FetchUnavailable):
        return True
    is_other = isinstance(failed.__cause__, NotAPicture | BrokenPicture)
    return isinstance(source, Link) and is_other and source.fallback is None


def _without_repeats(images: list[Image], asked: int | None) -> list[Image]:
    """The images, without those of the same bytes as another where there are more than `asked`."""
    if asked is None or len(images) <= asked:
        return images
    return list({image.data: image for image in reversed(images)}.values())[::-1]


def _images(fetched: Mapping[int, Image | FetchFailed | BadResult]) -> list[Image]:
    """The images among what was fetched, in their order."""
    return [found for _, found in sorted(fetched.items()) if isinstance(found, Image)]


def _most_bytes(source: Link | Blob, limit: int) -> int:
    """Bytes that a source may have in memory."""
    if isinstance(source, Link):
        return limit
    return len(source.data) + (limit if source.fallback else 0)
