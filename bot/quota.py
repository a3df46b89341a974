"""The rules of credits: daily refill, reservation, settlement, grants.

Pure: frozen accounts in and out, no database, no clock. Days are UTC; a credit is an image × its price.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from bot.chat import User

MAX_CREDITS = 1_000_000_000  # credits of one change: far above any use, far below what the database's integers hold
CLOCK_SKEW = timedelta(days=1)  # that a clock set right falls back at most, over midnight; more was a wrong date
NEVER = date.min  # the day of an account that never had daily credits


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """A purchase of credits on a platform."""

    user_key: str
    """`User.key` of the buyer."""

    credits: int
    """Credits that were bought; > 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """A user's credits."""

    available: int
    """Credits that may be spent now; >= 0."""

    reserved: int
    """Credits reserved by unfinished jobs; >= 0."""

    daily: int
    """Credits that come back each day (UTC); >= 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaRules:
    """The operator's limits."""

    user_daily: int
    """Credits a day of each user, ≥ 0."""
    chat_daily: int | None
    """Credits a day of each group, ≥ 0; None: groups have no limit."""
    user_concurrent: int
    """Jobs of a user that may run at once, ≥ 1."""
    user_waiting: int
    """Jobs of a user that may wait beside those, ≥ 0."""
    roles: Mapping[str, int] = field(default_factory=dict[str, int])
    """Credits a day by a user's tier, named whole or by its last part (a role's bare id)."""
    new_user_daily: int | None = None
    """The most credits on the first day a user is seen; None: as on any other day."""

    def daily_allowance(self, user: User) -> int:
        """Credits a day of this user: the most of their tiers, never less than `user_daily`."""
        names = [name for tier in user.roles for name in (tier, tier.rpartition(":")[2])]
        return max([self.user_daily, *(self.roles[name] for name in names if name in self.roles)])

    @property
    def unfinished(self) -> int:
        """The most unfinished jobs a user may have at once."""
        return self.user_concurrent + self.user_waiting


class CurrentRules:
    """The limits that hold now; the operator may replace them while Easel runs."""

    def __init__(self, rules: QuotaRules) -> None:
        self.now = rules
        """To be read anew for each request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The credits of a user or a group; all numbers ≥ 0."""

    id: str
    """`platform:id` of a user, `chat:` before the key of a group."""
    daily: int = 0
    """Left of the day's allowance; at most `allowance`."""
    reserved: int = 0
    """Held by unfinished jobs, taken from `daily` and `granted`."""
    granted: int = 0
    """Granted or bought; does not expire."""
    allowance: int = 0
    """Credits that `day` began with."""
    day: date = NEVER
    """UTC day that `daily` belongs to."""

    @property
    def available(self) -> int:
        """Credits that may be spent now."""
        return self.daily + self.granted


def today(now: datetime) -> date:
    """The UTC day of an aware datetime."""
    return now.astimezone(UTC).date()


def hours_to_refill(now: datetime) -> int:
    """Whole hours until the next day begins, rounded up: 1 to 24."""
    moment = now.astimezone(UTC)
    midnight = datetime.combine(moment.date() + timedelta(days=1), datetime.min.time(), tzinfo=UTC)
    return -((moment - midnight) // timedelta(hours=1))


def refreshed(account: Account, today: date, allowance: int) -> Account:
    """The account on a day with a daily allowance.

    A new day refills it; what was left of the day before expires. Within a day a changed allowance moves what
    is left by the difference, so that nobody spends two allowances. A clock that fell back refills nothing; where it
    had been ahead by more than CLOCK_SKEW, the next day refills again, and not only the day that it had reached.
    """
    if today > account.day:
        return replace(account, daily=allowance, allowance=allowance, day=today)
    if account.day - today > CLOCK_SKEW:
        account = replace(account, day=today)
    if allowance == account.allowance:
        return account
    return replace(account, daily=max(0, account.daily + allowance - account.allowance), allowance=allowance)


def reserve(account: Account, amount: int) -> tuple[Account, int]:
    """Reserves `amount` credits, daily ones first; also returns how many came from `granted`.

    Raises ValueError for a negative amount or one above `available`.
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
    """Settles a reservation: `charged` credits are spent, the others return to where they came from.

    The daily part is charged first. It returns only within its own day: the next one began with a whole allowance. (A
    later day than the account's was a wrong date's.) Daily credits never exceed the allowance, which may have fallen.

    Raises ValueError when more is charged than was reserved, or the parts do not fit together.
    """
    if not (0 <= charged <= reserved <= account.reserved and 0 <= from_granted <= reserved):
        raise ValueError(f"cannot charge {charged} of {reserved} (reserved {account.reserved}, granted {from_granted})")
    daily = reserved - from_granted
    granted_charged = max(0, charged - daily)
    returned = daily - (charged - granted_charged) if account.day <= reserved_day else 0
    return replace(
        account,
        daily=min(account.allowance, account.daily + returned),
        reserved=account.reserved - reserved,
        granted=account.granted + from_granted - granted_charged,
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

    Raises ValueError outside 0 to MAX_CREDITS.
    """
    return replace(account, granted=account.granted + _check_credits(credits))


def set_available(account: Account, credits: int) -> Account:
    """Makes exactly `credits` available: as daily ones up to the allowance, the rest as granted ones.

    Reservations of unfinished jobs stay what they are. Raises ValueError outside 0 to MAX_CREDITS.
    """
    daily = min(_check_credits(credits), account.allowance)
    return replace(account, daily=daily, granted=credits - daily)


def claw_back(account: Account, credits: int) -> Account:
    """Takes refunded credits back: granted ones first, never below 0.

    Raises ValueError outside 0 to MAX_CREDITS.
    """
    granted = max(0, account.granted - _check_credits(credits))
    rest = credits - (account.granted - granted)
    return replace(account, granted=granted, daily=max(0, account.daily - rest))


def _check_credits(credits: int) -> int:
    if not 0 <= credits <= MAX_CREDITS:
        raise ValueError(f"{credits} is not between 0 and {MAX_CREDITS}")
    return credits
