"""Edits with a mask as they are delivered: everything outside the mask is as it was, unless a user wants it loose.

The original is fetched anew, so that nothing more is kept while an upstream paints, and a restart changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from bot.job import Job
from bot.jobs.images import JobImages
from bot.painting import Capabilities, Image

log = structlog.get_logger()

# The original in its own size, as far as it can be decoded: it is no upstream's reference any more.
ORIGINAL = Capabilities(
    max_reference_bytes=1 << 30,
    max_reference_edge=4096,
    max_mask_bytes=1 << 30,
    supports_masks=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditedImages:
    """A job's images, ready to be delivered."""

    images: Sequence[Image]
    """In the order in which the upstream painted them."""

    moved: int = 0
    """How many of them show something else outside the mask, too, and stay as painted."""


class Edits:
    """Puts originals back around the edits of jobs."""

    def __init__(self, images: JobImages) -> None:
        self._images = images

    async def put_originals_back(self, job: Job, painted: Sequence[Image]) -> EditedImages:
        """The images as they are delivered. An original that cannot be fetched any more leaves them as painted."""
        try:
            (original, *_), mask = await self._images.load_references(_first_reference(job), ORIGINAL)
        except Exception:  # whatever it is: the images are painted and paid for
            log.warning("original not loaded", job=job.id, exc_info=True)
            return EditedImages(images=painted, moved=len(painted))
        if mask is None:  # what stands at its address has changed meanwhile
            return EditedImages(images=painted, moved=len(painted))
        found = [await self._put_back(job, each, original, mask) for each in painted]
        images = [each or as_painted for each, as_painted in zip(found, painted, strict=True)]
        return EditedImages(images=images, moved=sum(each is None for each in found))

    async def _put_back(self, job: Job, painted: Image, original: Image, mask: Image) -> Image | None:
        try:
            return await self._images.put_original_back(job, painted, original, mask)
        except Exception:  # as above
            log.warning("original not put back", job=job.id, exc_info=True)
            return None


def _first_reference(job: Job) -> Job:
    return replace(job, references=job.references[:1])
