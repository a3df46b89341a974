"""Pictures that came back with marks drawn on them: which of a job's references is a copy of which, and what is drawn.

Compares pictures that are ready for an upstream; fetches none, and keeps none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.errors import BadResult, NothingDrawn
from bot.job import Job
from bot.painting import DrawnMarks, Image
from bot.pictures.processing import ImageProcessor

MAX_SHAPE_RATIO = 1.25  # of the shapes of a picture and its copy; a screenshot leaves out less


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedReferences:
    """References of which the second is a copy of the first one with marks drawn on it."""

    references: tuple[Image, ...]
    """All of them: the original, the copy, then the others."""

    marks: DrawnMarks
    """What is drawn."""


class MarkedCopies:
    """Finds marks on the references of jobs."""

    def __init__(self, processor: ImageProcessor) -> None:
        self._processor = processor

    async def find(self, job: Job, references: Sequence[Image]) -> MarkedReferences | None:
        """None: no reference is a marked copy of another, or the job is a variation, whose result looks like one.

        Raises NothingDrawn where there are two and both are the same picture: one that was sent back, or twice.
        """
        if job.is_variation:
            return None
        alike: dict[frozenset[int], bool] = {}
        for original, copy in _pairs(len(references)):
            pair = frozenset((original, copy))
            if pair not in alike:
                alike[pair] = await self._are_alike(job, references[original], references[copy])
            if alike[pair] and (marks := await self._find_marks(job, references, original, copy)) is not None:
                others = (each for at, each in enumerate(references) if at not in pair)
                return MarkedReferences(references=(references[original], references[copy], *others), marks=marks)
        return None

    async def _are_alike(self, job: Job, one: Image, other: Image) -> bool:
        """Whether it is worth a closer look; of most pictures it is not."""
        ratio = one.width * other.height / (one.height * other.width)
        if max(ratio, 1 / ratio) > MAX_SHAPE_RATIO:
            return False
        return await self._processor.are_alike(one, other, owner=job.user.key)

    async def _find_marks(self, job: Job, references: Sequence[Image], original: int, copy: int) -> DrawnMarks | None:
        try:
            return await self._processor.find_marks(references[original], references[copy], owner=job.user.key)
        except NothingDrawn:
            one, other = references[original], references[copy]
            is_meant = job.parent is not None or (one.width, one.height) == (other.width, other.height)
            if len(references) > 2 or not is_meant:  # such as a picture and its thumbnail, of which somebody speaks
                return None
            raise
        except BadResult:  # too large to be compared: they are references like others
            return None


def _pairs(count: int) -> Iterator[tuple[int, int]]:
    """Numbers of an original and its copy, as they may stand in the order of references: the last one is the copy where
    a member replies to the bot's pictures, the first one where to another's."""
    yield from ((original, count - 1) for original in range(count - 1))
    yield from ((original, 0) for original in range(1, count))
