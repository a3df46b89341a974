"""Which process makes the calls about a job's message: the one that shows it lets go, before another one begins.

The process that accepted a job shows it while it waits; the one that runs it, from then on; whoever ends it, the end.
Who shows it stands in the job (`Job.shown_by`); a process that has gone is waited for by nobody.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

import structlog

from bot.chat import MessageRef
from bot.errors import StoreFailed
from bot.job import Job
from bot.observability.job_context import about_job
from bot.ports import ChatPort, Cluster, PostRecovery, SharedChats
from bot.runtime.background import BackgroundTasks
from bot.runtime.clock import Clock, wait_for_event
from bot.status.messages import StatusMessages
from bot.store.job_holders import JobHolders

log = structlog.get_logger()

REQUESTS, PASSED = "messages.wanted", "messages.passed"  # topics
ASK_AGAIN_S = 1.0  # between two requests for one message: the other process may hang, or have lost the first


class MessageHandover(Protocol):
    """What the notifier asks."""

    def is_ours(self, job: Job) -> bool:
        """Whether this process makes the calls about the job's message."""
        ...

    def take_over_in_background(self, job: Job) -> None:
        """Takes the message over from the process that shows it; then it is sent from here."""
        ...

    async def close(self) -> None:
        """Takes and passes on nothing more."""
        ...


class NoHandover:
    """There is one process. Implements MessageHandover."""

    def is_ours(self, job: Job) -> bool:
        return True

    def take_over_in_background(self, job: Job) -> None:
        raise AssertionError("every message is ours")

    async def close(self) -> None:
        pass


class SharedHandover:
    """Messages of several processes. Implements MessageHandover."""

    def __init__(
        self,
        holders: JobHolders,
        status_messages: StatusMessages,
        ports: Mapping[str, ChatPort],
        cluster: Cluster,
        clock: Clock,
    ) -> None:
        self._holders = holders
        self._status_messages = status_messages
        self._ports = ports
        self._cluster = cluster
        self._clock = clock
        self._awaited: dict[str, asyncio.Event] = {}
        self._background = BackgroundTasks()
        self.on_passed: Callable[[str], None] = lambda job_id: None
        """Called when another process shows a job that this one has shown."""
        cluster.bus.subscribe(REQUESTS, self._receive_request)
        cluster.bus.subscribe(PASSED, self._receive_passed)

    def is_ours(self, job: Job) -> bool:
        return job.shown_by is None or job.shown_by == self._cluster.membership.id

    def take_over_in_background(self, job: Job) -> None:
        if job.id not in self._awaited:
            self._awaited[job.id] = asyncio.Event()
            with about_job(job.id):
                self._background.spawn(self._take_over(job), f"message of {job.id}")

    async def close(self) -> None:
        await self._background.cancel()

    # ------------------------------------------------------------ taking

    async def _take_over(self, job: Job) -> None:
        passed = self._awaited[job.id]
        try:
            while self._status_messages.is_open(job.id):
                passed.clear()
                try:
                    if await self._try_taking(job):
                        return
                except StoreFailed as failed:
                    log.warning("message not taken over yet", job=job.id, detail=failed.detail)
                await wait_for_event(passed, ASK_AGAIN_S, self._clock)
        finally:
            del self._awaited[job.id]

    async def _try_taking(self, job: Job) -> bool:
        """Whether the message is this process's now, or nobody's any more. Raises StoreFailed."""
        own_id = self._cluster.membership.id
        shown_by, message_id = await self._holders.claim_message(job.id, own_id)
        if shown_by is None:
            return True
        if shown_by != own_id:
            await self._cluster.bus.publish(REQUESTS, {"job": job.id, "from": shown_by, "to": own_id})
            return False
        port = self._ports[job.chat.platform]
        if isinstance(port, SharedChats):
            await port.restore_chat(job.chat)
        if message_id is None and isinstance(port, PostRecovery):
            await port.recover_posts(job.id)
        ref = None if message_id is None else MessageRef(chat=job.chat, message_id=message_id)
        self._status_messages.take_over(job.id, ref)
        return True

    # ------------------------------------------------------------ passing on

    def _receive_request(self, request: Any) -> None:
        if request["from"] == self._cluster.membership.id:
            with about_job(request["job"]):
                self._background.spawn(self._pass_on(request["job"], request["to"]), f"message of {request['job']}")

    async def _pass_on(self, job_id: str, other: str) -> None:
        member = self._cluster.membership.id
        if not await self._status_messages.hand_over(job_id):
            return  # it shows its end here
        self.on_passed(job_id)
        notify = partial(self._cluster.bus.notify, topic=PASSED, payload={"job": job_id, "to": other})
        try:
            await self._holders.pass_message(job_id, member, other, notify)
        except StoreFailed as failed:  # it is asked for again
            log.warning("message not passed on yet", job=job_id, detail=failed.detail)

    def _receive_passed(self, passed: Any) -> None:
        if (awaited := self._awaited.get(passed["job"])) is not None:
            awaited.set()
