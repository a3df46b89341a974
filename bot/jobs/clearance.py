"""Clears a job for its upstream where prompts are moderated: prompt and pictures pass, then its credits are reserved.

The job was accepted, and its message posted, without any reservation: a refusal has nothing to release, and a process
that is killed in between checks it again.
"""

from collections.abc import Callable, Sequence

import structlog

from bot.job import Job
from bot.moderation.moderation import Moderation
from bot.painting import Image
from bot.pictures.processing import ImageProcessor
from bot.quota import CurrentRules
from bot.runtime.clock import Clock, retry_store_write
from bot.store.store import Store

log = structlog.get_logger()

EDGE_PX = 768  # pixels, longest side of a picture that is checked; what such models look at
SMALL_BYTES = 500_000  # bytes of a picture that is checked as it is


class Clearance:
    """Of all jobs that are not reserved yet."""

    def __init__(
        self,
        *,
        store: Store,
        moderation: Moderation | None,
        processor: ImageProcessor,
        rules: CurrentRules,
        clock: Clock,
    ) -> None:
        """`moderation`: None: nothing is checked, and what an earlier process has left unreserved is reserved."""
        self._store = store
        self._moderation = moderation
        self._processor = processor
        self._rules = rules
        self._clock = clock

    async def check_prompt(self, job: Job) -> None:
        """Raises FlaggedPrompt, Unmoderated."""
        if self._moderation is not None and not job.is_reserved:
            await self._moderation.check_prompt(job.prompt)

    async def clear(self, job: Job, pictures: Sequence[Image], on_reserved: Callable[[Job], None]) -> None:
        """Checks the pictures, ready for an upstream, and reserves the credits.

        Raises FlaggedPicture, Unmoderated, OutOfCredits, ChatOutOfCredits, Banned, StoreFailed, Stale.
        """
        if job.is_reserved:
            return
        if self._moderation is not None and self._moderation.checks_pictures and pictures:
            small = [await self._scale_down(each, job.user.key) for each in pictures]
            await self._moderation.check_pictures(small)
        await retry_store_write(lambda: self._store.reserve_credits(job, self._rules.now), self._clock)
        on_reserved(job)

    async def _scale_down(self, picture: Image, owner: str) -> Image:
        if max(picture.width, picture.height) <= EDGE_PX and len(picture.data) <= SMALL_BYTES:
            return picture
        return await self._processor.prepare_preview(picture.data, edge=EDGE_PX, owner=owner)
