"""What administrators are shown of a running Easel, as frozen values: jobs, members, the audit log.

Nothing here has a body; figures over many jobs stand in `admin_figures`. Times are aware and in UTC, durations are
seconds, money is credits.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from bot.job import Job, State
from bot.quota import Balance

RowT = TypeVar("RowT")

JobSort = Literal["created", "finished", "seconds", "charged", "pictures"]
"""What a list of jobs is ordered by; an unfinished job has no `finished`, and none charged."""
Circuit = Literal["closed", "half-open", "open"]
"""Of a provider: asked in its place; by one request as a probe; last."""
MessageKind = Literal["status", "result", "further"]
"""The status message that became the end; the message with the pictures where that is another one; more of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[RowT]):
    """A part of a list."""

    rows: tuple[RowT, ...]
    """In the order of the list; empty past its end."""

    next: str | None
    """To be given as `after` for what follows; None: this was the last part."""


# ---------------------------------------------------------------- now


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningJob:
    """A job that has begun and has not ended."""

    id: str
    """Of the job."""
    user_key: str
    """`User.key` of its member."""
    user_name: str
    """Display name of the member when the job was requested; may be empty."""
    chat_key: str
    """`Chat.key` of its chat."""
    provider: str | None
    """Who paints it; None: nobody was asked yet."""
    model: str | None
    """Its model."""
    stage: str | None
    """One of `bot.painting.Stage`; None: another process shows the job."""
    percent: float | None
    """Progress, 0 to 100; None: not known, or another process shows the job."""
    seconds: float
    """Since its first attempt began, >= 0."""
    process: str | None
    """Id of the process that runs it; None: there is only one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingJob:
    """An accepted job that has not begun."""

    id: str
    """Of the job."""
    position: int
    """In the queue as jobs came in, from 1: who has too many running at once lets others pass."""
    user_key: str
    """`User.key` of its member."""
    user_name: str
    """As of RunningJob."""
    chat_key: str
    """`Chat.key` of its chat."""
    seconds: float
    """Since its acceptance, >= 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderNow:
    """A configured provider, as this process sees it."""

    name: str
    """The operator's name for it."""
    models: tuple[str, ...]
    """Its models, as configured."""
    circuit: Circuit
    """State of its circuit breaker."""
    concurrency: int
    """Requests that it may have at once, as learned or configured; >= 1."""
    under_way: int
    """Requests of this process that are under way, >= 0."""
    is_paused: bool
    """Whether an administrator has paused it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BotPause:
    """The pause of the whole bot."""

    words: str | None
    """What members read, in the administrator's words; None: the standing sentence in their language."""
    who: str
    """Who paused it, as of `AuditRow.who`."""
    at: datetime | None
    """When; None: that cannot be read any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Everything at this moment."""

    at: datetime
    """The moment."""
    running: tuple[RunningJob, ...]
    """Oldest first, at most MAX_SHOWN_JOBS."""
    waiting: tuple[WaitingJob, ...]
    """The queue in order, at most MAX_SHOWN_JOBS."""
    running_count: int
    """All that run, also those not shown."""
    waiting_count: int
    """All that wait."""
    providers: tuple[ProviderNow, ...]
    """As configured."""
    pause: BotPause | None
    """None: the bot is not paused."""
    set_aside: int
    """Rows and updates in the quarantine."""
    today: Mapping[str, int]
    """Today (UTC): jobs accepted, by `State` value; `charged` credits; `users` who sent one."""


MAX_SHOWN_JOBS = 200  # running or waiting ones in an overview; a page shows no more at a glance


# ---------------------------------------------------------------- lists of jobs


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Which jobs; what is None is not asked for."""

    state: State | None = None
    """Only those in this state."""
    provider: str | None = None
    """Only those that this provider was asked for last."""
    failure: str | None = None
    """Only those that failed so, as `FailureCount.failure`."""
    user_key: str | None = None
    """Only those of one member."""
    chat_key: str | None = None
    """Only those of one chat."""
    id_text: str | None = None
    """Only those whose id contains this text; letters in any case."""
    since: datetime | None = None
    """Only those accepted at this moment or later."""
    until: datetime | None = None
    """Only those accepted before this moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """A job in a list."""

    id: str
    """Of the job."""
    created: datetime
    """When it was accepted."""
    finished: datetime | None
    """When it ended; None: it has not."""
    milliseconds: int | None
    """From its acceptance to its end, >= 0; None: it has not ended."""
    state: State
    """Its state."""
    user_key: str
    """`User.key` of its member; empty where they have asked to be forgotten."""
    chat_key: str
    """`Chat.key` of its chat; empty as above."""
    provider: str | None
    """Who was asked last."""
    failure: str | None
    """Key of its failure's sentence; None: it has none."""
    pictures: int
    """Pictures delivered."""
    charged: int | None
    """Credits; None until it has ended."""

    @property
    def seconds(self) -> float | None:
        """As `milliseconds`, in seconds."""
        return None if self.milliseconds is None else self.milliseconds / 1000


# ---------------------------------------------------------------- one job, one member


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStep:
    """Something that happened to a job."""

    at: datetime
    """When it was written down."""
    name: str
    """`accepted`, `started`, `attempt-started`, `attempt-rejected`, `upstream-accepted`, `image`, `painted`,
    `delivering`, `settled`, `deleted`, or the name of another checkpoint."""
    facts: Mapping[str, Any]
    """What is known of it, JSON values by name, such as `provider`, `price`, `reason`, `upstream_id`; no prompt, no
    address of a picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidMessage:
    """A message about a job, and where it stands."""

    chat_key: str
    """`Chat.key` of its chat."""
    message_id: str
    """The platform's id of it."""
    kind: MessageKind
    """Which of the job's it is."""
    link: str | None
    """Address at which the platform shows it to its members; None: it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """An entry of the ledger."""

    entry: str
    """Id of the job, or of the change."""
    kind: Literal["reserve", "settle", "grant", "set"]
    """What it is."""
    account: str
    """`User.key` of the member."""
    credits: int
    """Credits."""
    from_granted: int
    """Part of them that came from granted credits."""
    chat_account: str | None
    """Account of a group that was charged as well."""
    at: datetime
    """When."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDetails:
    """Everything that is known of a job."""

    job: Job
    """The job. Its prompt is the member's."""
    position: int | None
    """In the queue, as of WaitingJob; None: it does not wait."""
    steps: tuple[JobStep, ...]
    """In the order of their times."""
    said: str
    """The words of its message now, in the member's language; empty where they are not known any more."""
    messages: tuple[SaidMessage, ...]
    """Where that stands."""
    ledger: tuple[LedgerRow, ...]
    """Its entries, oldest first."""
    ancestors: tuple[str, ...]
    """Ids of the jobs that it descends from, the nearest first; at most MAX_ANCESTORS, without forgotten ones."""
    children: tuple[str, ...]
    """Ids of jobs that start from its pictures, oldest first; at most MAX_ANCESTORS."""


MAX_ANCESTORS = 20  # of a job, in either direction


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberDetails:
    """Everything about a member."""

    user_key: str
    """`User.key`."""
    name: str
    """Display name at their latest job; empty where it is not known."""
    balance: Balance
    """Credits as of now."""
    is_banned: bool
    """Whether an administrator has banned them."""
    strikes: int
    """Refusals by moderation within the last day."""
    paused_until: datetime | None
    """End of the pause that these have brought about; None: they are in none."""
    today: Mapping[str, int]
    """Their jobs accepted today (UTC), by `State` value."""
    jobs: tuple[JobRow, ...]
    """The latest MAX_MEMBER_ROWS, newest first."""
    ledger: tuple[LedgerRow, ...]
    """The latest MAX_MEMBER_ROWS entries, newest first."""


MAX_MEMBER_ROWS = 50  # jobs, and entries of the ledger, of a member; the rest is in the lists


# ---------------------------------------------------------------- the quarantine, the audit log


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAsideRow:
    """A row or an update that nobody could read."""

    id: str
    """In the quarantine."""
    table: str
    """The table that it stood in; `incoming_update`: an update of a platform."""
    key: str
    """Its primary key there, as far as it can be read."""
    reason: str
    """What could not be read."""
    content: str = field(repr=False)
    """Its values, shortened, without secrets. May quote a member."""
    at: datetime
    """When it was set aside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """A change that somebody with rights has made."""

    id: str
    """Of the entry."""
    at: datetime
    """When."""
    who: str
    """`User.key` of an administrator; `shell:NAME` for an account of the machine; `settings` for a reload."""
    action: str
    """Such as `grant`, `set`, `ban`, `unban`, `unpause`, `refund`, `pause-provider`, `resume-provider`, `pause-bot`,
    `resume-bot`, `cancel`, `delete-set-aside`, `reload`."""
    target: str
    """What was changed: `User.key` of a member, name of a provider, id of a job; empty: the bot as a whole."""
    details: Mapping[str, Any]
    """Facts by name, JSON values, such as `credits` and `left`; never a prompt or a secret."""
