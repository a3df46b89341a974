"""Cancelling jobs that another process runs: that process is asked over the bus, and answers what came of it.

Decides nothing: what cancels a job here is given, and who asks settles it by itself where nobody answers.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import structlog

from bot.errors import EaselError
from bot.observability.job_context import about_job
from bot.ports import Cluster
from bot.runtime.background import BackgroundTasks
from bot.runtime.clock import Clock, wait_for_future

log = structlog.get_logger()

REQUESTS, ANSWERS = "jobs.cancel", "jobs.cancelled"  # topics
ANSWER_S = 2.0  # that an answer is waited for: the other process may hang, or have lost the message


class RemoteCancel:
    """Both sides of it."""

    def __init__(self, cluster: Cluster, clock: Clock, cancel: Callable[[str], Awaitable[bool]]) -> None:
        """`cancel(job)`: cancels a job that this process holds; whether it did."""
        self._cluster = cluster
        self._clock = clock
        self._cancel = cancel
        self._awaited: dict[str, asyncio.Future[bool]] = {}
        self._background = BackgroundTasks()
        cluster.bus.subscribe(REQUESTS, self._receive_request)
        cluster.bus.subscribe(ANSWERS, self._receive_answer)

    async def ask(self, job: str, holder: str, *, waits: bool) -> bool | None:
        """Whether the process that holds the job has cancelled it; None: it does not answer. `waits` False: it is
        notified, and the answer is False at once. Raises StoreFailed."""
        request = {"job": job, "holder": holder, "id": uuid4().hex}
        answer = self._awaited[request["id"]] = asyncio.get_running_loop().create_future()
        try:
            await self._cluster.bus.publish(REQUESTS, request)
            if not waits:
                return False
            return answer.result() if await wait_for_future(answer, ANSWER_S, self._clock) else None
        finally:
            del self._awaited[request["id"]]

    def _receive_request(self, request: Any) -> None:
        if request["holder"] == self._cluster.membership.id:
            with about_job(request["job"]):
                self._background.spawn(self._answer(request), f"cancel {request['job']} for another process")

    async def _answer(self, request: Any) -> None:
        try:
            cancelled = await self._cancel(request["job"])
            await self._cluster.bus.publish(ANSWERS, {"id": request["id"], "cancelled": cancelled})
        except EaselError as failed:
            log.warning("cancellation for another process failed", job=request["job"], detail=failed.detail)

    def _receive_answer(self, answer: Any) -> None:
        awaited = self._awaited.get(answer["id"])
        if awaited is not None and not awaited.done():
            awaited.set_result(bool(answer["cancelled"]))
