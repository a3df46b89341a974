"""The model of the ledger: coins that lie in pots and purses, and beside them what moderation has refused.

It knows no columns and no arithmetic of reservations; it moves coins one by one.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import hypothesis.strategies as st

from bot.intake.prices import Painted, price_of_image, price_range
from bot.job import NewJob
from bot.painting import Capabilities, Options
from bot.prices import Price, parse_price
from bot.quota import charge
from bot.strikes import WINDOW, StrikeRules

STRIKES = StrikeRules(limit=2, pause=timedelta(hours=6))


class CrashError(Exception):
    """The process is gone: nothing more of the transaction happens."""


class Crash:
    """Breaks off before the n-th statement from now on, or before the commit that comes instead."""

    def __init__(self) -> None:
        self.left: int | None = None

    def hear(self, *_: Any) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                self.left = None
                raise CrashError


# ---------------------------------------------------------------- the model


Coin = date | None  # of which day's pot; None: granted, for good


@dataclass
class Pot:
    """Coins of one owner. `day`: of the daily coins in it."""

    daily: int
    day: date = date.min
    coins: list[Coin] = field(default_factory=list[Coin])

    def open(self, day: date) -> None:
        """A new day throws the old day's coins away and puts new ones in."""
        if day > self.day:
            self.day = day
            self.coins = [coin for coin in self.coins if coin is None] + [day] * self.daily

    def take(self, count: int) -> list[Coin]:
        """The day's coins first."""
        self.coins.sort(key=lambda coin: coin is None)
        taken, self.coins = self.coins[:count], self.coins[count:]
        return taken

    def put(self, coins: list[Coin]) -> None:
        """Coins of another day are worth nothing here, and no pot holds more of a day's than a day gives."""
        for coin in coins:
            if coin is None or (coin == self.day and self.coins.count(coin) < self.daily):
                self.coins.append(coin)


@dataclass
class Purse:
    """What a job holds, of each pot."""

    owners: list[tuple[Pot, list[Coin]]]

    def close(self, charged: int) -> None:
        for pot, coins in self.owners:
            coins.sort(key=lambda coin: coin is None)
            pot.put(coins[charged:])


OFFERED = Capabilities(sizes=("1:1",), qualities=("auto", "low", "high"), tiers=("1K", "4K"))


@dataclass
class Record:
    """What moderation has refused a member."""

    refusals: list[datetime] = field(default_factory=list[datetime])
    paused_until: datetime | None = None

    def lately(self, now: datetime) -> int:
        return sum(each > now - WINDOW for each in self.refusals)

    def refuse(self, now: datetime) -> bool:
        """Whether it begins a pause."""
        self.refusals.append(now)
        if self.lately(now) < STRIKES.limit:
            return False
        self.paused_until = now + STRIKES.pause
        return True

    def is_paused(self, now: datetime) -> bool:
        return self.paused_until is not None and now < self.paused_until


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is asked for, at the operator's price."""

    price: Price
    options: Options

    @property
    def cost(self) -> int:
        """What is reserved."""
        return price_range(self.price, self.options, OFFERED).most * self.options.n

    def charge(self, came: list[Painted], spent: float | None) -> int:
        """What is charged for what came of it; the upstream may have counted usage, too."""
        due = sum(price_of_image(self.price, self.options, OFFERED, each) for each in came)
        most = price_range(self.price, self.options, OFFERED).most * len(came)
        return charge(due, spent=spent, usage_rate=0.5, reserved=min(self.cost, most))


TABLES = st.fixed_dictionaries(
    {"low": st.integers(0, 2), "high": st.integers(0, 4)},
    optional={"auto": st.integers(0, 3), "default": st.integers(0, 3), "4K": st.floats(0, 3)},
)
ORDERS = st.builds(
    Order,
    price=st.builds(parse_price, st.integers(0, 4) | TABLES),
    options=st.builds(
        Options,
        quality=st.sampled_from([None, "auto", "low", "high"]),
        tier=st.sampled_from([None, "1K", "4K"]),
        n=st.integers(1, 3),
    ),
)
CAME = st.lists(
    st.builds(
        Painted,
        width=st.sampled_from([512, 4096]),
        height=st.just(4096),
        quality=st.sampled_from([None, "low", "high", "standard"]),
    ),
    min_size=1,
    max_size=4,  # upstreams may send more than they were asked for
)


@dataclass
class Running:
    """A job in both worlds."""

    new: NewJob
    order: Order
    purse: Purse


def opened_on(pot: Pot, day: date) -> list[Coin]:
    """The coins as they would lie there on that day, without touching them."""
    shown = Pot(pot.daily, pot.day, list(pot.coins))
    shown.open(day)
    return shown.coins
