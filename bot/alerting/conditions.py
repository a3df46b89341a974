"""What needs a person: one table of conditions, with their words and how long each must last before anybody is told.

Pure. What is looked at stands in `sources` and at whoever starts Easel; who is told when, in `notices`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.errors import AccountBlocked, BadCredentials, OutOfFunds, PaintFailed

TELL_EVERY = timedelta(hours=1)  # at most, of each condition and subject
STALE_AFTER = timedelta(minutes=3)  # a process that has not seen a condition for so long sees it no more, or is gone
MOMENTARY_S = 60.0  # what is over within that needs nobody
OUTAGE_S = 180.0  # after which an outage needs a person; most are over by then


class ConditionName(StrEnum):
    """Names of the conditions, as webhooks and the database have them."""

    PROVIDER_REFUSES = "provider-refuses"
    PROVIDER_BLOCKS = "provider-blocks"
    PROVIDER_FUNDS = "provider-funds"
    PROVIDER_SETTINGS = "provider-settings"
    PROVIDER_DOWN = "provider-down"
    PLATFORM_REFUSES = "platform-refuses"
    PLATFORM_AWAY = "platform-away"
    DATABASE = "database"
    DISK = "disk"
    BACKUP = "backup"
    SET_ASIDE = "set-aside"
    NEW_ERRORS = "new-errors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Something that needs a person."""

    after_s: float = 0.0
    """Seconds that it must last before anybody is told, >= 0."""
    is_state: bool = True
    """Whether it lasts until it is over, which is told as well; else it has happened, and is told once."""


CONDITIONS: Mapping[ConditionName, Condition] = {
    ConditionName.PROVIDER_REFUSES: Condition(),
    ConditionName.PROVIDER_BLOCKS: Condition(),
    ConditionName.PROVIDER_FUNDS: Condition(),
    ConditionName.PROVIDER_SETTINGS: Condition(),
    ConditionName.PROVIDER_DOWN: Condition(after_s=OUTAGE_S),
    ConditionName.PLATFORM_REFUSES: Condition(after_s=MOMENTARY_S),
    ConditionName.PLATFORM_AWAY: Condition(after_s=OUTAGE_S),
    ConditionName.DATABASE: Condition(after_s=MOMENTARY_S),
    ConditionName.DISK: Condition(),
    ConditionName.BACKUP: Condition(),
    ConditionName.SET_ASIDE: Condition(is_state=False),
    ConditionName.NEW_ERRORS: Condition(is_state=False),
}

OF_PROVIDERS = tuple(name for name in ConditionName if name.startswith("provider-"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """A condition that is there now."""

    name: ConditionName
    subject: str = ""
    """What it is about, such as a provider's name; empty: all of Easel."""
    detail: str = ""
    """In English, for the operator; holds no secret."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What one look has found."""

    symptoms: tuple[Symptom, ...] = ()
    """What is there."""
    unknown: frozenset[tuple[ConditionName, str]] = frozenset()
    """What is neither seen nor known to be over: a provider that nobody has asked since the start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What the administrators are told."""

    symptom: Symptom
    is_over: bool = False
    since: datetime
    """Aware time of when it was seen first."""


def provider_condition(failure: PaintFailed) -> ConditionName:
    """The condition of a provider whose circuit a failure has opened."""
    match failure:
        case AccountBlocked():
            return ConditionName.PROVIDER_BLOCKS
        case BadCredentials():
            return ConditionName.PROVIDER_REFUSES
        case OutOfFunds():
            return ConditionName.PROVIDER_FUNDS
        case _ if failure.lasting:
            return ConditionName.PROVIDER_SETTINGS
        case _:
            return ConditionName.PROVIDER_DOWN


def is_due(told: datetime | None, now: datetime) -> bool:
    """Whether a condition that was told last at `told` (None: never) may be told again. A clock that was set back does
    not keep it silent for longer."""
    return told is None or abs(now - told) >= TELL_EVERY
