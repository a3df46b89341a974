"""What members are offered of each model, in one line for the operator, in English like all terminal output. Pure.

For `easel check`.
"""

from collections.abc import Sequence

from bot.intake.prices import make_price_list, price_range
from bot.intake.sizes import offered_sizes
from bot.painting import Capabilities
from bot.providers.presets import Upstream


def describe_offer(upstream: Upstream) -> str:
    """Sizes, qualities, counts, references and price of a model, as members are offered them."""
    able = upstream.capabilities
    parts = [
        f"sizes {_listed(offered_sizes(able))}{_pixels(able)}",
        f"qualities {_listed(able.qualities)}",
        f"images {_counted(able.allowed_counts)}",
        f"references {able.max_references}" if able.max_references else "no references",
        f"prompts up to {able.max_prompt_chars:,} characters",
    ]
    if able.max_references_with_mask:
        parts.append("masks" if able.supports_masks else "masks by marked copies")
    parts += ["marks as a layer"] if able.supports_markup else []
    parts += [f"backgrounds {_listed(able.backgrounds)}"] if able.backgrounds else []
    parts += [f"formats {_listed(able.formats)}"] if able.formats else []
    parts += ["compression"] if able.supports_compression else []
    parts += [_priced(upstream)]
    return "; ".join(parts)


def _priced(upstream: Upstream) -> str:
    """What an image costs, by quality and tier where that makes a difference."""
    able = upstream.capabilities
    prices = make_price_list(able, lambda options: price_range(upstream.price, options, able))
    choices = [f"{name} {price}" for name, price in (*prices.qualities.items(), *prices.tiers.items())]
    return f"credits an image {prices.image}" + (f" ({', '.join(choices)})" if choices else "")


def describe_unknown(upstream: Upstream) -> str:
    """What to know of a model that is in no table."""
    table = f"preset {upstream.preset}" if upstream.preset else f"dialect {upstream.dialect}"
    return f"is in no table of the {table}: offered as {upstream.family}; set family, or sizes and the like"


def describe_idle_rate(upstream: Upstream) -> str | None:
    """Why the upstream's `usage_rate` has no effect; None: it has, or is not set."""
    counts_tokens = upstream.dialect == "images"
    if upstream.usage_rate is None or upstream.wire.credits_path or (counts_tokens and upstream.token_price):
        return None
    missing = "wire.credits_path, or token_price" if counts_tokens else "wire.credits_path"
    return f"usage_rate has no effect: nothing tells what an image costs there; set {missing}"


def _listed(values: Sequence[str]) -> str:
    return ", ".join(values) or "none"


def _pixels(able: Capabilities) -> str:
    """The rules for pixels, behind the sizes that have names."""
    return "".join(
        f", WxH in steps of {rule.step} up to {rule.max_edge}, at most {rule.max_ratio}:1,"
        f" {rule.min_pixels:,} to {rule.max_pixels:,} pixels"
        for rule in able.size_rules
    )


def _counted(counts: Sequence[int]) -> str:
    is_consecutive = len(counts) > 1 and tuple(counts) == tuple(range(1, len(counts) + 1))
    return f"1-{len(counts)}" if is_consecutive else ", ".join(map(str, counts))
