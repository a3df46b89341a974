"""Pictures that came back with marks drawn on them: which of a job's references is a copy of which, and what is drawn.

Compares pictures that are ready for an upstream; fetches none, and keeps none.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.errors import BadResult, NothingDrawn
from bot.job import Job
from bot.painting import DrawnMarks, Image
from bot.pictures.likeness import Likeness
from bot.pictures.processing import ImageProcessor

MAX_SHAPE_RATIO = 1.25  # of the shapes of a picture and its copy; a screenshot leaves out less


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedReferences:
    """References of which the second is a copy of the first one with something drawn on it."""

    references: tuple[Image, ...]
    """All of them: the original, the copy, then the others."""

    marks: DrawnMarks | None
    """What is drawn; None: something is, but nothing that is known as marks."""


class MarkedCopies:
    """Finds marks on the references of jobs."""

    def __init__(self, processor: ImageProcessor) -> None:
        self._processor = processor

    async def find(self, job: Job, references: Sequence[Image]) -> MarkedReferences | None:
        """None: no reference is a marked copy of another, or the job is a variation, whose result looks like one.
        Without marks: the one picture with which somebody has replied to a result is a copy of it that was changed by
        something else.

        Raises NothingDrawn where there are two and both are the same picture: one that was sent back, or twice.
        """
        if job.is_variation:
            return None
        has_unread = False
        alike: dict[frozenset[int], bool] = {}
        for original, copy in _pairs(len(references)):
            pair = frozenset((original, copy))
            if pair not in alike:
                alike[pair] = await self._are_alike(job, references[original], references[copy])
            if not alike[pair]:
                continue
            marks = await self._find_marks(job, references, original, copy)
            if isinstance(marks, DrawnMarks):
                others = (each for at, each in enumerate(references) if at not in pair)
                return MarkedReferences(references=(references[original], references[copy], *others), marks=marks)
            has_unread |= marks is Likeness.CHANGED
        is_sent_back = job.parent is not None and len(references) == 2  # others may be meant as references
        return MarkedReferences(references=tuple(references), marks=None) if has_unread and is_sent_back else None

    async def _are_alike(self, job: Job, one: Image, other: Image) -> bool:
        """Whether it is worth a closer look; of most pictures it is not."""
        ratio = one.width * other.height / (one.height * other.width)
        if max(ratio, 1 / ratio) > MAX_SHAPE_RATIO:
            return False
        return await self._processor.are_alike(one, other, owner=job.user.key)

    async def _find_marks(
        self, job: Job, references: Sequence[Image], original: int, copy: int
    ) -> DrawnMarks | Likeness:
        try:
            return await self._processor.find_marks(references[original], references[copy], owner=job.user.key)
        except NothingDrawn:
            one, other = references[original], references[copy]
            is_meant = job.parent is not None or (one.width, one.height) == (other.width, other.height)
            if len(references) > 2 or not is_meant:  # such as a picture and its thumbnail, of which somebody speaks
                return Likeness.OTHER
            raise
        except BadResult:  # too large to be compared: they are references like others
            return Likeness.OTHER


def _pairs(count: int) -> Iterator[tuple[int, int]]:
    """Numbers of an original and its copy, as they may stand in the order of references: the last one is the copy where
    a member replies to the bot's pictures, the first one where to another's."""
    yield from ((original, count - 1) for original in range(count - 1))
    yield from ((original, 0) for original in range(1, count))
