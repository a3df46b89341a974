"""One request to one provider, and the time that a whole job may still take at them. Pure.

Kept by `bot.providers.fallback`, which decides what follows from them.
"""

from dataclasses import dataclass

from bot.painting import Accepted, FinishedImage, PaintEvent
from bot.providers.candidates import Candidate


@dataclass(slots=True, kw_only=True)
class TimeBudget:
    """What one job may still take at the providers, and wait for them."""

    deadline: float
    """When it fails, seconds of the monotonic clock."""

    wait_s: float
    """Seconds that it may still wait for slots, >= 0."""

    def add_wait(self, seconds: float) -> None:
        """Counts a wait for a slot, which is no time of an upstream's."""
        self.deadline += seconds
        self.wait_s = max(0.0, self.wait_s - seconds)


@dataclass(slots=True, kw_only=True)
class Attempt:
    """Progress of one request to one provider."""

    asked: Candidate | None = None
    """Who is asked; None: nobody's turn has come."""

    has_started: bool = False
    """Whether AttemptStarted was yielded."""

    has_picture: bool = False
    """Whether a finished image came: nothing may be painted again after one."""

    upstream_id: str | None = None
    """Id under which the upstream accepted the request; None: not accepted, or without an id."""

    def record(self, event: PaintEvent) -> None:
        """Updates the progress by an event of the provider."""
        match event:
            case Accepted(upstream_id) if upstream_id:
                self.upstream_id = upstream_id
            case FinishedImage():
                self.has_picture = True
            case _:
                pass
