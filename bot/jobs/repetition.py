"""What the buttons that repeat a job ask for: *Retry* the same request again, *Vary* one about its result. Pure."""

from dataclasses import dataclass, replace

from bot.chat import Action, Attachment
from bot.job import Job
from bot.jobs.checkpoints import restore_state
from bot.painting import Options


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatedRequest:
    """A request that repeats a job; its prompt stays."""

    references: tuple[Attachment, ...]
    """In order."""

    mask: Attachment | None
    """Where the first reference is to change; None: anywhere."""

    options: Options
    """What was chosen."""

    parent: str | None
    """Id of the job whose result the first reference is; None: of none."""

    parent_picture: int | None
    """Its number there, from 1."""

    is_variation: bool
    """Whether it asks for a variation of the first reference."""

    number: int
    """Number of the image that was pressed about, from 1."""


def repeated_request(action: Action, job: Job, picture: int | None, max_references: int) -> RepeatedRequest:
    """*Retry*: the same again. *Vary*: the same with a finished image as the first reference, the one with the number
    `picture`, from 1, or the first; without the others where they are beyond `max_references`. Of a picture that was
    marked by hand it is the same edit, marks and all: without them its words would have no place.

    Raises PictureGone where the result has no such image.
    """
    same = RepeatedRequest(
        references=job.references,
        mask=job.mask,
        options=replace(job.options, replaced_model=None),
        parent=job.parent,
        parent_picture=job.parent_picture,
        is_variation=job.is_variation,
        number=1,
    )
    if action is not Action.VARY:
        return same
    options = replace(same.options, reframe=None)
    if not job.delivered:
        return replace(same, options=options)
    chosen, number = job.delivered_picture(picture), picture or 1
    if restore_state(job).marked:
        return replace(same, options=options, number=number)
    originals = job.references[1:] if job.is_variation else job.references
    return RepeatedRequest(
        references=(chosen, *originals) if len(originals) < max_references else (chosen,),
        mask=None,
        options=options,
        parent=job.id,
        parent_picture=number,
        is_variation=True,
        number=number,
    )
