"""What providers of all dialects have in common: the properties that come from their configuration.

Sends no requests.
"""

from collections.abc import AsyncGenerator
from dataclasses import replace

import structlog

from bot.errors import Lost
from bot.painting import Accepted, Capabilities, ImageMissing, PaintEvent, PaintRequest, Usage
from bot.prices import Price
from bot.providers.http.client import UpstreamClient
from bot.providers.http.json_safe import finite_number, value_at
from bot.providers.presets import Upstream
from bot.providers.presets.wires import RequestWire

log = structlog.get_logger()

AFTER_ERROR_S = 5.0  # seconds that a stream may be silent after an error: it has ended, or another image follows soon


def log_missing_image(provider: str, missing: ImageMissing) -> None:
    """Tells the operator why fewer images came than were asked for."""
    log.warning(
        "upstream failed after an image was received",
        provider=provider,
        failure=missing.failure,
        trace_id=missing.trace,
        detail=missing.detail,
    )


def with_reported_credits(usage: Usage, wire: RequestWire) -> Usage:
    """A usage with the upstream's own credits, where the wire says in which field of the answer they are."""
    if usage.credits is not None or not wire.credits_path:
        return usage
    return replace(usage, credits=finite_number(value_at({"usage": usage.reported}, wire.credits_path)))


class BaseProvider:
    """The part of `bot.ports.Provider` that needs no request."""

    def __init__(self, upstream: Upstream, client: UpstreamClient) -> None:
        """`client`: owned and closed by the caller."""
        self._upstream = upstream
        self._client = client

    @property
    def name(self) -> str:
        return self._upstream.name

    @property
    def model(self) -> str:
        return self._upstream.model

    @property
    def dialect(self) -> str:
        """What it speaks, for traces."""
        return self._upstream.dialect

    @property
    def capabilities(self) -> Capabilities:
        return self._upstream.capabilities

    @property
    def price(self) -> Price:
        """Credits for one image, by quality and tier."""
        return self._upstream.price


class SingleResponseProvider(BaseProvider):
    """A provider whose upstream paints in the response to the request, which cannot be requested again."""

    @property
    def resumable(self) -> bool:
        """False: a response that was not received cannot be requested again."""
        return False

    async def resume(self, request: PaintRequest, upstream_id: str) -> AsyncGenerator[PaintEvent, None]:
        """Raises Lost."""
        raise Lost(trace=upstream_id)
        yield Accepted(upstream_id)  # pyright: ignore[reportUnreachable] - makes it the generator that the port wants
