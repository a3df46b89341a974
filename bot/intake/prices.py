"""What one image of a request costs at a provider: before it is painted, and by what came. Pure.

Every price that is shown, reserved, compared or charged comes from here. Where a request leaves its quality or its size
open, it counts as the dearest that it may become.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from bot.intake import pixel_sizes, sizes
from bot.painting import Capabilities, Options
from bot.prices import Price, PriceRange

_AUTO = "auto"
_NOMINAL_TIERS = ("1K", "2K", "4K", "8K")  # of sizes that belong to no tier of a provider
# Two tiers meet at this part of the product of their nominal edges: 1792x1024 is still 1K, and 3840x2160 is 4K already.
_TIER_BOUNDARY = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Painted:
    """What is known of an image that came."""

    width: int
    """Pixels; > 0."""

    height: int
    """Pixels; > 0."""

    quality: str | None = None
    """The quality that the upstream says it has; None: it does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceList:
    """What is shown of the prices of one image, over all providers."""

    image: PriceRange
    """With nothing chosen."""

    qualities: Mapping[str, PriceRange]
    """By quality; empty where all cost the same."""

    tiers: Mapping[str, PriceRange]
    """By tier; empty where all cost the same."""

    @property
    def is_usual(self) -> bool:
        """Whether every image costs one credit, of which nothing needs to be said."""
        return self.image == PriceRange(least=1, most=1)


def make_price_list(capabilities: Capabilities, quote: Callable[[Options], PriceRange | None]) -> PriceList:
    """`quote`: what one image may cost with some options; None: nobody paints it."""
    image = quote(Options())
    qualities = {each: quote(Options(quality=each)) for each in capabilities.qualities}
    tiers = {each: quote(Options(tier=each)) for each in offered_tiers(capabilities)}
    return PriceList(
        image=image or PriceRange(least=0, most=0), qualities=_where_different(qualities), tiers=_where_different(tiers)
    )


def _where_different(prices: Mapping[str, PriceRange | None]) -> Mapping[str, PriceRange]:
    known = {name: price for name, price in prices.items() if price is not None}
    return known if len(set(known.values())) > 1 else {}


def price_range(price: Price, options: Options, capabilities: Capabilities) -> PriceRange:
    """What one image may cost at a provider with this price and these capabilities."""
    options = _as_sent(options, capabilities)
    costs = [
        price.credits(quality, tier)
        for quality in _possible_qualities(price, options, capabilities)
        for tier in _possible_tiers(options, capabilities)
    ]
    return PriceRange(least=min(costs), most=max(costs))


def price_of_image(price: Price, options: Options, capabilities: Capabilities, painted: Painted) -> int:
    """What an image that came costs: what was asked for, and where that was left open, what came.

    Never more than `price_range` says; what is not known of the image counts as the dearest.
    """
    options = _as_sent(options, capabilities)
    qualities = _possible_qualities(price, options, capabilities)
    came = [each for each in qualities if each and painted.quality and each.casefold() == painted.quality.casefold()]
    tiers = _possible_tiers(options, capabilities)
    tier = tiers[0] if len(tiers) == 1 else _tier_of(painted.width, painted.height, tiers, capabilities)
    return max(price.credits(quality, tier) for quality in came or qualities)


def unknown_keys(price: Price, capabilities: Capabilities) -> tuple[str, ...]:
    """The qualities and tiers of a price that a provider does not offer."""
    offered = {each.casefold() for each in (*capabilities.qualities, *offered_tiers(capabilities))}
    offered |= {_AUTO} if capabilities.qualities else set()
    return tuple(key for key in price.keys if key.casefold() not in offered)


def offered_tiers(capabilities: Capabilities) -> tuple[str, ...]:
    """Every tier that an image of a provider may have, ascending: those that can be asked for, and those that its
    sizes in pixels fall into."""
    named = {tier for rule in capabilities.size_rules for tier in pixel_sizes.tier_names(rule)}
    listed = filter(None, map(sizes.pixels_of, capabilities.sizes))
    fallen = {_nearest_tier(width * height, _NOMINAL_TIERS) for width, height in listed}
    return _ascending({*named, *capabilities.tiers, *fallen})


def _as_sent(options: Options, capabilities: Capabilities) -> Options:
    """The options with what the provider is asked for where nothing was chosen."""
    unchosen = capabilities.unchosen
    if options.quality is None:
        options = replace(options, quality=unchosen.quality)
    if options.size is None and options.tier is None:
        options = replace(options, size=unchosen.size, tier=unchosen.tier)
    return options


def _possible_qualities(price: Price, options: Options, capabilities: Capabilities) -> Sequence[str | None]:
    """The qualities that an image may have; `auto` stands for itself where it has a price of its own."""
    if options.quality not in (None, _AUTO):
        return (options.quality,)
    if _AUTO in price.qualities:
        return (_AUTO,)
    return tuple(each for each in capabilities.qualities if each != _AUTO) or (None,)


def _possible_tiers(options: Options, capabilities: Capabilities) -> Sequence[str | None]:
    """The tiers that an image may have. A size in pixels falls into one; a shape does where a rule makes it pixels."""
    if options.tier is not None:
        return (options.tier,)
    offered = offered_tiers(capabilities)
    resolved = sizes.resolve_size(options.size, None, capabilities)
    pixels = sizes.pixels_of(resolved.size) if resolved and resolved.size else None
    return (_tier_of(*pixels, offered, capabilities),) if pixels else offered or (None,)


def _tier_of(width: int, height: int, tiers: Sequence[str | None], capabilities: Capabilities) -> str | None:
    """The one of the tiers that a size in pixels falls into: by the recommended sizes of a rule, else by its area."""
    for rule in capabilities.size_rules:
        names = pixel_sizes.tier_names(rule)
        if pixel_sizes.is_legal_size(width, height, rule) and names:
            return next(name for name in names if width * height <= pixel_sizes.area_range(name, rule)[2])
    named = [tier for tier in tiers if tier is not None]
    return _nearest_tier(width * height, named) if named else None


def _nearest_tier(pixels: int, tiers: Iterable[str]) -> str:
    """The tier of an area, pixels."""
    ascending = _ascending(tiers)
    for tier, above in pairwise(ascending):
        if pixels < _TIER_BOUNDARY * _edge(tier) * _edge(above):
            return tier
    return ascending[-1]


def _ascending(tiers: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(dict.fromkeys(tiers), key=_edge))


def _edge(tier: str) -> int:
    """The nominal edge of a tier, pixels: 2048 of `2K`."""
    return 1024 * int(tier.rstrip("kK"))
