"""What a wished size means: `3:2`, `1024×1536`, full-width or not, held against what a provider allows.

Pure text in, one of the provider's own spellings out. Which sizes exist is data of the presets.
"""

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

# The letters x of the Latin and the Cyrillic keyboard look the same and are typed for each other; some input
# methods make U+2236 of a colon and U+2215 of a slash.
_SIZE = re.compile(r"(?P<width>\d{1,5}(?:[.,]\d{1,3})?)\s*[:\u2236/\u2215xх×✕*]\s*(?P<height>\d{1,5}(?:[.,]\d{1,3})?)")
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

    return tuple(sorted(allowed, key=distance)[:count])


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
