"""Handles messages again that the machine had no room for, or whose database is away, until they are handled.

Knows nothing of what a message is handled for. However many messages wait, an outage is two lines in the log.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from bot.errors import MachineFailed
from bot.handlers.replies import Replies, error_reply
from bot.jobs.service import Requester
from bot.runtime.background import BackgroundTasks
from bot.runtime.clock import Clock, wait_for_event

log = structlog.get_logger()

T = TypeVar("T")

MACHINE_RETRY_S = 5.0  # before a message is handled again that the machine had no room for


class Stopped(Exception):
    """Easel stops before a message is handled."""


class MachineRetry:
    """The messages that wait for the machine."""

    def __init__(self, replies: Replies, clock: Clock, closing: asyncio.Event) -> None:
        """`closing`: set when Easel stops."""
        self._replies = replies
        self._clock = clock
        self._closing = closing
        self._notices = BackgroundTasks()
        self._waiting = 0
        self._waited = 0
        """Messages of this outage, also those that have been handled since."""
        self._left = 0
        """Those of them that were not handled before Easel stopped."""

    async def run(self, event: str, requester: Requester, step: Callable[[], Awaitable[T]]) -> T:
        """A step of handling a message; again while the machine has no room for it, which the user reads once, or the
        database is away.

        Raises Stopped when Easel stops before, and what `step` raises but for MachineFailed.
        """
        waits, notified, begun_s = False, False, self._clock.monotonic()
        try:
            while not self._closing.is_set():
                try:
                    return await step()
                except MachineFailed as failed:
                    if not waits:
                        waits = True
                        self._begin_wait(event, failed)
                    if not notified and self._clock.monotonic() - begun_s >= failed.notice_after_s:
                        notice = error_reply(requester, failed)
                        sending = self._replies.send(event, requester, notice, part="waits")
                        self._notices.spawn(sending, "waiting notice")
                        notified = True
                await wait_for_event(self._closing, MACHINE_RETRY_S, self._clock)
        finally:
            if waits:
                self._end_wait()
        raise Stopped

    async def close(self) -> None:
        """Ends the notices under way."""
        await self._notices.cancel()

    def _begin_wait(self, event: str, failed: MachineFailed) -> None:
        if not self._waiting:
            log.error("messages wait for the machine", first=event, detail=failed.detail)
            self._waited = self._left = 0
        self._waiting += 1
        self._waited += 1

    def _end_wait(self) -> None:
        self._waiting -= 1
        self._left += self._closing.is_set()
        if not self._waiting:
            log.info("no message waits for the machine any more", waited=self._waited, left_to_next_start=self._left)
