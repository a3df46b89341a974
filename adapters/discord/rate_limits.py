"""When a channel's rate-limit window ends, by Discord's own word: https://discord.com/developers/docs/topics/rate-limits

A window begins when the first call reaches Discord, and limits may change any day; each response tells what is left.
"""

import math
from collections.abc import Callable, Mapping

from cachetools import LRUCache

RESET_AFTER_HEADER = "X-RateLimit-Reset-After"
MAX_WINDOW_S = 60.0  # a longer reset is that of another limit than the channel's own
MAX_CHANNELS = 10_000  # remembered; for others the budget's own period counts


class ChannelWindows:
    """The ends of channels' windows. Posts and edits have a window each; the later end counts."""

    def __init__(self, now: Callable[[], float]) -> None:
        """`now`: monotonic time, seconds."""
        self._now = now
        self._ends: LRUCache[str, float] = LRUCache(MAX_CHANNELS)  # by channel id

    def record_response(self, path: str, headers: Mapping[str, str]) -> None:
        """Notes what the response to a call about a channel's messages says of its window."""
        _, resource, channel, subresource, *_ = f"{path}///".split("/")
        left_s = _parse_reset_after(headers.get(RESET_AFTER_HEADER, ""))
        if (resource, subresource) == ("channels", "messages") and left_s is not None:
            self._ends[channel] = max(self._ends.get(channel, -math.inf), self._now() + left_s)

    def window_end(self, channel: str) -> float | None:
        """The monotonic time at which all slots of a channel are free again; None when no response has
        named the end of the current window."""
        end = self._ends.get(channel, -math.inf)
        return end if end > self._now() else None


def _parse_reset_after(value: str) -> float | None:
    """Seconds; None for what is no number or out of range."""
    try:
        seconds = float(value)
    except ValueError:
        return None
    return seconds if 0 <= seconds <= MAX_WINDOW_S else None
