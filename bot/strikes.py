"""The rules of strikes: which ends of jobs count as refusals by moderation, and when they pause a member.

Pure: no database, no clock. A pause keeps the operator's account at an upstream from being blocked for one member.
"""

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from bot.errors import FlaggedPicture, FlaggedPrompt, MessageArgument, Moderated, Paused
from bot.job import Failure

WINDOW = timedelta(days=1)  # within which refusals count together
PAUSE_PREFIX = "pause_"  # of the facts of a failure that announce a pause
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A member whom moderation has refused lately, and who is in no pause."""

    user_key: str
    """`User.key` of the member."""

    strikes: int
    """Refusals of the member within the last WINDOW, >= 1."""


def is_strike(failure: Failure | None) -> bool:
    """Whether a job that ended so counts as a refusal by moderation."""
    return failure is not None and failure.key in STRIKE_KEYS


def with_pause(failure: Failure, until: datetime, now: datetime) -> Failure:
    """The failure of the job that has brought a pause about, which its message announces."""
    facts = {PAUSE_PREFIX + name: fact for name, fact in refuse_until(until, now).facts.items()}
    return replace(failure, facts={**failure.facts, **facts})


def announced_pause(failure: Failure) -> dict[str, MessageArgument]:
    """Facts of `refuse_until` about the pause that a failure announces; none where it announces none."""
    facts = failure.facts.items()
    return {name.removeprefix(PAUSE_PREFIX): fact for name, fact in facts if name.startswith(PAUSE_PREFIX)}


def refuse_until(until: datetime, now: datetime) -> Paused:
    """The refusal during a pause: `hours` that it still lasts, and `until` when."""
    return Paused(hours=hours_left(until, now), until=f"{until.astimezone(UTC):%Y-%m-%d %H:%M} UTC")


def hours_left(until: datetime, now: datetime) -> int:
    """Hours until the end of a pause, rounded up; >= 1."""
    return max(1, math.ceil((until - now) / timedelta(hours=1)))
