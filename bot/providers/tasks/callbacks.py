"""Calls from upstreams that a task has ended: a path that nobody can guess, and a bell that wakes who asks.

Nothing is believed here: what a call says is not even read. Who is woken asks the task itself.
"""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Generator
from contextlib import contextmanager

from bot.clock import Clock, wait_for_event

PATH = "/callbacks"
SECRET_BYTES = 24  # 192 random bits
REMEMBERED = 4096  # ended tasks whose late and repeated calls are still taken, so that nobody calls ever again


class Bell:
    """Rung by calls to `url`; None where this machine cannot be called."""

    def __init__(self, url: str | None) -> None:
        self.url = url
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def rest(self, seconds: float, clock: Clock) -> bool:
        """Waits that long, or until somebody has called since the last rest; True when somebody has."""
        called = await wait_for_event(self._rung, seconds, clock)
        self._rung.clear()
        return called


class Callbacks:
    """The bells of all tasks under way in this process."""

    def __init__(self, public_url: str | None = None) -> None:
        """`public_url`: HTTPS address under which the world reaches the server; None: no calls are asked for."""
        self._base = public_url.rstrip("/") + PATH if public_url else None
        self._bells: dict[str, Bell] = {}
        self._ended: OrderedDict[str, None] = OrderedDict()

    @contextmanager
    def expect(self) -> Generator[Bell]:
        """A bell with an address of its own, for one task."""
        if self._base is None:
            yield Bell(None)
            return
        secret = secrets.token_urlsafe(SECRET_BYTES)
        bell = self._bells[secret] = Bell(f"{self._base}/{secret}")
        try:
            yield bell
        finally:
            del self._bells[secret]
            self._ended[secret] = None
            while len(self._ended) > REMEMBERED:
                self._ended.popitem(last=False)

    def call(self, secret: str) -> bool:
        """Somebody called a path. False: it is none of ours. Calls may repeat, and come too early or too late."""
        bell = self._bells.get(secret)
        if bell is not None:
            bell.ring()
        return bell is not None or secret in self._ended
