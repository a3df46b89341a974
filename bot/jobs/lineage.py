"""What a result was made from: its parent, its branch up to the root, and the wishes on the way. Pure.

A parent may be forgotten, taken away or deleted since, and what stands in a database may even go in a circle: a branch
then begins where it can still be followed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from bot.chat import Attachment, Message
from bot.job import Job, State

MAX_BRANCH = 100  # jobs of a branch that are looked at
DECAY_EDITS = 3  # a user with a longer branch reads that repeated edits wear a picture out


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The picture that a job starts from."""

    job_id: str | None
    """Id of the job whose result it is; None: it is a member's own picture."""

    number: int
    """Its number among the pictures of that job, ≥ 1; 1 of a member's own."""

    picture: Attachment | None
    """Its handle, as the job was given it; None: the job has forgotten it."""


class Presence(Enum):
    """What has become of a result."""

    SHOWN = auto()
    """It is where it was delivered."""

    DELETED = auto()
    """It was taken away."""

    FORGOTTEN = auto()
    """Its owner has asked Easel to forget them."""

    EXPIRED = auto()
    """Easel does not know it any more, or never had it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A job and those that it descends from."""

    jobs: tuple[Job, ...]
    """The root first, the job itself last; at least one."""

    is_whole: bool
    """Whether it begins at its root; False: what came before is not known any more."""

    @property
    def root(self) -> Source | None:
        """The picture that all wishes are about: a member's own, or the first result. None: it is not known any more,
        or there is nothing but the first result."""
        first = source_of(self.jobs[0])
        if not self.is_whole:
            return None
        if first is not None:
            return first
        if len(self.jobs) == 1:
            return None
        next_source = source_of(self.jobs[1])
        assert next_source is not None  # it has a parent
        return next_source

    @property
    def edits(self) -> tuple[Job, ...]:
        """The jobs that changed a picture in words, in order: no variation, and no other frame of the same picture."""
        started = self.jobs if source_of(self.jobs[0]) is not None else self.jobs[1:]
        return tuple(each for each in started if not each.is_variation and each.options.reframe is None)

    @property
    def wishes(self) -> tuple[str, ...]:
        """What was asked for of the root, in order; those that are forgotten are missing."""
        return tuple(each.prompt for each in self.edits if each.prompt)

    @property
    def wears(self) -> bool:
        """Whether so many edits follow one another that the picture has worn out."""
        return len(self.edits) > DECAY_EDITS


def source_of(job: Job) -> Source | None:
    """What a job starts from; None: from words alone."""
    picture = next(iter(job.references), None)
    if job.parent is not None:
        return Source(job_id=job.parent, number=job.parent_picture or 1, picture=picture)
    return None if picture is None else Source(job_id=None, number=1, picture=picture)


def trace_branch(job: Job, known: Mapping[str, Job]) -> Branch:
    """The branch of a job, as far as `known` has those before it (by their ids)."""
    jobs, seen, at = [job], {job.id}, job
    while at.parent is not None and at.parent not in seen and at.parent in known and len(jobs) < MAX_BRANCH:
        at = known[at.parent]
        seen.add(at.id)
        jobs.append(at)
    return Branch(jobs=tuple(reversed(jobs)), is_whole=at.parent is None)


def presence_of(job: Job | None) -> Presence:
    """What has become of a job's result; None: of a job that is not known."""
    if job is None:
        return Presence.EXPIRED
    if job.deleted is not None:
        return Presence.DELETED
    if not job.prompt:
        return Presence.FORGOTTEN
    return Presence.SHOWN if job.state is State.DONE and job.delivered else Presence.EXPIRED


def picture_number(parent: Job, picture: Attachment, message: Message) -> int:
    """Number of a picture among a job's results, from 1, that a message replies to: by its handle, by the picture that
    the replied message's buttons name, else by the message it stands in."""
    handles = [each.ref for each in parent.delivered]
    if picture.ref in handles:
        return handles.index(picture.ref) + 1
    reply = message.reply_to
    if isinstance(reply, Message):
        if reply.job_picture is not None and reply.job_picture <= len(handles):
            return reply.job_picture
        ids = [parent.delivered_id, *parent.further_ids][: len(handles)]
        if reply.id in ids:
            return ids.index(reply.id) + 1
    return 1
