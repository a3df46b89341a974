"""When nobody may call Discord: rate limits that are everybody's, bans by its edge, too many invalid requests. Pure.

Knows no single channel (rate_limits.py does) and sends nothing. From "Rate Limits" of Discord's documents: 10,000
invalid requests in ten minutes ban the address, and whoever calls during a ban prolongs it.
"""

import math
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

SCOPE_HEADER, GLOBAL_HEADER = "X-RateLimit-Scope", "X-RateLimit-Global"
RETRY_AFTER_HEADER = "Retry-After"

DEFAULT_RETRY_AFTER_S = 5.0  # the length of a channel's window, for a 429 that names no time
EDGE_RETRY_AFTER_S = 60.0  # for a page of the edge that names no time
MIN_RETRY_AFTER_S = 0.05  # a 429 that says 0 would be repeated without a pause
MAX_RETRY_AFTER_S = 3600.0  # what is beyond is asked again in an hour: a wrong value must not silence the bot for days

INVALID_STATUSES = frozenset({401, 403, 404, 429})  # 404: repeated calls to dead webhooks count as well
INVALID_WINDOW_S = 600.0  # in which Discord counts them
SLOW_FROM = 5_000  # invalid requests in the window from which on each makes everybody wait
SLOW_PAUSE_S = 0.2  # for each, times the processes: at most 3,000 more in a window, and so never the 10,000 of a ban


class Scope(StrEnum):
    """Whose rate limit it is."""

    USER = "user"  # of this bot, for one resource
    SHARED = "shared"  # of everybody who uses that resource; not counted as invalid
    GLOBAL = "global"  # of this bot, for everything
    EDGE = "edge"  # of the address: the edge has answered in Discord's place


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """A call that was refused for now."""

    scope: Scope
    retry_after_s: float
    """Seconds, MIN_RETRY_AFTER_S to MAX_RETRY_AFTER_S."""

    @property
    def everywhere(self) -> bool:
        """Whether every call has to wait."""
        return self.scope in (Scope.GLOBAL, Scope.EDGE)


def read_rate_limit(
    status: int, headers: Mapping[str, str], body: Mapping[str, Any] | None, now: datetime
) -> RateLimit | None:
    """The rate limit that a response tells of; None for any other response. `headers`: in any letter case where the
    mapping is. `body` None: it is no JSON object, and so not Discord's own. `now`: the wall clock, for a date in
    Retry-After."""
    if body is None:
        blocked = status == 403 and headers.get("Content-Type", "").startswith("text/html")
        if status != 429 and not blocked:
            return None
        after = _seconds(headers.get(RETRY_AFTER_HEADER), now)
        return RateLimit(scope=Scope.EDGE, retry_after_s=_bounded(after, EDGE_RETRY_AFTER_S))
    if status != 429:
        return None
    after = _seconds(body.get("retry_after"), now)
    if after is None:
        after = _seconds(headers.get(RETRY_AFTER_HEADER), now)
    return RateLimit(scope=_read_scope(headers, body), retry_after_s=_bounded(after, DEFAULT_RETRY_AFTER_S))


def _read_scope(headers: Mapping[str, str], body: Mapping[str, Any]) -> Scope:
    named = headers.get(SCOPE_HEADER, "").lower()
    if body.get("global") is True or headers.get(GLOBAL_HEADER, "").lower() == "true" or named == Scope.GLOBAL:
        return Scope.GLOBAL
    return Scope.SHARED if named == Scope.SHARED else Scope.USER


def _seconds(value: object, now: datetime) -> float | None:
    """A number of seconds, or the time until an HTTP date; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except OverflowError:  # an integer beyond every float
        return math.inf
    except ValueError:
        pass
    try:
        date = parsedate_to_datetime(str(value))
        return (date - now).total_seconds()
    except (TypeError, ValueError):  # the first: a date without a zone
        return None


def _bounded(seconds: float | None, default: float) -> float:
    if seconds is None or math.isnan(seconds):
        return default
    return min(max(seconds, MIN_RETRY_AFTER_S), MAX_RETRY_AFTER_S)


class InvalidRequests:
    """A sliding window over the invalid requests; at most one entry for each second of it."""

    def __init__(self) -> None:
        self._counts: deque[tuple[int, int]] = deque()  # (whole second, requests in it), oldest first

    def add(self, now: float) -> None:
        second = math.floor(now)
        count = self._counts.pop()[1] if self._counts and self._counts[-1][0] == second else 0
        self._counts.append((second, count + 1))

    def count(self, now: float) -> int:
        """Requests within the last INVALID_WINDOW_S."""
        while self._counts and self._counts[0][0] <= now - INVALID_WINDOW_S - 1:
            self._counts.popleft()
        return sum(count for _, count in self._counts)


class CallGate:
    """Closed while nobody may call. Opens by the passing of time alone."""

    def __init__(
        self,
        now: Callable[[], float],
        *,
        processes: Callable[[], int] = lambda: 1,
        on_closed: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        """`now`: monotonic time, seconds. `processes`: how many call Discord with the bot's token, maybe from one
        address, >= 1: each may have its share of invalid requests. `on_closed` gets the seconds for which a response
        to this process lets nobody call."""
        self._now = now
        self._processes = processes
        self._on_closed = on_closed
        self._closed_until = -math.inf
        self._invalid = InvalidRequests()

    def wait_s(self) -> float:
        """Seconds until calls may be made; 0 when they may now."""
        return max(0.0, self._closed_until - self._now())

    def close_for(self, seconds: float) -> None:
        """Another process heard from Discord that nobody may call for so long."""
        self._closed_until = max(self._closed_until, self._now() + seconds)

    @property
    def slow_from(self) -> int:
        """Invalid requests of this process in the window from which on each makes it wait."""
        return SLOW_FROM // self._processes()

    def invalid_requests(self) -> int:
        """Requests of the last ten minutes that Discord counts as invalid."""
        return self._invalid.count(self._now())

    def record_response(self, status: int, limit: RateLimit | None) -> bool:
        """Closes for a limit that is everybody's, and for a moment after each invalid request once they are many.
        Whether Discord counts the request as invalid."""
        now = self._now()
        if limit is not None and limit.everywhere:
            self.close_for(limit.retry_after_s)
            self._on_closed(limit.retry_after_s)
        is_shared = limit is not None and limit.scope is Scope.SHARED
        if status not in INVALID_STATUSES or is_shared:
            return False
        self._invalid.add(now)
        if self._invalid.count(now) > self.slow_from:
            self._closed_until = max(self._closed_until, now) + SLOW_PAUSE_S * self._processes()
        return True
