"""Calls from upstreams that a task has ended: a path that nobody can guess, and a bell that wakes who asks.

Nothing is believed here: what a call says is not even read. Who is woken asks the task itself.
"""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Generator
from contextlib import contextmanager

from bot.clock import Clock, wait_for_event

CALLBACK_PATH = "/callbacks"
SECRET_BYTES = 24  # 192 random bits
MAX_ENDED_SECRETS = 4096  # ended tasks whose late and repeated calls are still taken, so that nobody calls ever again


class TaskCallback:
    """Rung by calls to `url`; None where this machine cannot be called."""

    def __init__(self, url: str | None) -> None:
        self.url = url
        self._called = asyncio.Event()

    def notify(self) -> None:
        self._called.set()

    async def wait(self, seconds: float, clock: Clock) -> bool:
        """Waits that long, or until somebody has called since the last rest; True when somebody has."""
        called = await wait_for_event(self._called, seconds, clock)
        self._called.clear()
        return called


class Callbacks:
    """The bells of all tasks under way in this process."""

    def __init__(self, public_url: str | None = None) -> None:
        """`public_url`: HTTPS address under which the world reaches the server; None: no calls are asked for."""
        self._base = public_url.rstrip("/") + CALLBACK_PATH if public_url else None
        self._callbacks: dict[str, TaskCallback] = {}
        self._ended: OrderedDict[str, None] = OrderedDict()

    @contextmanager
    def register(self) -> Generator[TaskCallback]:
        """A bell with an address of its own, for one task."""
        if self._base is None:
            yield TaskCallback(None)
            return
        secret = secrets.token_urlsafe(SECRET_BYTES)
        bell = self._callbacks[secret] = TaskCallback(f"{self._base}/{secret}")
        try:
            yield bell
        finally:
            del self._callbacks[secret]
            self._ended[secret] = None
            while len(self._ended) > MAX_ENDED_SECRETS:
                self._ended.popitem(last=False)

    def receive_call(self, secret: str) -> bool:
        """Somebody called a path. False: it is none of ours. Calls may repeat, and come too early or too late."""
        bell = self._callbacks.get(secret)
        if bell is not None:
            bell.notify()
        return bell is not None or secret in self._ended
