"""What a wished size means: `3:2`, `1024×1536`, `16:9@2k`, full-width or not, held against what a provider allows.

Pure text in, one of the provider's own spellings out. Which sizes exist is data of the presets; how pixels are
found where they are a rule stands in `pixel_rules`.
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
_MIN_SIDE_PX = 64  # pixels; `16x9` is a ratio in another spelling, not a picture of 16 by 9 pixels
_SHAPE_TOLERANCE = 0.03  # upstreams round to multiples of 16 or 64: 1792x1024 is what they call 16:9


@dataclass(frozen=True, slots=True)
class _Size:
    width: Fraction
    height: Fraction

    @property
    def is_pixels(self) -> bool:
        return min(self.width, self.height) >= _MIN_SIDE_PX

    @property
    def ratio(self) -> Fraction:
        return self.width / self.height

    def shape_distance(self, other: "_Size") -> float:
        """How much the shapes differ: 0 for the same, 0.03 for about 3 %."""
        return abs(math.log(self.ratio / other.ratio))

    def area_distance(self, other: "_Size") -> float:
        """How much the areas differ, where both are in pixels."""
        if not (self.is_pixels and other.is_pixels):
            return 0.0
        return abs(math.log((self.width * self.height) / (other.width * other.height)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedSize:
    """What a provider is asked for. `size` in its own spelling, None: nothing is said; `tier`: only where it takes
    one beside the size."""

    size: str | None = None
    tier: str | None = None


# ---------------------------------------------------------------- what was typed


def parse_size_option(value: str) -> tuple[str | None, str | None]:
    """What follows `--size`, as (size, tier): `16:9@2k` is both, `2K` the second alone. Tiers in capitals."""
    size, at, tier = _normalise(value).rpartition("@")
    if _TIER.fullmatch(tier.strip()):
        return (size.strip() or None) if at else None, tier.strip().upper()
    return value, None


def canonical_size(size: str, capabilities: Capabilities) -> str:
    """A legal size in the spelling that is kept: the first listed one it names, else the wish itself, folded."""
    parsed = _parse_size(_normalise(size))
    plain = _normalise(size) if parsed is None else f"{parsed.width}{'x' if parsed.is_pixels else ':'}{parsed.height}"
    return match_size(size, capabilities.sizes) or (plain if "/" not in plain else _normalise(size))


def offered_sizes(capabilities: Capabilities) -> tuple[str, ...]:
    """What is worth offering: the listed sizes, the shapes of a rule's table, then the tiers."""
    shapes = tuple(shape for rule in capabilities.size_rules for shape, _, _ in rule.recommended)
    tiers = tuple(tier for rule in capabilities.size_rules for tier in pixel_sizes.tier_names(rule))
    return tuple(dict.fromkeys(capabilities.sizes + shapes + tiers + capabilities.tiers))


# ---------------------------------------------------------------- what a provider makes of it


def resolve_size(
    size: str | None, tier: str | None, capabilities: Capabilities, reference_size: tuple[int, int] | None = None
) -> ResolvedSize | None:
    """What a provider is asked for; None: it cannot paint that size.

    `like`: width and height of the first reference, whose shape a tier without a size takes.
    """
    if size is None and tier is None:
        return ResolvedSize()
    for rule in capabilities.size_rules:
        if tier is not None and tier not in pixel_sizes.tier_names(rule):
            continue
        if found := _resolve_by_rule(size, tier, rule, reference_size):
            return ResolvedSize(size=found)
    if tier is not None and tier not in capabilities.tiers:
        return None
    if size is None:
        return ResolvedSize(tier=tier)
    listed = match_size(size, capabilities.sizes)
    return None if listed is None else ResolvedSize(size=listed, tier=tier)


def resolve_request_size(request: PaintRequest, capabilities: Capabilities) -> ResolvedSize:
    """As `resolve_size`, for a request that the provider is able to meet."""
    first = request.references[0] if request.references else None
    like = None if first is None else (first.width, first.height)
    return resolve_size(request.options.size, request.options.tier, capabilities, like) or ResolvedSize()


def suggest_sizes(value: str, capabilities: Capabilities, count: int = 3) -> tuple[str, ...]:
    """At most `count` legal sizes, the ones most like what was typed first; all offers when it is no size."""
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
    return f"{ratio}:1", f"1:{ratio}"


def _resolve_by_rule(size: str | None, tier: str | None, rule: SizeRule, like: tuple[int, int] | None) -> str | None:
    wanted = None if size is None else _parse_size(_normalise(size))
    if wanted is None:
        if tier is None or (size is not None and _normalise(size) != _AUTO):
            return None
        shape = pixel_sizes.clamp_shape(Fraction(*like) if like else Fraction(1), rule)
    elif wanted.is_pixels and tier is None:
        whole = wanted.width.denominator == wanted.height.denominator == 1
        pixels = int(wanted.width), int(wanted.height)
        return f"{pixels[0]}x{pixels[1]}" if whole and pixel_sizes.is_legal_size(*pixels, rule) else None
    else:
        shape = wanted.ratio
    found = pixel_sizes.size_for_shape(shape, tier, rule)
    return None if found is None else f"{found[0]}x{found[1]}"


# ---------------------------------------------------------------- sizes as a list


def match_size(typed_size: str, allowed: Sequence[str]) -> str | None:
    """The allowed size that a wish names, spelled as in `allowed`; None when there is none.

    Pixels mean these pixels, or else the ratio they have; a ratio means that ratio, or else the allowed
    pixels that come closest to it within 3 %. Of equals the first one listed is taken.
    """
    wanted = _normalise(typed_size)
    for each in allowed:
        if _normalise(each) == wanted:
            return each
    size = _parse_size(wanted)
    if size is None:
        return None
    offers = [(each, offer) for each in allowed if (offer := _parse_size(_normalise(each))) is not None]
    same = [(each, offer) for each, offer in offers if size.shape_distance(offer) <= _SHAPE_TOLERANCE]
    exact = [(each, offer) for each, offer in same if offer.ratio == size.ratio]
    if size.is_pixels:
        return _match_pixels(size, exact)
    ratios = [each for each, offer in exact if not offer.is_pixels]
    if ratios:
        return ratios[0]
    pixels = [(each, offer) for each, offer in same if offer.is_pixels]
    return min(pixels, key=lambda pair: size.shape_distance(pair[1]))[0] if pixels else None


def nearest_sizes(typed_size: str, allowed: Sequence[str], count: int = 3) -> tuple[str, ...]:
    """At most `count` allowed sizes, the ones most like the wish first: in shape, then in area.

    A wish that is no size at all is like none of them, and gets all.
    """
    size = _parse_size(_normalise(typed_size))
    if size is None:
        return tuple(allowed)

    def distance(each: str) -> tuple[float, float]:
        offer = _parse_size(_normalise(each))
        return (math.inf, 0.0) if offer is None else (size.shape_distance(offer), size.area_distance(offer))

    return tuple(sorted(dict.fromkeys(allowed), key=distance)[:count])


def _match_pixels(size: _Size, exact: list[tuple[str, _Size]]) -> str | None:
    """The offer for a wish in pixels among those of its very shape."""
    for each, offer in exact:
        if offer == size:
            return each
    if any(offer.is_pixels for _, offer in exact):
        return None  # the pixels of this shape are known, and they are others
    return exact[0][0] if exact else None


def _normalise(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()


def _parse_size(folded: str) -> _Size | None:
    match = _SIZE.fullmatch(folded)
    if match is None:
        return None
    width, height = (Fraction(match[name].replace(",", ".")) for name in ("width", "height"))
    return _Size(width, height) if width and height else None
