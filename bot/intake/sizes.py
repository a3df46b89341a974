"""Resolves a typed size (`3:2`, `1024×1536`, `16:9@2k`, full-width or not) to one that a provider takes.

Pure: text in, one of the provider's own spellings out. Which sizes exist is data of the presets; finding pixels where
they are a rule is for `pixel_sizes`.
"""

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from bot.intake import pixel_sizes
from bot.painting import Capabilities, PaintRequest, SizeRule

# The letters x of the Latin and the Cyrillic keyboard look the same and are typed for each other; some input
# methods make U+2236 of a colon and U+2215 of a slash.
_SIZE = re.compile(r"(?P<width>\d{1,5}(?:[.,]\d{1,3})?)\s*[:\u2236/\u2215xх×✕*]\s*(?P<height>\d{1,5}(?:[.,]\d{1,3})?)")
_TIER = re.compile(r"\d{1,2}k")
_AUTO = "auto"
_MIN_SIDE_PX = 64  # pixels; `16x9` is a ratio in another spelling, not an image of 16 by 9 pixels
_SHAPE_TOLERANCE = 0.03  # relative; upstreams round to multiples of 16 or 64: 1792x1024 is what they call 16:9


@dataclass(frozen=True, slots=True)
class _Size:
    """A parsed size: pixels, or the two sides of a ratio."""

    width: Fraction
    """> 0; pixels if `is_pixels`."""

    height: Fraction
    """> 0; pixels if `is_pixels`."""

    @property
    def is_pixels(self) -> bool:
        """Whether the sides are pixels and not a ratio."""
        return min(self.width, self.height) >= _MIN_SIDE_PX

    @property
    def ratio(self) -> Fraction:
        """Width divided by height."""
        return self.width / self.height

    def shape_distance(self, other: "_Size") -> float:
        """Difference of the shapes: 0 for equal ones, 0.03 for about 3 %."""
        return abs(math.log(self.ratio / other.ratio))

    def area_distance(self, other: "_Size") -> float:
        """Difference of the areas, as `shape_distance`; 0 unless both sizes are in pixels."""
        if not (self.is_pixels and other.is_pixels):
            return 0.0
        return abs(math.log((self.width * self.height) / (other.width * other.height)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedSize:
    """The size parameters of a request to a provider."""

    size: str | None = None
    """In the provider's own spelling; None: the parameter is left out."""

    tier: str | None = None
    """Resolution tier (`2K`), only for a provider that takes one beside the size."""


# ---------------------------------------------------------------- typed sizes


def parse_size_option(value: str) -> tuple[str | None, str | None]:
    """Splits the value of `--size` into (size, tier): `16:9@2k` has both, `2K` only a tier. Tiers in capitals."""
    size, at, tier = _normalise(value).rpartition("@")
    if _TIER.fullmatch(tier.strip()):
        return (size.strip() or None) if at else None, tier.strip().upper()
    return value, None


def canonical_size(size: str, capabilities: Capabilities) -> str:
    """A legal size as it is stored: spelled as the first listed size that it matches, else normalised. Pixels stay
    pixels: one model lists their shape, another may paint just these."""
    parsed = _parse_size(_normalise(size))
    plain = _normalise(size) if parsed is None else f"{parsed.width}{'x' if parsed.is_pixels else ':'}{parsed.height}"
    listed = None if pixels_of(size) else match_size(size, capabilities.sizes)
    return listed or (plain if "/" not in plain else _normalise(size))


def offered_sizes(capabilities: Capabilities) -> tuple[str, ...]:
    """Values of `--size` to allowed_size: the listed sizes, the shapes that rules recommend, then the tiers."""
    shapes = tuple(shape for rule in capabilities.size_rules for shape, _, _ in rule.recommended)
    tiers = tuple(tier for rule in capabilities.size_rules for tier in pixel_sizes.tier_names(rule))
    return tuple(dict.fromkeys(capabilities.sizes + shapes + tiers + capabilities.tiers))


def pixels_of(size: str) -> tuple[int, int] | None:
    """Width and height of a size in whole pixels; None for a shape, for `auto`, and for what is no size."""
    parsed = _parse_size(_normalise(size))
    if parsed is None or not parsed.is_pixels:
        return None
    return int(parsed.width), int(parsed.height)


def ratio_of(size: str) -> float | None:
    """Width by height of a shape or a size in pixels; None for `auto`, and for what is no size."""
    parsed = _parse_size(_normalise(size))
    return None if parsed is None else float(parsed.width / parsed.height)


# ---------------------------------------------------------------- sizes of a provider


def resolve_size(
    size: str | None, tier: str | None, capabilities: Capabilities, reference_size: tuple[int, int] | None = None
) -> ResolvedSize | None:
    """The size parameters for a provider; None: it cannot paint that size.

    `reference_size`: width and height of the first reference, pixels; a tier without a size takes its shape.
    """
    if size is None and tier is None:
        return ResolvedSize()
    listed = None if size is None else match_size(size, capabilities.sizes)
    if size is not None and listed is not None and tier is None and pixels_of(size) is None:
        return ResolvedSize(size=listed)
    for rule in capabilities.size_rules:
        if tier is not None and tier not in pixel_sizes.tier_names(rule):
            continue
        if resolved := _resolve_by_rule(size, tier, rule, reference_size):
            return ResolvedSize(size=resolved)
    if tier is not None and tier not in capabilities.tiers:
        return None
    if tier is not None and capabilities.tier_needs_size and capabilities.sizes and (size is None or listed == _AUTO):
        width, height = reference_size or (1, 1)
        return ResolvedSize(size=nearest_sizes(f"{width}:{height}", capabilities.sizes)[0], tier=tier)
    if size is None:
        return ResolvedSize(tier=tier)
    return None if listed is None else ResolvedSize(size=listed, tier=tier)


def resolve_request_size(request: PaintRequest, capabilities: Capabilities) -> ResolvedSize:
    """As `resolve_size`, for a request that the provider can fulfil."""
    first = request.references[0] if request.references else None
    reference_size = None if first is None else (first.width, first.height)
    return resolve_size(request.options.size, request.options.tier, capabilities, reference_size) or ResolvedSize()


def suggest_sizes(value: str, capabilities: Capabilities, count: int = 3) -> tuple[str, ...]:
    """At most `count` legal sizes, nearest to the typed one first; all of `offered_sizes` when it is no size."""
    size, _ = parse_size_option(value)
    parsed = None if size is None else _parse_size(_normalise(size))
    if parsed is None:
        return offered_sizes(capabilities)
    legal = [
        f"{width}x{height}"
        for rule in capabilities.size_rules
        if parsed.is_pixels
        for width, height in pixel_sizes.nearest_legal_sizes(float(parsed.width), float(parsed.height), rule, count)
    ]
    shapes = [shape for rule in capabilities.size_rules if not parsed.is_pixels for shape, _, _ in rule.recommended]
    shapes += [
        f"{side}"
        for rule in capabilities.size_rules
        if not parsed.is_pixels
        for side in _extreme_ratios(rule.max_ratio)
    ]
    return nearest_sizes(size or "", [each for each in capabilities.sizes if each != _AUTO] + legal + shapes, count)


def _extreme_ratios(ratio: int) -> tuple[str, str]:
    """The widest and the tallest shape that a rule allows."""
    return f"{ratio}:1", f"1:{ratio}"


def _resolve_by_rule(
    size: str | None, tier: str | None, rule: SizeRule, reference_size: tuple[int, int] | None
) -> str | None:
    parsed = None if size is None else _parse_size(_normalise(size))
    if parsed is None:
        if tier is None or (size is not None and _normalise(size) != _AUTO):
            return None
        shape = pixel_sizes.clamp_shape(Fraction(*reference_size) if reference_size else Fraction(1), rule)
    elif parsed.is_pixels and tier is None:
        is_whole = parsed.width.denominator == parsed.height.denominator == 1
        pixels = int(parsed.width), int(parsed.height)
        return f"{pixels[0]}x{pixels[1]}" if is_whole and pixel_sizes.is_legal_size(*pixels, rule) else None
    else:
        shape = parsed.ratio
    resolved = pixel_sizes.size_for_shape(shape, tier, rule)
    return None if resolved is None else f"{resolved[0]}x{resolved[1]}"


# ---------------------------------------------------------------- sizes as a list


def match_size(typed_size: str, allowed: Sequence[str]) -> str | None:
    """The size in `allowed` that matches a typed one, spelled as there; None when none does.

    Pixels match the same pixels, else their exact ratio where it is listed as a ratio. A ratio matches the same ratio,
    else the allowed pixels nearest to it within 3 %. Of equals the first one listed is taken.
    """
    normalised = _normalise(typed_size)
    for each in allowed:
        if _normalise(each) == normalised:
            return each
    size = _parse_size(normalised)
    if size is None:
        return None
    parsed = [(each, allowed_size) for each in allowed if (allowed_size := _parse_size(_normalise(each))) is not None]
    near = [
        (each, allowed_size) for each, allowed_size in parsed if size.shape_distance(allowed_size) <= _SHAPE_TOLERANCE
    ]
    exact = [(each, allowed_size) for each, allowed_size in near if allowed_size.ratio == size.ratio]
    if size.is_pixels:
        return _match_pixels(size, exact)
    ratios = [each for each, allowed_size in exact if not allowed_size.is_pixels]
    if ratios:
        return ratios[0]
    pixels = [(each, allowed_size) for each, allowed_size in near if allowed_size.is_pixels]
    return min(pixels, key=lambda pair: size.shape_distance(pair[1]))[0] if pixels else None


def nearest_sizes(typed_size: str, allowed: Sequence[str], count: int = 3) -> tuple[str, ...]:
    """At most `count` allowed sizes, nearest first: by shape, then by area. All of them if `typed_size` is no size."""
    size = _parse_size(_normalise(typed_size))
    if size is None:
        return tuple(allowed)

    def distance(each: str) -> tuple[float, float]:
        allowed_size = _parse_size(_normalise(each))
        return (
            (math.inf, 0.0)
            if allowed_size is None
            else (size.shape_distance(allowed_size), size.area_distance(allowed_size))
        )

    return tuple(sorted(dict.fromkeys(allowed), key=distance)[:count])


def _match_pixels(size: _Size, exact: list[tuple[str, _Size]]) -> str | None:
    """The match of a size in pixels among the allowed sizes of exactly its shape (`exact`)."""
    for each, allowed_size in exact:
        if allowed_size == size:
            return each
    if any(allowed_size.is_pixels for _, allowed_size in exact):
        return None  # this shape is listed with other pixels
    return exact[0][0] if exact else None


def _normalise(text: str) -> str:
    """NFKC without surrounding space, case-folded: full-width forms become ASCII."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def _parse_size(normalised: str) -> _Size | None:
    """Parses a normalised size; None for anything else, and for a side of 0."""
    match = _SIZE.fullmatch(normalised)
    if match is None:
        return None
    width, height = (Fraction(match[name].replace(",", ".")) for name in ("width", "height"))
    return _Size(width, height) if width and height else None
