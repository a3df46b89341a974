"""What the operator has changed while Easel runs, and what held before: a job keeps what it was accepted with. Pure."""

from datetime import datetime
from typing import Generic, TypeVar

T = TypeVar("T")

MAX_VERSIONS = 100  # kept; who is older than that many changes gets the oldest


class Versions(Generic[T]):
    """A value, and those that it has replaced."""

    def __init__(self, first: T) -> None:
        """`first`: holds for everything that was before it, too: nobody knows what an earlier process had."""
        self._versions: list[tuple[datetime | None, T]] = [(None, first)]

    @property
    def now(self) -> T:
        """The newest."""
        return self._versions[-1][1]

    def replace(self, value: T, since: datetime) -> None:
        """From `since` on another one holds."""
        self._versions = [*self._versions, (since, value)][-MAX_VERSIONS:]

    def at(self, moment: datetime) -> T:
        """The one that held at a moment."""
        for since, value in reversed(self._versions):
            if since is None or since <= moment:
                return value
        return self._versions[0][1]
