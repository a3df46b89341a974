"""Writes down what `bot.observability.error_capture` has counted: every few seconds, and only while there is something.

A database that is away or full costs nothing but the counts that find no room meanwhile.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Protocol, Self

import structlog

from bot.errors import StoreFailed
from bot.observability.error_capture import capture_errors
from bot.observability.error_groups import ErrorGroup
from bot.runtime.clock import Clock
from bot.runtime.supervision import Supervisor

log = structlog.get_logger()

WRITE_EVERY_S = 3.0  # at most: a thousand exceptions a minute are twenty small writes
RETRY_S = 30.0  # after a write that failed


class GroupStorage(Protocol):
    """Where groups are kept."""

    async def add_errors(self, groups: Sequence[ErrorGroup]) -> list[ErrorGroup]:
        """Adds to the groups what there was of each since the last call. Returns those that are new. Raises
        StoreFailed."""
        ...


class ErrorRecorder:
    """Records the unexpected exceptions of this process. Use as an async context manager."""

    def __init__(
        self, storage: GroupStorage, clock: Clock, *, on_new: Callable[[Sequence[ErrorGroup]], None] = lambda _: None
    ) -> None:
        """`on_new`: called with groups that nobody had met before."""
        self._storage = storage
        self._clock = clock
        self._on_new = on_new
        self._supervisor = Supervisor(clock)
        self._seen = asyncio.Event()
        self._resources = ExitStack()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()

        def wake() -> None:
            if not self._seen.is_set():
                loop.call_soon_threadsafe(self._seen.set)

        self._capture = self._resources.enter_context(capture_errors(wake, self._clock.now))
        self._supervisor.keep_running("error groups", self._run_forever)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Writes what is left, once."""
        await self._supervisor.stop()
        self._resources.close()
        await self._write()

    async def problem(self) -> str | None:
        """Why nothing is recorded right now, for `/readyz`; None while it is."""
        return self._supervisor.problem()

    async def _run_forever(self) -> None:
        while True:
            await self._seen.wait()
            await self._clock.sleep(WRITE_EVERY_S)
            self._seen.clear()
            if not await self._write():
                self._seen.set()
                await self._clock.sleep(RETRY_S)

    async def _write(self) -> bool:
        """False: the database has failed; what was counted stays, as far as there is room."""
        if not (groups := self._capture.take()):
            return True
        try:
            new = await self._storage.add_errors(groups)
        except StoreFailed as failed:
            log.warning("errors not recorded", detail=failed.detail)
            self._capture.put_back(groups)
            return False
        if new:
            self._on_new(new)
        return True
