"""What providers of all dialects have in common: the properties that come from their configuration.

Sends no requests.
"""

from collections.abc import AsyncGenerator

import structlog

from bot.errors import Lost
from bot.painting import Accepted, Capabilities, ImageMissing, PaintEvent, PaintRequest
from bot.prices import Price
from bot.providers.http.client import UpstreamClient
from bot.providers.presets import Upstream

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
