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
_SMALLEST = 64  # pixels; `16x9` is a ratio in another spelling, not a picture of 16 by 9 pixels
_SAME_SHAPE = 0.03  # upstreams round to multiples of 16 or 64: 1792x1024 is what they call 16:9


@dataclass(frozen=True, slots=True)
class _Size:
    width: Fraction
    height: Fraction

    @property
    def is_pixels(self) -> bool:
        return min(self.width, self.height) >= _SMALLEST

    @property
    def ratio(self) -> Fraction:
        return self.width / self.height

    def bend(self, other: "_Size") -> float:
        """How much the shapes differ: 0 for the same, 0.03 for about 3 %."""
        return abs(math.log(self.ratio / other.ratio))

    def stretch(self, other: "_Size") -> float:
        """How much the areas differ, where both are in pixels."""
        if not (self.is_pixels and other.is_pixels):
            return 0.0
        return abs(math.log((self.width * self.height) / (other.width * other.height)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What a provider is asked for. `size` in its own spelling, None: nothing is said; `tier`: only where it takes
    one beside the size."""

    size: str | None = None
    tier: str | None = None


# ---------------------------------------------------------------- what was typed


def typed(value: str) -> tuple[str | None, str | None]:
    """What follows `--size`, as (size, tier): `16:9@2k` is both, `2K` the second alone. Tiers in capitals."""
    size, at, tier = _fold(value).rpartition("@")
    if _TIER.fullmatch(tier.strip()):
        return (size.strip() or None) if at else None, tier.strip().upper()
    return value, None


def canonical(size: str, capabilities: Capabilities) -> str:
    """A legal size in the spelling that is kept: the first listed one it names, else the wish itself, folded."""
    parsed = _parse(_fold(size))
    plain = _fold(size) if parsed is None else f"{parsed.width}{'x' if parsed.is_pixels else ':'}{parsed.height}"
    return choose(size, capabilities.sizes) or (plain if "/" not in plain else _fold(size))


def offers(capabilities: Capabilities) -> tuple[str, ...]:
    """What is worth offering: the listed sizes, the shapes of a rule's table, then the tiers."""
    shapes = tuple(shape for rule in capabilities.size_rules for shape, _, _ in rule.recommended)
    tiers = tuple(tier for rule in capabilities.size_rules for tier in pixel_sizes.tiers(rule))
    return tuple(dict.fromkeys(capabilities.sizes + shapes + tiers + capabilities.tiers))


# ---------------------------------------------------------------- what a provider makes of it


def decide(
    size: str | None, tier: str | None, capabilities: Capabilities, like: tuple[int, int] | None = None
) -> Chosen | None:
    """What a provider is asked for; None: it cannot paint that size.

    `like`: width and height of the first reference, whose shape a tier without a size takes.
    """
    if size is None and tier is None:
        return Chosen()
    for rule in capabilities.size_rules:
        if tier is not None and tier not in pixel_sizes.tiers(rule):
            continue
        if found := _by_rule(size, tier, rule, like):
            return Chosen(size=found)
    if tier is not None and tier not in capabilities.tiers:
        return None
    if size is None:
        return Chosen(tier=tier)
    listed = choose(size, capabilities.sizes)
    return None if listed is None else Chosen(size=listed, tier=tier)


def chosen(request: PaintRequest, capabilities: Capabilities) -> Chosen:
    """As `decide`, for a request that the provider is able to meet."""
    first = request.references[0] if request.references else None
    like = None if first is None else (first.width, first.height)
    return decide(request.options.size, request.options.tier, capabilities, like) or Chosen()


def near(value: str, capabilities: Capabilities, count: int = 3) -> tuple[str, ...]:
    """At most `count` legal sizes, the ones most like what was typed first; all offers when it is no size."""
    size, _ = typed(value)
    parsed = None if size is None else _parse(_fold(size))
    if parsed is None:
        return offers(capabilities)
    legal = [
        f"{width}x{height}"
        for rule in capabilities.size_rules
        if parsed.is_pixels
        for width, height in pixel_sizes.neighbours(float(parsed.width), float(parsed.height), rule, count)
    ]
    shapes = [shape for rule in capabilities.size_rules if not parsed.is_pixels for shape, _, _ in rule.recommended]
    shapes += [
        f"{side}" for rule in capabilities.size_rules if not parsed.is_pixels for side in _widest(rule.max_ratio)
    ]
    return nearest(size or "", [each for each in capabilities.sizes if each != _AUTO] + legal + shapes, count)


def _widest(ratio: int) -> tuple[str, str]:
    return f"{ratio}:1", f"1:{ratio}"


def _by_rule(size: str | None, tier: str | None, rule: SizeRule, like: tuple[int, int] | None) -> str | None:
    wanted = None if size is None else _parse(_fold(size))
    if wanted is None:
        if tier is None or (size is not None and _fold(size) != _AUTO):
            return None
        shape = pixel_sizes.clamped(Fraction(*like) if like else Fraction(1), rule)
    elif wanted.is_pixels and tier is None:
        whole = wanted.width.denominator == wanted.height.denominator == 1
        pixels = int(wanted.width), int(wanted.height)
        return f"{pixels[0]}x{pixels[1]}" if whole and pixel_sizes.legal(*pixels, rule) else None
    else:
        shape = wanted.ratio
    found = pixel_sizes.of_shape(shape, tier, rule)
    return None if found is None else f"{found[0]}x{found[1]}"


# ---------------------------------------------------------------- sizes as a list


def choose(wish: str, allowed: Sequence[str]) -> str | None:
    """The allowed size that a wish names, spelled as in `allowed`; None when there is none.

    Pixels mean these pixels, or else the ratio they have; a ratio means that ratio, or else the allowed
    pixels that come closest to it within 3 %. Of equals the first one listed is taken.
    """
    wanted = _fold(wish)
    for each in allowed:
        if _fold(each) == wanted:
            return each
    size = _parse(wanted)
    if size is None:
        return None
    offers = [(each, offer) for each in allowed if (offer := _parse(_fold(each))) is not None]
    same = [(each, offer) for each, offer in offers if size.bend(offer) <= _SAME_SHAPE]
    exact = [(each, offer) for each, offer in same if offer.ratio == size.ratio]
    if size.is_pixels:
        return _pixels(size, exact)
    ratios = [each for each, offer in exact if not offer.is_pixels]
    if ratios:
        return ratios[0]
    pixels = [(each, offer) for each, offer in same if offer.is_pixels]
    return min(pixels, key=lambda pair: size.bend(pair[1]))[0] if pixels else None


def nearest(wish: str, allowed: Sequence[str], count: int = 3) -> tuple[str, ...]:
    """At most `count` allowed sizes, the ones most like the wish first: in shape, then in area.

    A wish that is no size at all is like none of them, and gets all.
    """
    size = _parse(_fold(wish))
    if size is None:
        return tuple(allowed)

    def distance(each: str) -> tuple[float, float]:
        offer = _parse(_fold(each))
        return (math.inf, 0.0) if offer is None else (size.bend(offer), size.stretch(offer))

    return tuple(sorted(dict.fromkeys(allowed), key=distance)[:count])


def _pixels(size: _Size, exact: list[tuple[str, _Size]]) -> str | None:
    """The offer for a wish in pixels among those of its very shape."""
    for each, offer in exact:
        if offer == size:
            return each
    if any(offer.is_pixels for _, offer in exact):
        return None  # the pixels of this shape are known, and they are others
    return exact[0][0] if exact else None


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()


def _parse(folded: str) -> _Size | None:
    match = _SIZE.fullmatch(folded)
    if match is None:
        return None
    width, height = (Fraction(match[name].replace(",", ".")) for name in ("width", "height"))
    return _Size(width, height) if width and height else None
