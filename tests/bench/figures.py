"""What a benchmark finds: figures, each beside the baseline's and what is to be reached. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median as _median


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number of Easel's. `baseline`: the same of the bare libraries. `limit`: what it is to be at most, with
    `least` at least; None: told for its own sake."""

    scenario: str
    case: str
    what: str
    unit: str
    easel: float
    baseline: float | None = None
    limit: float | None = None
    least: bool = False

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
        return self.easel >= self.limit if self.least else self.easel <= self.limit


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


def within(baseline: float, times: float, slack: float = 0.0) -> float:
    """A limit relative to the baseline: so many times as much, or `slack` more where that is kinder."""
    return max(baseline * times, baseline + slack)
