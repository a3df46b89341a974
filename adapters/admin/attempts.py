"""Failed sign-ins, counted by where they come from: nobody guesses a token, and nobody may keep the database busy.

Of a proxy on this machine or network what it says of its visitor counts, of anybody else only the connection.
"""

from ipaddress import ip_address

from aiohttp import web
from cachetools import TTLCache

from bot.runtime.clock import Clock

MAX_FAILURES = 10  # of one address within WINDOW_S
WINDOW_S = 60.0
MAX_ADDRESSES = 10_000  # remembered; the oldest go first


class FailedAttempts:
    """How often each address has failed of late."""

    def __init__(self, clock: Clock) -> None:
        self._failures = TTLCache[str, int](MAX_ADDRESSES, WINDOW_S, timer=clock.monotonic)

    def is_too_many(self, request: web.Request) -> bool:
        """Whether the request's address has to wait."""
        return self._failures.get(visitor(request), 0) >= MAX_FAILURES

    def add(self, request: web.Request) -> None:
        """Counts a failure; its window begins anew."""
        address = visitor(request)
        self._failures[address] = self._failures.get(address, 0) + 1


def visitor(request: web.Request) -> str:
    """The address that a request comes from."""
    peer = request.remote or ""
    last = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()  # our own proxy's word
    try:
        return str(ip_address(last)) if last and not ip_address(peer).is_global else peer
    except ValueError:
        return peer
