"""The rules of credits: what a day gives, what a job takes, what comes back.

Pure: frozen accounts in and out, no database, no clock. Days are UTC; a credit is an image × its price.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from bot.chat import User

MAX_CREDITS = 1_000_000_000  # credits of one change: far above any use, far below what the database's integers hold
NEVER = date.min  # the day of an account whose daily pot was never filled


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaRules:
    """The operator's limits. `user_daily` and `chat_daily` in credits a day; None: groups have no limit.

    `roles`: credits a day by a member's tier, named whole or by its last part (a role's bare id).
    `new_user_daily`: the most that anybody gets on the first day they are seen; None: as on any other day.
    A user may have `user_concurrent` jobs running and `user_waiting` more in line.
    """

    user_daily: int
    chat_daily: int | None
    user_concurrent: int
    user_waiting: int
    roles: Mapping[str, int] = field(default_factory=dict[str, int])
    new_user_daily: int | None = None

    def allowance(self, user: User) -> int:
        """What a day gives this user: the best of their tiers, never less than `user_daily`."""
        names = [name for tier in user.roles for name in (tier, tier.rpartition(":")[2])]
        return max([self.user_daily, *(self.roles[name] for name in names if name in self.roles)])

    @property
    def unfinished(self) -> int:
        """The most unfinished jobs a user may have at once."""
        return self.user_concurrent + self.user_waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The credits of a user or a group. All numbers ≥ 0.

    `free`: what is left of the daily pot, never more than `allowance`. `extra`: granted, does not expire.
    `held`: reserved by unfinished jobs, taken from both. `day`: the day whose pot `free` is.
    """

    id: str
    daily: int = 0
    reserved: int = 0
    granted: int = 0
    allowance: int = 0
    day: date = NEVER

    @property
    def available(self) -> int:
        """What may be spent now."""
        return self.daily + self.granted


def today(now: datetime) -> date:
    """The day whose pot an aware moment draws on."""
    return now.astimezone(UTC).date()


def hours_to_refill(now: datetime) -> int:
    """Whole hours until the next day begins, rounded up: 1 to 24."""
    moment = now.astimezone(UTC)
    midnight = datetime.combine(moment.date() + timedelta(days=1), datetime.min.time(), tzinfo=UTC)
    return -((moment - midnight) // timedelta(hours=1))


def refreshed(account: Account, today: date, allowance: int) -> Account:
    """The account as it stands on a day with a daily allowance.

    A new day fills the pot; what was left of the old one is gone. Within a day a changed allowance moves what
    is left by the difference, so that nobody spends two allowances. A clock that fell back refills nothing.
    """
    if today > account.day:
        return replace(account, daily=allowance, allowance=allowance, day=today)
    if allowance == account.allowance:
        return account
    return replace(account, daily=max(0, account.daily + allowance - account.allowance), allowance=allowance)


def reserve(account: Account, amount: int) -> tuple[Account, int]:
    """Holds `amount` credits, from the daily pot first; returns how many came from `extra`.

    Raises ValueError for a negative amount or one beyond what is left: ask `left` first.
    """
    if not 0 <= amount <= account.available:
        raise ValueError(f"cannot reserve {amount} of {account.available}")
    from_granted = max(0, amount - account.daily)
    return (
        replace(
            account,
            daily=account.daily - (amount - from_granted),
            reserved=account.reserved + amount,
            granted=account.granted - from_granted,
        ),
        from_granted,
    )


def settle(account: Account, reserved: int, from_granted: int, charged: int, reserved_day: date) -> Account:
    """Ends a reservation: `charged` credits are gone, the others return to the pots they came from.

    The daily part is charged first. It returns only to the pot of its own day: the next one was filled whole.
    A pot never holds more than a day's allowance, which may have fallen since.

    Raises ValueError when more is charged than was reserved, or the parts do not fit together.
    """
    if not (0 <= charged <= reserved <= account.reserved and 0 <= from_granted <= reserved):
        raise ValueError(f"cannot charge {charged} of {reserved} (held {account.reserved}, extra {from_granted})")
    daily = reserved - from_granted
    extra_charged = max(0, charged - daily)
    back = daily - (charged - extra_charged) if account.day == reserved_day else 0
    return replace(
        account,
        daily=min(account.allowance, account.daily + back),
        reserved=account.reserved - reserved,
        granted=account.granted + from_granted - extra_charged,
    )


def charge(price: int, *, spent: float | None, usage_rate: float | None, reserved: int) -> int:
    """The credits for pictures delivered whose prices add up to `price`.

    With a `usage_rate` (our credits for one of the upstream's own) and what the upstream took (`spent`), the two
    multiplied and rounded up stand in the price's place. Never more than was reserved, and never less than nothing,
    whatever the upstream says.
    """
    if usage_rate is not None and spent is not None:
        price = math.ceil(round(spent * usage_rate, 6))
    return max(0, min(price, reserved))


def grant(account: Account, credits: int) -> Account:
    """Adds credits that do not expire.

    Raises ValueError outside 0 to MOST.
    """
    return replace(account, granted=account.granted + _checked(credits))


def set_available(account: Account, credits: int) -> Account:
    """Leaves exactly `credits` to spend now: the daily pot as far as it goes, the rest as extra.

    Reservations of unfinished jobs stay what they are. Raises ValueError outside 0 to MOST.
    """
    free = min(_checked(credits), account.allowance)
    return replace(account, daily=free, granted=credits - free)


def claw_back(account: Account, credits: int) -> Account:
    """Takes credits back that were paid for and are refunded: the lasting ones first, and never below nothing.

    Raises ValueError outside 0 to MOST.
    """
    extra = max(0, account.granted - _checked(credits))
    rest = credits - (account.granted - extra)
    return replace(account, granted=extra, daily=max(0, account.daily - rest))


def _checked(credits: int) -> int:
    if not 0 <= credits <= MAX_CREDITS:
        raise ValueError(f"{credits} is not between 0 and {MAX_CREDITS}")
    return credits
