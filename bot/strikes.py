"""The rules of strikes: which ends of jobs count as refusals by moderation, and when they pause a member.

Pure: no database, no clock. A pause keeps the operator's account at an upstream from being blocked for one member.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.errors import FlaggedPicture, FlaggedPrompt, Moderated
from bot.job import Failure

WINDOW = timedelta(days=1)  # within which refusals count together
STRIKE_KEYS = frozenset({Moderated.key, FlaggedPrompt.key, FlaggedPicture.key})  # an upstream's, or the operator's own


@dataclass(frozen=True, slots=True, kw_only=True)
class StrikeRules:
    """The operator's rule."""

    limit: int
    """Refusals within WINDOW that pause a member; 0: none do."""

    pause: timedelta
    """How long."""

    def pause_until(self, strikes: int, now: datetime) -> datetime | None:
        """The end of the pause that the latest of so many strikes within WINDOW begins; None: it begins none."""
        return now + self.pause if 0 < self.limit <= strikes else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A member's pause."""

    user_key: str
    """`User.key` of the member."""

    until: datetime
    """Its end."""

    strikes: int
    """Refusals of the member within the last WINDOW, >= 0."""


def is_strike(failure: Failure | None) -> bool:
    """Whether a job that ended so counts as a refusal by moderation."""
    return failure is not None and failure.key in STRIKE_KEYS


def hours_left(until: datetime, now: datetime) -> int:
    """Hours until the end of a pause, rounded up; >= 1."""
    return max(1, math.ceil((until - now) / timedelta(hours=1)))
