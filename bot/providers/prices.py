"""Cost of a generation in the upstream's own credits, by the usage that it reports. Pure.

What users are charged is in `bot.quota`.
"""

from collections.abc import Mapping
from typing import Any, cast

from bot.providers.http.json_safe import finite_number
from bot.providers.presets import TokenPrice


def usage_credits(price: TokenPrice | None, usage: Mapping[str, Any]) -> float | None:
    """The upstream's own credits for a `usage` of OpenAI's Images API; None when the preset has no price of tokens, or
    the usage no number of output tokens."""
    if price is None or finite_number(usage.get("output_tokens")) is None:
        return None
    details = usage.get("input_tokens_details")
    split: Mapping[str, Any] = cast(Mapping[str, Any], details) if isinstance(details, Mapping) else {}
    images = _number(split.get("image_tokens"))
    text = _number(split.get("text_tokens", _number(usage.get("input_tokens")) - images))
    detailed = usage.get("output_tokens_details")
    output: Mapping[str, Any] = cast(Mapping[str, Any], detailed) if isinstance(detailed, Mapping) else {}
    painted = _number(output.get("image_tokens", usage["output_tokens"]))
    total = text * price.text + images * price.image + painted * price.output
    return finite_number(round(total * price.factor, 4))


def _number(value: object) -> float:
    return finite_number(value) or 0.0
