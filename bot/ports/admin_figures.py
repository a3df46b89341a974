"""Figures over many jobs, as administrators are shown them: days, failures, durations, who used how much.

Frozen values without a body. Days are UTC, durations are seconds, money is credits.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

UsageSort = Literal["pictures", "charged", "failed", "jobs"]
"""What a list of members or chats is ordered by, the highest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFigures:
    """The jobs that ended on one day (UTC)."""

    day: date
    """The day."""
    pictures: int
    """Pictures delivered."""
    charged: int
    """Credits charged."""
    done: int
    """Jobs with pictures."""
    failed: int
    """Jobs that failed."""
    cancelled: int
    """Jobs that were cancelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureCount:
    """Failed jobs of one class at one provider."""

    failure: str
    """Key of the failure's sentence, such as `failure-moderated`; what `JobFilter.failure` takes."""
    provider: str | None
    """Who was asked last; None: nobody was."""
    jobs: int
    """How many; > 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentiles:
    """Of a duration. All None where there are no samples."""

    p50: float | None
    """Half of them took at most so long, seconds."""
    p90: float | None
    """Nine of ten, seconds."""
    p99: float | None
    """99 of 100, seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latencies:
    """Durations of the latest jobs with pictures."""

    whole: Percentiles
    """From acceptance to the pictures in the chat."""
    waiting: Percentiles
    """From acceptance until the job began."""
    painting: Percentiles
    """From the last request to a provider until its answer was complete and saved."""
    jobs: int
    """Jobs that were looked at: at most the latest MAX_SAMPLES."""


MAX_SAMPLES = 1_000  # jobs of which percentiles are computed


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRow:
    """What a member or a chat has used within a time."""

    key: str
    """`User.key` or `Chat.key`."""
    name: str
    """The member's display name at the latest job; empty for a chat, or where it is not known any more."""
    jobs: int
    """Jobs that ended."""
    pictures: int
    """Pictures delivered."""
    charged: int
    """Credits charged."""
    failed: int
    """Jobs that failed."""
