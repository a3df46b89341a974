"""What every provider tells of itself: it stands in its configuration, whatever dialect it speaks."""

from bot.painting import Abilities
from bot.providers.presets import Upstream


class Configured:
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
    def abilities(self) -> Abilities:
        return self._upstream.abilities

    @property
    def price(self) -> int:
        """Credits an image."""
        return self._upstream.price
