"""When a channel may be written to again, by Discord's own word: https://discord.com/developers/docs/topics/rate-limits

Its windows begin when the first call reaches it, and limits may change any day; each answer tells the seconds left.
"""

import math
from collections import OrderedDict
from collections.abc import Callable, Mapping

HEADER = "X-RateLimit-Reset-After"
LONGEST = 60.0  # seconds; more than that is no window of a channel
MOST = 10_000  # channels; of others the default counts


class Resets:
    """`now`: monotonic, in seconds. Of a channel's windows (posts and edits have one each) the last to end counts."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._ends: OrderedDict[str, float] = OrderedDict()  # by channel

    def hear(self, path: str, headers: Mapping[str, str]) -> None:
        """The answer to a call."""
        _, kind, channel, what, *_ = f"{path}///".split("/")
        left = _seconds(headers.get(HEADER, ""))
        if (kind, what) == ("channels", "messages") and left is not None:
            self._ends[channel] = max(self._ends.get(channel, -math.inf), self._now() + left)
            self._ends.move_to_end(channel)
            if len(self._ends) > MOST:
                self._ends.popitem(last=False)

    def of(self, channel: str) -> float | None:
        """When all slots of a channel are free again; None: nothing was told of the window it is in."""
        ends = self._ends.get(channel, -math.inf)
        return ends if ends > self._now() else None


def _seconds(told: str) -> float | None:
    try:
        left = float(told)
    except ValueError:
        return None
    return left if 0 <= left <= LONGEST else None  # neither for what is no number
