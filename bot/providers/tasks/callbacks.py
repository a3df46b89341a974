"""Callbacks from upstreams that a task has ended: a secret path for each task, and an event that wakes its poller.

Nothing in a call is trusted, its body is not even read: the woken poller polls the task itself.
"""

import asyncio
import secrets
from collections.abc import Generator
from contextlib import contextmanager

from cachetools import FIFOCache

from bot.runtime.clock import Clock, wait_for_event

CALLBACK_PATH = "/callbacks"
SECRET_BYTES = 24  # bytes; 192 random bits cannot be guessed
MAX_ENDED_SECRETS = 4096  # ended tasks whose late calls are still accepted: an upstream repeats a call that fails


class TaskCallback:
    """The callback of one task."""

    def __init__(self, url: str | None) -> None:
        self.url = url
        """Address for the upstream to call; None: no callbacks, the server has no public address."""
        self._called = asyncio.Event()

    def notify(self) -> None:
        """Wakes the poller; remembered when it is not waiting."""
        self._called.set()

    async def wait(self, seconds: float, clock: Clock) -> bool:
        """Waits `seconds`, or until a call comes or has come since the last wait. Whether one has."""
        called = await wait_for_event(self._called, seconds, clock)
        self._called.clear()
        return called


class Callbacks:
    """The callbacks of all tasks in progress in this process."""

    def __init__(self, public_url: str | None = None) -> None:
        """`public_url`: public HTTPS address of the server; None: no callbacks are requested."""
        self._base = public_url.rstrip("/") + CALLBACK_PATH if public_url else None
        self._callbacks: dict[str, TaskCallback] = {}
        self._ended: FIFOCache[str, bool] = FIFOCache(maxsize=MAX_ENDED_SECRETS)

    @contextmanager
    def register(self) -> Generator[TaskCallback]:
        """The callback of one task, with an address of its own, for the duration of the context."""
        if self._base is None:
            yield TaskCallback(None)
            return
        secret = secrets.token_urlsafe(SECRET_BYTES)
        callback = self._callbacks[secret] = TaskCallback(f"{self._base}/{secret}")
        try:
            yield callback
        finally:
            del self._callbacks[secret]
            self._ended[secret] = True

    def receive_call(self, secret: str) -> bool:
        """Wakes the poller of the task with this secret. False: the secret is unknown. Calls may repeat, and come too
        early or too late."""
        callback = self._callbacks.get(secret)
        if callback is not None:
            callback.notify()
        return callback is not None or secret in self._ended
