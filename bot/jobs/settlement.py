"""Settles jobs: the end is written with its charge, now or as soon as the database is back.

Writes through the store alone; the messages about it are of `bot.jobs.notifier`.
"""

from collections.abc import Awaitable, Callable, Mapping

import structlog

from bot.chat import Delivered
from bot.errors import StoreFailed
from bot.job import Failure, Job, State
from bot.observability import tracing
from bot.observability.metrics import CREDITS_CHARGED, CREDITS_RESERVED, JOBS_FINISHED
from bot.ports import BalanceDisplay, ChatPort
from bot.runtime.background import BackgroundTasks
from bot.runtime.clock import Clock
from bot.store.store import Store
from bot.strikes import StrikeRules

log = structlog.get_logger()

STORE_RETRY_S = 60.0  # between later tries to settle a job whose database failed


class Settlement:
    """Ends jobs in the database."""

    def __init__(
        self,
        *,
        store: Store,
        ports: Mapping[str, ChatPort],
        clock: Clock,
        background: BackgroundTasks,
        strikes: StrikeRules | None = None,
    ) -> None:
        """`strikes`: when refusals by moderation pause a member; None: never."""
        self._strikes = strikes
        self._store = store
        self._ports = ports
        self._clock = clock
        self._background = background
        self._pending: set[str] = set()  # jobs that are settled once the database is back

    async def settle(
        self,
        job: Job,
        state: State,
        *,
        charged: int,
        failure: Failure | None = None,
        delivered: Delivered | None = None,
        trace: str | None = None,
    ) -> bool:
        """Writes a job's end and its charge in credits. False: it had ended before. Raises StoreFailed, Stale."""
        with tracing.span("settlement", state=state.value, charged=charged):
            settled = await self._store.settle_job(
                job, state, charged=charged, failure=failure, delivered=delivered, trace=trace, strikes=self._strikes
            )
        if settled:
            self._report_end(job, state, charged, trace)
        return settled

    async def withdraw(self, job_id: str, failure: Failure) -> Job | None:
        """Ends a job that has asked no upstream, as `Amendments.withdraw_job`. Raises StoreFailed."""
        ended = await self._store.amendments.withdraw_job(job_id, failure)
        if ended is not None:
            self._report_end(ended, ended.state, 0, None)
        return ended

    def report_reserved(self, job: Job) -> None:
        """Credits were reserved for a job after it was accepted."""
        CREDITS_RESERVED.inc(job.cost)
        self.show_balance(job)

    def show_balance(self, job: Job) -> None:
        """Refreshes the balance that the job's owner sees, where the platform shows one."""
        port = self._ports[job.chat.platform]
        if isinstance(port, BalanceDisplay):
            port.balance_changed(job.user)

    def _report_end(self, job: Job, state: State, charged: int, trace: str | None) -> None:
        self.show_balance(job)
        JOBS_FINISHED.labels(state).inc()
        tracing.job_ended(
            job.id, job.created, state=state.value, charged=charged, platform=job.chat.platform, provider=job.provider
        )
        CREDITS_CHARGED.inc(charged)
        log.info("job ended", job=job.id, state=state.value, charged=charged, trace_id=trace)

    def retry_in_background(self, job_id: str, settle: Callable[[], Awaitable[object]]) -> None:
        """Calls `settle` every STORE_RETRY_S until it raises no StoreFailed, so that no credits stay reserved."""
        self._pending.add(job_id)

        async def retry() -> None:
            while True:
                await self._clock.sleep(STORE_RETRY_S)
                try:
                    await settle()
                except StoreFailed as failed:
                    log.warning("database is still away", job=job_id, detail=failed.detail)
                else:
                    return

        task = self._background.spawn(retry(), f"persist {job_id}")
        task.add_done_callback(lambda _: self._pending.discard(job_id))

    def is_pending(self, job_id: str) -> bool:
        """Whether the job is settled once the database is back."""
        return job_id in self._pending
