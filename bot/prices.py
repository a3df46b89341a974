"""Prices of images: a number, or a table by quality and tier. Values only.

What a request costs is decided in `bot.intake.prices`; what a job is charged, in `bot.quota`.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import cast

DEFAULT = "default"  # key of a table for the qualities that it does not name
MAX_PRICE = 1_000_000  # credits for one image; times the greatest factor and count still far below a database integer
MAX_FACTOR = 1_000  # of a tier
_TIER = re.compile(r"\d{1,2}[kK]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one image costs by its quality and its tier."""

    default: int = 1
    """Credits for a quality that is not named, and where there are no qualities; >= 0."""

    qualities: Mapping[str, int] = field(default_factory=dict[str, int])
    """Credits by quality, names case-folded; >= 0."""

    tiers: Mapping[str, float] = field(default_factory=dict[str, float])
    """Factors by tier (`4K`); >= 0. A tier that is not named has 1."""

    def credits(self, quality: str | None = None, tier: str | None = None) -> int:
        """Credits for one image of a quality and a tier, rounded up; None: of none."""
        base = self.default if quality is None else self.qualities.get(quality.casefold(), self.default)
        factor = 1 if tier is None else self.tiers.get(tier.upper(), 1)
        return math.ceil(round(base * factor, 6))  # 10 × 1.1 is 11, and not a hair more

    @property
    def keys(self) -> tuple[str, ...]:
        """The qualities and tiers that it names."""
        return (*self.qualities, *self.tiers)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRange:
    """What one image may cost where a request leaves something open."""

    least: int
    """Credits at the cheapest; 0 to `most`."""

    most: int
    """Credits at the dearest, which are reserved."""

    @classmethod
    def over(cls, ranges: Iterable["PriceRange"]) -> "PriceRange":
        """What any of several may cost. Raises ValueError without one."""
        every = list(ranges)
        return cls(least=min(each.least for each in every), most=max(each.most for each in every))

    def __str__(self) -> str:
        """`4`, or `1–16`."""
        return str(self.most) if self.least == self.most else f"{self.least}–{self.most}"


def parse_price(value: object) -> Price:
    """The price of a setting: a number of credits, or a table of credits by quality and factors by tier.

    Without `default`, a quality that the table does not name costs as much as the dearest that it names.

    Raises ValueError naming the key that is wrong.
    """
    if not isinstance(value, Mapping):
        return Price(default=_credits(value, ""))
    table = {str(key).strip(): each for key, each in cast(Mapping[object, object], value).items()}
    if not table:
        raise ValueError("must be a number of credits, or a table such as { low = 1, high = 16 }")
    tiers = {key.upper(): _factor(each, f"{key} ") for key, each in table.items() if _TIER.fullmatch(key)}
    qualities = {key.casefold(): _credits(each, f"{key} ") for key, each in table.items() if not _TIER.fullmatch(key)}
    if len(tiers) + len(qualities) < len(table):
        raise ValueError("names a quality or a tier twice")
    default = qualities.pop(DEFAULT, max(qualities.values(), default=1))
    return Price(default=default, qualities=qualities, tiers=tiers)


def _credits(value: object, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_PRICE or value % 1:
        raise ValueError(f"{name}must be a whole number of credits, 0 to {MAX_PRICE}")
    return int(value)


def _factor(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_FACTOR:
        raise ValueError(f"{name}must be a factor, 0 to {MAX_FACTOR}")
    return value
