"""A job as it is stored: request, state, result. And the table of the transitions between its states.

Frozen values only; the rows they are made of are `bot.store.job_rows`'s.
"""

import base64
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.chat import Action, Attachment, Chat, User
from bot.errors import MessageArgument, PictureGone
from bot.painting import Options

ID_LENGTH = 12  # characters of base32: 60 random bits, and short enough for a button's data (Telegram: 64 bytes)
_ID = re.compile(rf"[a-z2-7]{{{ID_LENGTH}}}")


class State(StrEnum):
    """State of a job."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINAL_STATES = frozenset({State.DONE, State.FAILED, State.CANCELLED})

TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.WAITING: frozenset({State.RUNNING, State.FAILED, State.CANCELLED}),
    State.RUNNING: frozenset({State.RUNNING}) | FINAL_STATES,  # running again: a new attempt after a crash
    State.DONE: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELLED: frozenset(),
}
"""Which states may follow a state. None: the job has ended."""

UNFINISHED_STATES = frozenset(state for state, following in TRANSITIONS.items() if following)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a job ended without a picture, as `bot.texts.translate` takes it."""

    key: str
    """Of the text."""
    facts: Mapping[str, MessageArgument] = field(default_factory=dict[str, MessageArgument])
    """Arguments of the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A job that has not been accepted yet."""

    id: str
    """ID_LENGTH characters, from `new_id`."""
    event: str
    """The platform's id of the event that asked for it: makes acceptance idempotent."""
    button: str | None = None
    """The button that asked for it, as `button_key` names it: of the jobs of one button only one is unfinished. None:
    no button did."""
    user: User
    chat: Chat
    request_id: str | None
    """Id of the message that it answers."""
    locale: str
    prompt: str
    options: Options = Options()
    references: tuple[Attachment, ...] = ()
    mask: Attachment | None = None
    """Marks where the first reference is to change."""
    cost: int
    """Credits that it reserves, ≥ 0."""
    is_reserved: bool = True
    """Whether they are reserved; False: they are once its prompt and its pictures have passed moderation."""
    parent: str | None = None
    """Id of the job whose picture it starts from: its first reference, also where it was painted again; None: it starts
    from no picture of Easel's."""
    parent_picture: int | None = None
    """Number of that picture among those of the parent, ≥ 1; None where there is no parent."""
    is_variation: bool = False
    """Whether its first reference is a picture to vary, so that its prompt is that of the parent."""
    parts: tuple[str, ...] = ()
    """Ids of further messages of the chat that were read as parts of its request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """What a job's request is now: its sender has gone on writing, or has corrected it."""

    prompt: str
    options: Options
    references: tuple[Attachment, ...]
    mask: Attachment | None
    cost: int
    """Credits that it reserves now, ≥ 0."""
    is_reserved: bool = True
    """As `NewJob.is_reserved`."""
    parts: tuple[str, ...]
    """As `NewJob.parts`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(NewJob):
    """An accepted job, as it was when read."""

    state: State
    attempt: int
    """Number of the attempt, ≥ 0; the fence: a newer attempt makes this value stale."""
    holder: str | None = None
    """Id of the process that runs the attempt, or holds the job until it may begin; None: none does, or there is only
    one process."""
    shown_by: str | None = None
    """Id of the process that makes the calls about its message; None: whichever comes first."""
    charged: int | None
    """Credits, 0 to `cost`; None until the job has ended."""
    status_id: str | None
    """Id of its status message."""
    created: datetime
    started: datetime | None
    """When its first attempt began."""
    finished: datetime | None
    provider: str | None
    """Name of the provider of the latest request."""
    model: str | None
    """Its model."""
    price: int | None
    """Its credits an image."""
    spent: float | None
    """What the upstream charged, in its own credits."""
    upstream_id: str | None
    """The upstream's id of the task or response."""
    usage: Mapping[str, Any] | None
    """The upstream's usage figures, as it sent them."""
    trace: str | None
    """The upstream's id of the request, for its support."""
    failure: Failure | None
    delivered: tuple[Attachment, ...]
    """The delivered pictures."""
    delivered_id: str | None
    """Id of the message with the pictures; of several the first."""
    further_ids: tuple[str, ...]
    """Ids of the other messages with its pictures."""
    copy_ids: tuple[str, ...]
    """Ids of messages that show its pictures once more, maybe beside others."""
    deleted: datetime | None
    """When its result was taken away; None: it was not."""
    checkpoints: Mapping[str, Any]
    """JSON values of finished steps by their names, in the order they were written."""

    def delivered_picture(self, number: int | None) -> Attachment:
        """One of the delivered pictures by its number, from 1; None: the first. Raises PictureGone for any other."""
        at = 0 if number is None else number - 1
        if not 0 <= at < len(self.delivered):
            raise PictureGone(name=f"{at + 1}")
        return self.delivered[at]


def message_ids(job: Job) -> tuple[str, ...]:
    """The ids of all messages of a job that its chat has, the one with the pictures first."""
    known = (job.delivered_id, job.status_id, *job.further_ids, *job.copy_ids)
    return tuple(dict.fromkeys(each for each in known if each is not None))


def button_key(action: Action, job_id: str, user_key: str, picture: int = 1) -> str:
    """Names a button of a job's message, for the one user who presses it. `picture`: number of the picture of the
    result that it is about, from 1."""
    about = "" if picture == 1 else f"/{picture}"
    return f"{action.value}:{job_id}{about}:{user_key}"


def names_job(key: str) -> bool:
    """Whether the key of a message begins with the id of a job, alone or with a colon and more behind it."""
    return _ID.fullmatch(key.partition(":")[0]) is not None


def new_id() -> str:
    """A fresh id for a job: ID_LENGTH characters a–z, 2–7, not to be guessed."""
    return base64.b32encode(secrets.token_bytes(ID_LENGTH)).decode()[:ID_LENGTH].lower()
