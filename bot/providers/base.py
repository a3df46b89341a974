"""What every provider tells of itself: it stands in its configuration, whatever dialect it speaks."""

from bot.painting import Capabilities
from bot.providers.presets import Upstream


class BaseProvider:
    """The part of `bot.ports.Provider` that needs no asking."""

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
        """Credits an image."""
        return self._upstream.price
