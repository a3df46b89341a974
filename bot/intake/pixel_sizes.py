"""Pixel sizes where they are a rule and not a list: what is legal, what has a shape, what lies near.

Pure arithmetic on widths and heights; how a size is spelled stands in `sizes`.
"""

import heapq
import math
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache

from bot.painting import SizeRule

DEFAULT_AREA_PX = 1024 * 1024  # pixels; what is aimed at where a rule recommends no sizes


def is_legal_size(width: int, height: int, rule: SizeRule) -> bool:
    """Whether the rule allows these pixels."""
    return (
        min(width, height) > 0
        and width % rule.step == height % rule.step == 0
        and max(width, height) <= rule.max_edge
        and max(width, height) <= min(width, height) * rule.max_ratio
        and rule.min_pixels <= width * height <= rule.max_pixels
    )


def tier_names(rule: SizeRule) -> tuple[str, ...]:
    """The tiers of the table, rising."""
    return tuple(dict.fromkeys(tier for _, tier, _ in rule.recommended))


def clamp_shape(shape: Fraction, rule: SizeRule) -> Fraction:
    """The shape (width by height), or the longest one allowed."""
    return max(Fraction(1, rule.max_ratio), min(Fraction(rule.max_ratio), shape))


@lru_cache(maxsize=1024)
def size_for_shape(shape: Fraction, tier: str | None, rule: SizeRule) -> tuple[int, int] | None:
    """The legal size of a tier (None: the first one) that is nearest in shape; of equals, the one whose area is
    nearest to what the table has. None: no picture may be as long as that.

    Sizes of the table that have the very shape are taken as they are.
    """
    if clamp_shape(shape, rule) != shape:
        return None
    tier = tier or next(iter(tier_names(rule)), None)
    for _, its_tier, size in rule.recommended:
        width, height = _parse_pixels(size)
        if its_tier == tier and Fraction(width, height) == shape:
            return width, height
    low, aim, high = area_range(tier, rule)
    best = min(
        (
            (_shape_ratio(Fraction(width, height), shape), abs(math.log(width * height / aim)), (width, height))
            for width, height in _candidates_near_shape(shape, rule, low, high)
        ),
        default=None,
    )
    return None if best is None else best[2]


def area_range(tier: str | None, rule: SizeRule) -> tuple[int, float, int]:
    """The areas that a tier stands for, in pixels: from, what is aimed at, to. Between two tiers lies the
    geometric mean of the largest of one and the smallest of the next."""
    areas = {
        name: [math.prod(_parse_pixels(size)) for _, its, size in rule.recommended if its == name]
        for name in tier_names(rule)
    }
    if tier not in areas:
        return rule.min_pixels, min(max(DEFAULT_AREA_PX, rule.min_pixels), rule.max_pixels), rule.max_pixels
    names = list(areas)
    at = names.index(tier)
    low = rule.min_pixels if at == 0 else _geometric_mean(max(areas[names[at - 1]]), min(areas[tier]))
    high = rule.max_pixels if at == len(names) - 1 else _geometric_mean(max(areas[tier]), min(areas[names[at + 1]]))
    return low, math.sqrt(min(areas[tier]) * max(areas[tier])), high


def nearest_legal_sizes(width: float, height: float, rule: SizeRule, count: int) -> list[tuple[int, int]]:
    """The legal sizes nearest to these pixels, both sides counted alike, nearest first."""

    def distance(size: tuple[int, int]) -> tuple[float, tuple[int, int]]:
        return math.hypot(math.log(size[0] / width), math.log(size[1] / height)), size

    return heapq.nsmallest(count, _all_legal_sizes(rule), key=distance)


@lru_cache(maxsize=8)
def _all_legal_sizes(rule: SizeRule) -> tuple[tuple[int, int], ...]:
    sides = range(rule.step, rule.max_edge + 1, rule.step)
    return tuple((width, height) for width in sides for height in sides if is_legal_size(width, height, rule))


def _candidates_near_shape(shape: Fraction, rule: SizeRule, low: int, high: int) -> Iterator[tuple[int, int]]:
    """For each height the two legal widths nearest to the shape, of all whose area lies from `low` to `high`."""
    step = rule.step
    for height in range(step, rule.max_edge + 1, step):
        least = max(-(-height // rule.max_ratio), -(-low // height))
        most = min(rule.max_edge, height * rule.max_ratio, high // height)
        least, most = -(-least // step) * step, most // step * step
        below = int(shape * height / step) * step
        for width in (below, below + step):
            if least <= most:
                yield max(least, min(most, width)), height


def _shape_ratio(one: Fraction, other: Fraction) -> Fraction:
    """How much two shapes differ: 1 for the same."""
    return max(one / other, other / one)


def _geometric_mean(one: int, other: int) -> int:
    return math.isqrt(one * other)


def _parse_pixels(size: str) -> tuple[int, int]:
    width, _, height = size.partition("x")
    return int(width), int(height)
