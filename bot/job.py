"""A job as it is kept: what was asked, where it stands, how it ended. And the table of its life.

Frozen values only; the rows they are made of stand in `rows`.
"""

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.chat import Action, Attachment, Chat, User
from bot.errors import Fact
from bot.painting import Options

ID_LENGTH = 12  # characters of base32: 60 random bits, and short enough for a button's data (Telegram: 64 bytes)


class State(StrEnum):
    """Where a job stands."""

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
    """Why a job ended without a picture, as `bot.texts.say` takes it."""

    key: str
    facts: Mapping[str, Fact] = field(default_factory=dict[str, Fact])


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A job that asks to be accepted. `event` makes that idempotent; `cost` is what it reserves, in credits.

    `request_id`: the message it answers. `mask` marks where the first reference is to change. `parent`: the job that
    it repeats or varies.
    """

    id: str
    event: str
    user: User
    chat: Chat
    request_id: str | None
    locale: str
    prompt: str
    options: Options = Options()
    references: tuple[Attachment, ...] = ()
    mask: Attachment | None = None
    cost: int
    parent: str | None = None

    @property
    def varies(self) -> bool:
        """Whether the Vary button asked for it: its first reference is then the picture to be varied."""
        return self.event.startswith(f"{Action.VARY.value}:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(NewJob):
    """An accepted job, as it was when read. `attempt` is the fence: a newer one makes this value stale.

    `steps`: what is done, by name, with what is to be remembered of it. `charged`: None until it has ended.
    `provider` and `model`: who was asked last, at `price` credits an image. `spent`: what the upstream took, in its
    own credits.
    """

    state: State
    attempt: int
    charged: int | None
    status_id: str | None
    created: datetime
    started: datetime | None
    finished: datetime | None
    provider: str | None
    model: str | None
    price: int | None
    spent: float | None
    upstream_id: str | None
    usage: Mapping[str, Any] | None
    trace: str | None
    failure: Failure | None
    delivered: tuple[Attachment, ...]
    delivered_id: str | None
    checkpoints: Mapping[str, Any]


def new_id() -> str:
    """A fresh id for a job: ID_LENGTH characters a–z, 2–7, not to be guessed."""
    return base64.b32encode(secrets.token_bytes(ID_LENGTH)).decode()[:ID_LENGTH].lower()
