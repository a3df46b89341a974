"""Properties of a provider that come from its configuration, whatever its dialect. Sends no requests."""

from bot.painting import Capabilities
from bot.providers.presets import Upstream


class BaseProvider:
    """The part of `bot.ports.Provider` that needs no request."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

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
    def price(self) -> int:
        """Credits for one image; >= 0."""
        return self._upstream.price
