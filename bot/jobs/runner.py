"""The workflow of one job, from acceptance to settlement. What a job has done is saved before the next step begins.

Says what happens, in order; how images are generated, stored, shown or fetched stands in the modules below. After a
crash the same workflow runs again and skips what its checkpoints say is done:

    attempt-started:1   the first provider is about to be asked      → open at a restart: it may have been paid, never
                                                                       paint again
    attempt-rejected:1  that provider certainly accepted nothing     → attempt closed, another may be started
    accepted            the upstream's own id of the task            → a restart resumes it, if the dialect can be asked
    image:0             the link of the first finished image         → a restart downloads it from there
    generated           the images are in the database               → a restart delivers them

The notification of a job that ends without images stays pending in the store until its message says so.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

import structlog

from bot.chat import Chat
from bot.errors import EaselError, PaintFailed, Refusal, Restarted, Stale, StoreFailed, Undelivered
from bot.intake.models import current_options
from bot.job import Failure, Job, State
from bot.jobs.clearance import Clearance
from bot.jobs.delivery import Delivery
from bot.jobs.edits import EditedImages, Edits
from bot.jobs.generation import Generation
from bot.jobs.images import JobImages
from bot.jobs.marked_copies import MarkedCopies
from bot.jobs.message_handover import MessageHandover, NoHandover
from bot.jobs.notifier import JobNotifier
from bot.jobs.results import JobResults
from bot.jobs.safety import SafetyIdentifiers
from bot.jobs.settlement import Settlement
from bot.observability import tracing
from bot.observability.job_context import bind_job
from bot.painting import Stage, StageChanged
from bot.ports import ChatPort, DeliveryPermissions, Membership
from bot.providers.fallback import FallbackProvider
from bot.providers.versions import Versions
from bot.runtime.background import BackgroundTasks
from bot.runtime.clock import Clock, retry_store_write
from bot.runtime.event_loop import enter_background
from bot.runtime.on_wire import listen_on_wire
from bot.status.messages import StatusMessages
from bot.status.state import RequestAmended
from bot.store.store import Store
from bot.strikes import StrikeRules, is_strike

log = structlog.get_logger()

MAX_ATTEMPTS = 5  # starts of one job; a job that takes the process down each time must not do so for ever
MAX_DELIVERY_ATTEMPTS = 50  # starts of a job with saved images: they may be in the chat already
REQUEST_WAIT_S = 0.02  # for a request that goes out at once: several times what that takes
CLOSE_GRACE_S = 1.0  # for final states under way when the process ends; the next start shows the others


class JobRunner:
    """Runs jobs to their ends. Whoever calls `run` decides when, and may cancel it at any point."""

    def __init__(
        self,
        *,
        store: Store,
        provider: FallbackProvider,
        images: JobImages,
        results: JobResults,
        status_messages: StatusMessages,
        ports: Mapping[str, ChatPort],
        clock: Clock,
        clearance: Clearance,
        usage_rates: Versions[Mapping[str, float]] | None = None,
        handover: MessageHandover | None = None,
        membership: Membership | None = None,
        strikes: StrikeRules | None = None,
        safety: SafetyIdentifiers | None = None,
    ) -> None:
        """`usage_rates`: our credits for one of an upstream's own, by the name of each provider that is charged for
        by usage. `handover`, `membership`: of messages, and of this process; None: there is no other. `strikes`: as of
        Settlement. `safety`: names users to upstreams; None: nothing does."""
        self._membership = membership
        self._handover = handover or NoHandover()
        self._store = store
        self._provider = provider
        self._images = images
        self._results = results
        self._status_messages = status_messages
        self._ports = ports
        self._clock = clock
        background = self._background = BackgroundTasks()
        self._settlement = Settlement(store=store, ports=ports, clock=clock, background=background, strikes=strikes)
        self.notifier = JobNotifier(
            store=store,
            status_messages=status_messages,
            ports=ports,
            clock=clock,
            background=background,
            handover=self._handover,
        )
        self._delivery = Delivery(
            store=store,
            catalog=provider.catalog,
            status_messages=status_messages,
            notifier=self.notifier,
            settlement=self._settlement,
            clock=clock,
            usage_rates=usage_rates or Versions[Mapping[str, float]]({}),
        )
        marked_copies = MarkedCopies(images.processor)
        self._edits = Edits(images, marked_copies)
        self._generation = Generation(
            store=store,
            provider=provider,
            images=images,
            marked_copies=marked_copies,
            status_messages=status_messages,
            clock=clock,
            background=background,
            clearance=clearance,
            on_reserved=self._settlement.report_reserved,
            confirm_held=self._confirm_held,
            safety=safety,
        )
        self._ending: set[str] = set()  # jobs whose images or failure are on their way to the chat
        self._begun: dict[str, Job] = {}  # jobs whose attempt began as they were accepted or amended
        self._requested: dict[str, asyncio.Event] = {}  # of adopted jobs until they run, as of `wait_for_request`
        self._amending: dict[str, asyncio.Event] = {}  # jobs whose request is being changed; set once it is

    # ------------------------------------------------------------ for the service and the scheduler

    def is_connected(self, job: Job) -> bool:
        """Whether the job's platform is connected in this process."""
        return job.chat.platform in self._ports

    def adopt_attempt(self, job: Job) -> None:
        """The job's attempt began as it was accepted; `run` need not begin one."""
        self._begun[job.id] = job
        requested = self._requested[job.id] = asyncio.Event()
        asyncio.get_running_loop().call_later(REQUEST_WAIT_S, requested.set)

    async def wait_for_request(self, job_id: str) -> None:
        """Returns once the request of a job that has just been adopted is on the wire to its upstream; at once for any
        other, and after REQUEST_WAIT_S at the latest. Whoever waits leaves the processor to what its user waits for."""
        if (requested := self._requested.get(job_id)) is not None:
            await requested.wait()

    async def amend_job(self, job_id: str, amend: Callable[[], Awaitable[Job | None]]) -> Job | None:
        """Changes the request of a job by `amend`, which returns it as it is then, or None when it is too late. The
        workflow goes on with the new one. Raises what `amend` raises."""
        done = self._amending[job_id] = asyncio.Event()
        try:
            if (job := await amend()) is not None:
                if job.state is State.RUNNING and self._holds(job):
                    self._begun[job_id] = job
                self._status_messages.apply_event(job_id, RequestAmended(job.options.n))
                self._settlement.show_balance(job)
            return job
        finally:
            del self._amending[job_id]
            done.set()

    async def refuse_job(self, job_id: str, refusal: Refusal) -> bool:
        """Ends a job that has asked no upstream: its message becomes the refusal. False: it is too late. Raises
        StoreFailed."""
        failure = Failure(key=refusal.key, facts=dict(refusal.facts))
        if (ended := await self._settlement.withdraw(job_id, failure)) is None:
            return False
        self.notifier.notify_in_background(ended)
        return True

    async def check_place(self, chat: Chat) -> None:
        """Raises PlaceClosed where no picture could be delivered."""
        port = self._ports[chat.platform]
        if isinstance(port, DeliveryPermissions) and (refusal := await port.delivery_refusal(chat)) is not None:
            raise refusal

    def add_status_message(
        self, job: Job, median_s: float | None = None, on_deleted: Callable[[], None] | None = None
    ) -> None:
        """Posts the job's status message, or takes up the one that an earlier process posted."""
        self.notifier.add_status_message(job, median_s, on_deleted)

    def update_queue_position(self, job_id: str, position: int) -> None:
        """The job's position in the queue changed; 1 is next."""
        self.notifier.update_queue_position(job_id, position)

    def notify_in_background(self, job: Job) -> None:
        """Shows how a job without images ended, in the background."""
        self.notifier.notify_in_background(job)

    async def notify_of(self, job_id: str) -> None:
        """Shows how a job without images ended. Raises StoreFailed."""
        if (job := await self._store.get_job(job_id)) is not None:
            await self.notifier.notify(job)

    async def set_aside(self, job_id: str, reason: str) -> None:
        """Ends a job that cannot be started, and tells its user. Failures are logged."""
        try:
            await self._set_aside(job_id, reason)
        except StoreFailed as failed:
            log.error("broken job is set aside at the next start", job=job_id, detail=failed.detail)

    async def hand_over(self, job_id: str) -> None:
        """This process is to make no call about the job any more: returns when none is under way."""
        self._begun.pop(job_id, None)
        self._requested.pop(job_id, None)
        await self._status_messages.hand_over(job_id)

    def abandon_all(self) -> None:
        """This process was given up: others have its jobs, and make all calls about them."""
        self._begun.clear()
        self._requested.clear()
        self._status_messages.abandon_all()

    def is_shown(self, job_id: str) -> bool:
        """Whether the job's status message is open here."""
        return self._status_messages.is_open(job_id)

    def is_unsettled(self, job_id: str) -> bool:
        """Whether the job waits for a database that was away."""
        return self._settlement.is_pending(job_id)

    def is_cancellable(self, job_id: str) -> bool:
        """False: its images, or the words about its failure, are on their way already."""
        return job_id not in self._ending

    async def settle_cancelled(self, job_id: str) -> bool:
        """Settles a cancelled job that is not running: nothing is charged. False: it had ended before. Its message says
        so when the chat lets it, which may be long after this has returned. Raises StoreFailed; the job is then settled
        in the background once the database is back."""
        self._begun.pop(job_id, None)
        self._requested.pop(job_id, None)
        try:
            return await self._settle_cancelled(job_id)
        except StoreFailed:
            self._settlement.retry_in_background(job_id, lambda: self._settle_cancelled(job_id))
            raise

    async def _settle_cancelled(self, job_id: str) -> bool:
        job = await self._store.get_job(job_id)
        if job is None or not await self._settlement.settle(job, State.CANCELLED, charged=0):
            return False
        self.notifier.notify_in_background(job)
        return True

    async def run(self, job_id: str, release_slot: Callable[[], None]) -> None:
        """The workflow, from its beginning or from its last checkpoint. Raises nothing but CancelledError. May call
        `release_slot` twice: it frees the slot once nothing is left but to notify the chat, which may take long."""
        enter_background()
        bind_job(job_id)
        tracing.leave_request()
        requested = self._requested.pop(job_id, None)
        try:
            await self._status_messages.wait_for_post(job_id)
            if requested is not None:
                listen_on_wire(requested.set)
            await retry_store_write(lambda: self._attempt(job_id, release_slot), self._clock)
            while await self._is_amended(job_id):
                await retry_store_write(lambda: self._attempt(job_id, release_slot), self._clock)
        except StoreFailed as failed:
            log.error("database failed, the job goes on when it is back", detail=failed.detail)
            await self.notifier.show_store_failure(job_id, failed)
            self._settlement.retry_in_background(job_id, lambda: self._attempt(job_id, release_slot))
        finally:
            if requested is not None:
                requested.set()
            self._images.cancel_preview(job_id)

    async def close(self) -> None:
        """Gives checkpoints and final states a moment to be written and shown, and ends downloads of previews."""
        await self._background.close(CLOSE_GRACE_S, self._clock)
        await self._handover.close()
        await self._images.close()

    # ------------------------------------------------------------ the workflow

    async def _attempt(self, job_id: str, release_slot: Callable[[], None]) -> None:
        """One attempt. Raises StoreFailed; any other failure ends the job."""
        try:
            member = None if self._membership is None else self._membership.id
            job = self._begun.pop(job_id, None) or await self._store.begin_attempt(job_id, holder=member)
            if job.attempt == 1 and job.started is not None:
                tracing.record("queue", job.created, job.started)
            try:
                await self._execute(job, release_slot)
            except (StoreFailed, Stale):
                raise
            except Exception:
                log.exception("job workflow failed", job=job_id)
                await self._fail(job, EaselError())
        except StoreFailed:
            raise
        except Stale:
            log.info("job has ended, or is held by a newer attempt", job=job_id)
            await self._adopt_amended(job_id)
        except Exception as broken:
            log.exception("broken job is set aside", job=job_id)
            await self._set_aside(job_id, type(broken).__name__)
        finally:
            self._ending.discard(job_id)
            self._delivery.forget_images(job_id)

    async def _adopt_amended(self, job_id: str) -> None:
        """Goes on with an attempt that was begun for this process: by another one, which has changed the request."""
        if self._membership is None or job_id in self._amending or job_id in self._begun:
            return
        job = await self._store.get_job(job_id)
        if job is not None and job.state is State.RUNNING and self._holds(job):
            self._begun[job_id] = job
            self._status_messages.apply_event(job_id, RequestAmended(job.options.n))

    def _holds(self, job: Job) -> bool:
        """Whether this process runs the job."""
        return self._membership is None or job.holder == self._membership.id

    async def _confirm_held(self, job: Job) -> None:
        """Raises Stale where this process was given up while it was stopped."""
        if self._membership is not None:
            await self._membership.wait_until_current()
            if not self._holds(job):
                raise Stale

    async def _is_amended(self, job_id: str) -> bool:
        """Whether the job's attempt ended because its request was changed, and is to go on with the new one."""
        if (amending := self._amending.get(job_id)) is not None:
            await amending.wait()
        return job_id in self._begun

    async def _set_aside(self, job_id: str, reason: str) -> None:
        """Ends a job that not even its failure could be written for. Raises StoreFailed."""
        try:
            if await self._store.quarantine.set_aside_job(job_id, reason):
                await self.notify_of(job_id)
        except StoreFailed:
            raise
        except Exception:
            log.exception("broken job could not be set aside", job=job_id)

    async def _execute(self, job: Job, release_slot: Callable[[], None]) -> None:
        models = self._provider.catalog.capabilities.models  # the settings may have changed while the job waited
        job = replace(job, options=current_options(job.options, models))
        failure: EaselError | None = None
        facts: Mapping[str, Any] = {}
        try:
            facts = await self._generate(job)
        except (Refusal, PaintFailed) as failed:
            failure = failed
        self._ending.add(job.id)
        release_slot()
        if failure is None:
            try:
                await self._delivery.deliver(job, facts)
            except Undelivered as failed:
                failure = failed
        if failure is not None:
            await self._fail(job, failure)

    async def _generate(self, job: Job) -> Mapping[str, Any]:
        """Generates the images and saves them, unless an earlier attempt did. Returns the facts of `generated`.

        Raises Refusal, PaintFailed, StoreFailed, Stale.
        """
        facts = job.checkpoints.get("generated")
        if job.attempt > (MAX_ATTEMPTS if facts is None else MAX_DELIVERY_ATTEMPTS):
            raise Restarted
        if facts is not None:
            return facts
        if not job.checkpoints and job.started != job.created:  # what was looked at may have changed while it waited
            await self.check_place(job.chat)
            await self._store.strikes.check_pause(job.user.key)
        state = await self._generation.generate(job)
        self._status_messages.apply_event(job.id, StageChanged(Stage.SAVING))
        try:
            async with self._results.hold(state.sources, owner=job.user.key, asked=job.options.n) as images:
                edited = EditedImages(images=images)
                if state.masked and not job.options.loose:
                    edited = await self._edits.put_originals_back(job, images, shape=state.shape)
                return await self._delivery.save_images(job, state, images, edited)
        except PaintFailed as failed:
            failed.trace = state.upstream_id  # what the operator can ask the upstream about
            raise

    async def _fail(self, job: Job, failed: EaselError) -> None:
        """Releases the reservation first, so that what the message says is true when it is read."""
        self._ending.add(job.id)
        failure = Failure(key=failed.key, facts=dict(failed.facts))
        log.warning(
            "job failed", job=job.id, failure=type(failed).__name__, trace_id=failed.trace, detail=failed.detail
        )
        if not await self._settlement.settle(job, State.FAILED, charged=0, failure=failure, trace=failed.trace):
            return
        ended = replace(job, failure=failure)
        if is_strike(failure):  # which may have brought a pause about
            ended = await self._store.get_job(job.id) or ended
        await self.notifier.notify(ended)
