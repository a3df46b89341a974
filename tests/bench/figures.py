"""Figures of a benchmark, each beside the baseline's and its target; and statistics over samples. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median as _median


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured number of Easel's."""

    scenario: str
    """Letter of the scenario, A to N."""

    case: str
    """Platform, engine or size within the scenario."""

    quantity: str
    """Measured quantity, as the table names it."""

    unit: str
    """Unit of `easel`, `baseline` and `limit`."""

    easel: float
    """Easel's value."""

    baseline: float | None = None
    """Value of the bare libraries; None where there is none."""

    limit: float | None = None
    """Target: an upper bound, or a lower one with `at_least`; None for information only."""

    at_least: bool = False
    """Whether `limit` is a lower bound."""

    @property
    def ratio(self) -> float | None:
        """Easel's to the baseline's."""
        if self.baseline is None or self.baseline <= 0 or math.isnan(self.baseline):
            return None
        return self.easel / self.baseline

    @property
    def met(self) -> bool | None:
        """Whether the limit is kept; None where there is none."""
        if self.limit is None:
            return None
        return self.easel >= self.limit if self.at_least else self.easel <= self.limit


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of all lie, between neighbours in proportion; NaN of none."""
    if not values:
        return math.nan
    ordered = sorted(values)
    at = share * (len(ordered) - 1)
    low = math.floor(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def median(values: Sequence[float]) -> float:
    """The middle one; NaN of none."""
    return _median(values) if values else math.nan


def mean(values: Sequence[float]) -> float:
    """NaN of none."""
    return sum(values) / len(values) if values else math.nan


def relative_limit(baseline: float, times: float, slack: float = 0.0) -> float:
    """A limit relative to the baseline: so many times as much, or `slack` more where that is kinder."""
    return max(baseline * times, baseline + slack)
