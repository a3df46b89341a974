"""Edits with a mask as they are delivered: everything outside the mask is as it was, unless a user wants it loose.

The original is fetched anew, so that nothing more is kept while an upstream paints, and a restart changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from bot.job import Job
from bot.jobs.images import JobImages
from bot.jobs.marked_copies import MarkedCopies
from bot.jobs.reframes import shape_of_text
from bot.painting import Capabilities, Image
from bot.pictures.frames import Shapes

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

    scaled: bool = False
    """Whether the original was scaled down, so that its larger canvas could be composed."""


class Edits:
    """Puts originals back around the edits of jobs."""

    def __init__(self, images: JobImages, marked_copies: MarkedCopies) -> None:
        self._images = images
        self._marked_copies = marked_copies

    async def put_originals_back(self, job: Job, painted: Sequence[Image], *, shape: str = "") -> EditedImages:
        """The images as they are delivered. An original that cannot be fetched any more leaves them as painted.
        `shape`: of the canvas that had grown around it, as of `GenerationState`."""
        try:
            original, mask, scaled = await self._load_original(job, shape)
        except Exception:  # whatever it is: the images are painted and paid for
            log.warning("original not loaded", job=job.id, exc_info=True)
            return EditedImages(images=painted, moved=len(painted))
        if mask is None:  # what stands at its address has changed meanwhile
            return EditedImages(images=painted, moved=len(painted))
        found = [await self._put_back(job, each, original, mask) for each in painted]
        images = [each or as_painted for each, as_painted in zip(found, painted, strict=True)]
        moved = sum(each is None for each in found)
        return EditedImages(images=images, moved=moved, scaled=scaled and not moved)

    async def _load_original(self, job: Job, shape: str) -> tuple[Image, Image | None, bool]:
        """The original, or the canvas around it; its mask; and whether it had to be scaled down for the canvas."""
        if job.options.grows:
            shapes = shape_of_text(shape) if shape else Shapes()
            (canvas, *_), mask, frame = await self._images.load_enlarged(_first_reference(job), shapes, ORIGINAL)
            return canvas, mask, frame.is_scaled
        if job.mask is None and len(job.references) > 1:
            references, _ = await self._images.load_references(job, ORIGINAL)
            found = await self._marked_copies.find(job, references)
            if found is None or found.marks is None:
                return references[0], None, False
            return found.references[0], found.marks.keep, False
        (original,), mask = await self._images.load_references(_first_reference(job), ORIGINAL)
        return original, mask, False

    async def _put_back(self, job: Job, painted: Image, original: Image, mask: Image) -> Image | None:
        try:
            return await self._images.put_original_back(job, painted, original, mask)
        except Exception:  # as above
            log.warning("original not put back", job=job.id, exc_info=True)
            return None


def _first_reference(job: Job) -> Job:
    return replace(job, references=job.references[:1])
