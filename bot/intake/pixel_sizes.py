"""Pixel sizes of a model that takes any size within a rule (SizeRule): which are legal, which has a given shape.

Pure arithmetic on widths and heights; how a size is spelled is for `sizes`. A shape is width divided by height.
"""

import heapq
import math
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache

from bot.painting import SizeRule

DEFAULT_AREA_PX = 1024 * 1024  # pixels; target area of a rule that recommends no sizes


def is_legal_size(width: int, height: int, rule: SizeRule) -> bool:
    """Whether the rule allows this width and height, pixels."""
    return (
        min(width, height) > 0
        and width % rule.step == height % rule.step == 0
        and max(width, height) <= rule.max_edge
        and max(width, height) <= min(width, height) * rule.max_ratio
        and rule.min_pixels <= width * height <= rule.max_pixels
    )


def tier_names(rule: SizeRule) -> tuple[str, ...]:
    """The tiers of the rule's recommended sizes, ascending."""
    return tuple(dict.fromkeys(tier for _, tier, _ in rule.recommended))


def clamp_shape(shape: Fraction, rule: SizeRule) -> Fraction:
    """The shape, or the longest one that the rule allows."""
    return max(Fraction(1, rule.max_ratio), min(Fraction(rule.max_ratio), shape))


@lru_cache(maxsize=1024)
def size_for_shape(shape: Fraction, tier: str | None, rule: SizeRule) -> tuple[int, int] | None:
    """The legal size of a tier (None: the first one) that is nearest in shape; of equals, the one whose area is nearest
    to the tier's target area. None: the shape is longer than the rule allows.

    A recommended size of exactly this shape is preferred.
    """
    if clamp_shape(shape, rule) != shape:
        return None
    tier = tier or next(iter(tier_names(rule)), None)
    for _, size_tier, size in rule.recommended:
        width, height = _parse_pixels(size)
        if size_tier == tier and Fraction(width, height) == shape:
            return width, height
    low, target, high = area_range(tier, rule)
    best = min(
        (
            (_shape_ratio(Fraction(width, height), shape), abs(math.log(width * height / target)), (width, height))
            for width, height in _candidates_near_shape(shape, rule, low, high)
        ),
        default=None,
    )
    return None if best is None else best[2]


def area_range(tier: str | None, rule: SizeRule) -> tuple[int, float, int]:
    """Smallest, target and largest area of a tier, pixels. Two neighbouring tiers meet at the geometric mean of the
    largest recommended area of the lower and the smallest of the higher."""
    areas = {
        name: [math.prod(_parse_pixels(size)) for _, size_tier, size in rule.recommended if size_tier == name]
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
    """The `count` legal sizes nearest to this width and height, both sides weighted alike, nearest first."""

    def distance(size: tuple[int, int]) -> tuple[float, tuple[int, int]]:
        return math.hypot(math.log(size[0] / width), math.log(size[1] / height)), size

    return heapq.nsmallest(count, _candidates_near_size(width, rule, count), key=distance)


def _candidates_near_size(width: float, rule: SizeRule, count: int) -> Iterator[tuple[int, int]]:
    """For each height the legal widths that may be among the `count` nearest ones."""
    for height in range(rule.step, rule.max_edge + 1, rule.step):
        widths = _legal_widths(height, rule, rule.min_pixels, rule.max_pixels)
        above = max(0, min(len(widths), math.ceil((width - widths.start) / rule.step)))
        for candidate in widths[max(0, above - count) : above + count]:
            yield candidate, height


def _candidates_near_shape(shape: Fraction, rule: SizeRule, low: int, high: int) -> Iterator[tuple[int, int]]:
    """For each height the two legal widths nearest to the shape, of those whose area is from `low` to `high`."""
    for height in range(rule.step, rule.max_edge + 1, rule.step):
        widths = _legal_widths(height, rule, low, high)
        below = int(shape * height / rule.step) * rule.step
        for width in (below, below + rule.step):
            if widths:
                yield max(widths[0], min(widths[-1], width)), height


def _legal_widths(height: int, rule: SizeRule, low: int, high: int) -> range:
    """The legal widths, pixels, for a height that is a multiple of the rule's step; areas are from `low` to `high`."""
    step = rule.step
    least = max(-(-height // rule.max_ratio), -(-low // height))
    most = min(rule.max_edge, height * rule.max_ratio, high // height)
    return range(-(-least // step) * step, most // step * step + 1, step)


def _shape_ratio(one: Fraction, other: Fraction) -> Fraction:
    """Ratio of the longer to the shorter of two shapes; >= 1, and 1 for equal ones."""
    return max(one / other, other / one)


def _geometric_mean(one: int, other: int) -> int:
    return math.isqrt(one * other)


def _parse_pixels(size: str) -> tuple[int, int]:
    width, _, height = size.partition("x")
    return int(width), int(height)
