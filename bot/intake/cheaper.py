"""What would cost less than a request: options to change, as they are typed, with what the request costs then. Pure.

Knows no prices: asks for each change what it would cost.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import product

from bot.intake.models import offered_models
from bot.intake.prices import offered_tiers
from bot.intake.sizes import pixels_of
from bot.painting import Capabilities, Options

Quote = Callable[[Options], int | None]
"""Credits of a whole request with these options; None: nobody paints it."""

Change = tuple[str, Options]
"""An option as it is typed (`--quality low`), and the options with it."""


def cheaper_options(options: Options, capabilities: Capabilities, quote: Quote, limit: int) -> tuple[str, ...]:
    """Changes of one option after which a request costs at most `limit` credits, the dearest for each option:
    `--quality low (4)`. Where no single change does, the one combination that costs least; empty: nothing does."""
    kinds = (_models, _qualities, _tiers, _counts)
    single = [_dearest(kind(options, capabilities), quote, limit) for kind in kinds]
    if any(single):
        return tuple(each for each in single if each)
    return tuple(filter(None, [_cheapest(options, capabilities, quote, limit)]))


def _dearest(changes: Iterable[Change], quote: Quote, limit: int) -> str:
    """The change that costs most; of equals the last one, which is the better quality, the larger size."""
    best: tuple[int, str] | None = None
    for typed, changed in changes:
        cost = quote(changed)
        if cost is not None and cost <= limit and (best is None or cost >= best[0]):
            best = cost, typed
    return "" if best is None else f"{best[1]} ({best[0]})"


def _cheapest(options: Options, capabilities: Capabilities, quote: Quote, limit: int) -> str:
    """The combination of changes that costs least; of equals, the one that changes least."""
    combined: list[tuple[int, int, str]] = []
    for quality, tier in product((None, *_qualities(options, capabilities)), (None, *_tiers(options, capabilities))):
        changed = options if quality is None else quality[1]
        if tier is not None:
            changed = replace(changed, size=tier[1].size, tier=tier[1].tier)
        fewest = next(_counts(changed, capabilities), None)
        typed = [each[0] for each in (quality, tier, fewest) if each is not None]
        cost = quote(changed if fewest is None else fewest[1])
        if typed and cost is not None and cost <= limit:
            combined.append((cost, len(typed), f"{' '.join(typed)} ({cost})"))
    return min(combined, key=lambda each: each[:2])[2] if combined else ""


def _models(options: Options, capabilities: Capabilities) -> Iterator[Change]:
    for model in offered_models(capabilities.models):
        if model.name != options.model:
            yield f"--model {model.name}", replace(options, model=model.name)


def _qualities(options: Options, capabilities: Capabilities) -> Iterator[Change]:
    for quality in capabilities.qualities:
        if quality not in ("auto", options.quality):
            yield f"--quality {quality}", replace(options, quality=quality)


def _tiers(options: Options, capabilities: Capabilities) -> Iterator[Change]:
    """Each with the shape that was asked for; pixels have a tier of their own."""
    shape = None if options.size is None or pixels_of(options.size) else options.size
    for tier in offered_tiers(capabilities):
        if tier != options.tier:
            typed = "@".join(filter(None, (shape, tier)))
            yield f"--size {typed}", replace(options, size=shape, tier=tier)


def _counts(options: Options, capabilities: Capabilities) -> Iterator[Change]:
    """Fewer images, the fewest first."""
    for count in capabilities.allowed_counts:
        if count < options.n:
            yield f"--n {count}", replace(options, n=count)
