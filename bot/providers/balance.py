"""What is left on an account at an upstream, where its API says so. Paints nothing, and charges nothing.

Which upstream says it, and where in which answer, is data of its preset.
"""

from dataclasses import dataclass
from typing import Any

from bot.errors import PaintFailed
from bot.providers.http.client import UpstreamClient, exchange
from bot.providers.http.json_safe import finite_number, parse_json_documents, value_at
from bot.providers.http.quoting import redactions
from bot.providers.presets import Upstream

TIMEOUT_S = 10.0  # nothing is painted, so a healthy upstream answers sooner


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceLeft:
    """What an upstream says is left."""

    amount: float | None
    """In the upstream's own unit; None: it sets no limit."""
    words: str
    """For the operator."""


async def read_balance(upstream: Upstream, client: UpstreamClient) -> BalanceLeft | None:
    """None: it does not say, or not in a way that is understood."""
    where = upstream.balance
    if where is None:
        return None
    headers = {"Accept": "application/json"} | upstream.headers()
    try:
        async with exchange(
            client, upstream.url(where.path), None, headers, method="GET", repeatable=True,
            timeout_s=TIMEOUT_S, idle_timeout_s=TIMEOUT_S, redact=redactions(upstream.key, ""),
        ) as response:  # fmt: skip
            documents = parse_json_documents((await response.read_body()).decode("utf-8", "replace"))
    except PaintFailed:
        return None
    document: Any = documents[0] if documents else None
    amounts = [each for path in where.left if (each := finite_number(value_at(document, path))) is not None]
    if amounts:
        left = min(amounts)
        return BalanceLeft(amount=left, words=f"{left:,.2f} {where.unit} left")
    if value_at(document, where.answer) is not None:
        return BalanceLeft(amount=None, words="it sets no limit for this key")
    return None
