"""Callbacks from upstreams that a task has ended: a secret path for each task, and an event that wakes its poller.

Nothing in a call is trusted, its body is not even read: the woken poller polls the task itself. A secret begins with
the process that polls, so that any process that is called can tell it.
"""

import asyncio
import secrets
from collections.abc import Generator
from contextlib import contextmanager

import structlog
from cachetools import FIFOCache

from bot.observability.job_context import about_job, current_job
from bot.ports import Cluster
from bot.runtime.clock import Clock, wait_for_event

log = structlog.get_logger()

CALLBACK_PATH = "/callbacks"
TOPIC = "callbacks"  # a call for a task of another process
SECRET_BYTES = 24  # bytes; 192 random bits cannot be guessed
MAX_SECRET_CHARS = 200  # of what is passed on to other processes
MAX_ENDED_SECRETS = 4096  # ended tasks whose late calls are still accepted: an upstream repeats a call that fails


class TaskCallback:
    """The callback of one task."""

    def __init__(self, url: str | None) -> None:
        self._job = current_job()
        self.url = url
        """Address for the upstream to call; None: no callbacks, the server has no public address."""
        self._called = asyncio.Event()

    def notify(self) -> None:
        """Wakes the poller; remembered when it is not waiting."""
        with about_job(self._job):
            log.debug("upstream has called back")
        self._called.set()

    async def wait(self, seconds: float, clock: Clock) -> bool:
        """Waits `seconds`, or until a call comes or has come since the last wait. Whether one has."""
        called = await wait_for_event(self._called, seconds, clock)
        self._called.clear()
        return called


class Callbacks:
    """The callbacks of all tasks in progress in this process."""

    def __init__(self, public_url: str | None = None, cluster: Cluster | None = None) -> None:
        """`public_url`: public HTTPS address of the server; None: no callbacks are requested. `cluster`: the processes
        that the address may lead to; None: this one."""
        self._cluster = None if cluster is None or cluster.is_local else cluster
        if self._cluster is not None:
            self._cluster.bus.subscribe(TOPIC, self._receive_passed)
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
        if self._cluster is not None:
            secret = f"{self._cluster.membership.id}.{secret}"
        callback = self._callbacks[secret] = TaskCallback(f"{self._base}/{secret}")
        try:
            yield callback
        finally:
            del self._callbacks[secret]
            self._ended[secret] = True

    async def receive_call(self, secret: str) -> bool:
        """Wakes the poller of the task with this secret, in whichever process it is. False: the secret is unknown.
        Calls may repeat, and come too early or too late. Raises StoreFailed."""
        if self._notify(secret) or secret in self._ended:
            return True
        if self._cluster is None or len(secret) > MAX_SECRET_CHARS:
            return False
        member, _, _ = secret.partition(".")
        others = {each.id for each in self._cluster.membership.members()} - {self._cluster.membership.id}
        if member not in others:
            return False
        await self._cluster.bus.publish(TOPIC, secret)
        return True

    def _receive_passed(self, secret: str) -> None:
        self._notify(secret)

    def _notify(self, secret: str) -> bool:
        """Whether a task of this process has the secret."""
        if (callback := self._callbacks.get(secret)) is None:
            return False
        callback.notify()
        return True
