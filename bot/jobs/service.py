"""Submits, resumes and cancels jobs, for whoever received the request: a message or a button.

Reserves credits through the store and starts jobs through the dispatch; says nothing to the user by itself.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import structlog
from cachetools import LRUCache

from bot.chat import Action, Attachment, Chat, MessageRef, User
from bot.errors import ChatFailed, EaselError, NotDeleted, Refusal, Restarting, StillPainting, TooManyWaiting
from bot.intake.models import current_options
from bot.job import TRANSITIONS, Amendment, Job, NewJob, button_key
from bot.jobs.pauses import Pauses
from bot.jobs.repetition import repeated_request
from bot.jobs.reservation import ReservationQuote, requirements_of
from bot.jobs.runner import JobRunner
from bot.jobs.typical_duration import TypicalDuration
from bot.observability import tracing
from bot.observability.job_context import about_job
from bot.observability.metrics import CREDITS_RESERVED, JOBS_ACCEPTED
from bot.painting import Options
from bot.ports import Dispatch
from bot.prices import PriceRange
from bot.providers.catalog import ProviderCatalog
from bot.providers.requirements import Requirements
from bot.quota import CurrentRules
from bot.runtime.background import BackgroundTasks
from bot.runtime.clock import Clock
from bot.store.store import Store

log = structlog.get_logger()

MAX_KNOWN_EVENTS = 10_000  # of jobs that this process started last, which platforms may deliver again
RESUME_HOLD_S = 3.0  # that a job waits which was accepted just before a restart: what belongs to it may not be read yet
RESUME_HOLD_AGE = timedelta(seconds=30)  # of such a job
SETTLE_WAIT_S = 2.0  # that a click on an image just delivered waits for its job to be settled


@dataclass(frozen=True, slots=True, kw_only=True)
class Requester:
    """Who requests something, where, and the message that the reply hangs on."""

    user: User
    chat: Chat
    locale: str
    """One of ours: the language of every reply."""
    request_id: str | None
    """Message that the status message replies to; None: to none."""


class JobService:
    """The jobs of this process, from acceptance on."""

    def __init__(
        self,
        *,
        store: Store,
        catalog: ProviderCatalog,
        runner: JobRunner,
        dispatch: Dispatch,
        rules: CurrentRules,
        clock: Clock,
        new_id: Callable[[], str],
        pauses: Pauses,
        reserves_later: bool = False,
    ) -> None:
        """`new_id`: makes the id of a job. `pauses`: refuses new jobs. `reserves_later`: credits are reserved once a
        job's prompt and pictures have passed moderation (`bot.jobs.clearance`), and not as it is accepted."""
        self._reserves_later = reserves_later
        self._pauses = pauses
        self._store = store
        self._catalog = catalog
        self._reservation = ReservationQuote(catalog)
        self._runner = runner
        self._dispatch = dispatch
        self._rules = rules
        self._clock = clock
        self._new_id = new_id
        self._typical = TypicalDuration(store, clock)
        self._known_events: LRUCache[str, None] = LRUCache(MAX_KNOWN_EVENTS)
        self._cancellations = BackgroundTasks()
        self._acceptances = 0
        self._refuses = False

    # ------------------------------------------------------------ submitting

    def refuse_new_jobs(self) -> None:
        """From now on `submit_job` raises Restarting: Easel finishes what it has begun."""
        self._refuses = True

    async def submit_job(
        self,
        requester: Requester,
        *,
        event: str,
        prompt: str,
        references: tuple[Attachment, ...],
        mask: Attachment | None,
        options: Options,
        parent: str | None = None,
        parent_picture: int | None = None,
        is_variation: bool = False,
        button: str | None = None,
        parts: tuple[str, ...] = (),
        hold_s: float = 0.0,
    ) -> Job | None:
        """Reserves the credits, shows the status message and enqueues the job. None: `event` became a job before, or a
        job of the same `button` is unfinished.

        A user who has as many jobs as they may is refused without a look into the database. `parent`,
        `parent_picture`, `is_variation`, `parts`: as of `NewJob`. `hold_s`: seconds in which its request may still
        grow; no upstream is asked before.

        Raises Refusal, StoreFailed.
        """
        if self._refuses:
            raise Restarting
        if self._pauses.is_refused(requester.user) and not await self._is_known(event):
            self._pauses.check_request(requester.user)
        is_full = self._dispatch.count_jobs(requester.user.key) >= self._rules.now.unfinished
        if is_full and event not in self._known_events and button is None:
            raise TooManyWaiting(limit=self._rules.now.user_waiting)
        options = current_options(options, self._catalog.capabilities.models)
        needs = requirements_of(prompt, references, mask, options)
        new_job = NewJob(
            id=self._new_id(),
            event=event,
            button=button,
            user=requester.user,
            chat=requester.chat,
            request_id=requester.request_id,
            locale=requester.locale,
            prompt=prompt,
            options=options,
            references=references,
            mask=mask,
            cost=self._reservation.cost(needs),
            is_reserved=not self._reserves_later,
            parent=parent,
            parent_picture=None if parent is None else parent_picture or 1,
            is_variation=is_variation,
            parts=parts,
        )
        tracing.may_become(new_job.id)
        with about_job(new_job.id):
            return await self._accept(new_job, needs, hold_s)

    async def _accept(self, new_job: NewJob, needs: Requirements, hold_s: float) -> Job | None:
        """As `submit_job`."""
        if new_job.event not in self._known_events:
            await self._runner.check_place(new_job.chat)
        median_s = await self._typical.median_s()
        with self._dispatch.claim_slot(new_job.id, new_job.user.key) as claimed, self._count_acceptance() as count:
            begun = claimed and not hold_s
            # of a crowd nobody is sure to post at once
            first_post = self._runner.notifier.prepare_first_post(new_job) if count == 1 else None
            process = self._dispatch.process
            with self._reservation.naming_what_is_cheaper(needs), tracing.span("acceptance"):
                job, is_new = await self._store.accept_job(
                    new_job,
                    self._rules.now,
                    begun=begun,
                    first_post=first_post,
                    holder=process if claimed else None,
                    shown_by=process,
                    enqueue=partial(self._dispatch.enqueue, hold_s=hold_s),
                )
            claimed = claimed and job.holder == process
            if is_new:
                self._start(job, median_s, claimed=claimed, hold_s=hold_s)
        if not is_new:
            return None
        JOBS_ACCEPTED.inc()
        tracing.request_accepted(job.id)
        if job.is_reserved:
            CREDITS_RESERVED.inc(job.cost)
        await self._runner.wait_for_request(job.id)  # nobody waits for what follows
        log.info("job accepted", job=job.id, chat=job.chat.key, user=job.user.key, cost=job.cost)
        return job

    async def _is_known(self, event: str) -> bool:
        """Whether an event became a job before."""
        return event in self._known_events or await self._store.job_by_event(event) is not None

    @contextmanager
    def _count_acceptance(self) -> Generator[int]:
        """How many acceptances are under way, with the one of the block."""
        self._acceptances += 1
        try:
            yield self._acceptances
        finally:
            self._acceptances -= 1

    # ------------------------------------------------------------ amending

    async def amend_job(
        self,
        job_id: str,
        *,
        prompt: str,
        references: tuple[Attachment, ...],
        mask: Attachment | None,
        options: Options,
        parts: tuple[str, ...],
    ) -> bool:
        """Changes the request of a job, and what it reserves. False: an upstream may have been asked, or it has ended.

        Raises Refusal, StoreFailed; then nothing has changed.
        """
        options = current_options(options, self._catalog.capabilities.models)
        needs = requirements_of(prompt, references, mask, options)
        cost = self._reservation.cost(needs)
        change = Amendment(
            prompt=prompt,
            options=options,
            references=references,
            mask=mask,
            cost=cost,
            is_reserved=not self._reserves_later,
            parts=parts,
        )
        with about_job(job_id), self._reservation.naming_what_is_cheaper(needs):
            amended = await self._runner.amend_job(
                job_id, lambda: self._store.amendments.amend_job(job_id, change, self._rules.now)
            )
        if amended is not None:
            log.info("job amended", job=job_id, parts=len(parts), cost=cost)
        return amended is not None

    async def refuse_job(self, job_id: str, refusal: Refusal) -> bool:
        """Ends a job whose request turned into one that is refused: its message says so, and its credits return.
        False: an upstream may have been asked, or it had ended. Raises StoreFailed."""
        with about_job(job_id):
            if refused := await self._runner.refuse_job(job_id, refusal):
                await self._dispatch.cancel(job_id)  # frees its place; it has ended
        return refused

    def move_hold(self, job_id: str, hold_s: float) -> None:
        """A job that is held is held for `hold_s` seconds from now."""
        self._dispatch.move_hold(job_id, hold_s)

    # ------------------------------------------------------------ repeating

    async def repeat_job(
        self, action: Action, job: Job, requester: Requester, *, press_id: str, picture: int | None = None
    ) -> Job | None:
        """What `repeated_request` says. `picture`: its number among the job's images, from 1; None: the first.

        `press_id`: the platform's id of the press, which it may deliver again. None: that press became a job before, or
        a job of an earlier press of this button by this user is unfinished. Raises StillPainting while `job` itself is
        unfinished, PictureGone where its result has no such image, and as `submit_job`.
        """
        job = await self.refresh_job(job)
        if TRANSITIONS[job.state]:
            raise StillPainting
        again = repeated_request(action, job, picture, self._catalog.capabilities.max_references)
        button = button_key(action, job.id, requester.user.key, again.number)
        return await self.submit_job(
            requester,
            event=f"{button}:{press_id}",
            button=button,
            prompt=job.prompt,
            references=again.references,
            mask=again.mask,
            options=again.options,
            parent=again.parent,
            parent_picture=again.parent_picture,
            is_variation=again.is_variation,
        )

    def quote(self, prompt: str, references: tuple[Attachment, ...], options: Options) -> PriceRange:
        """Credits of a whole request. Raises Refusal where nobody can meet it."""
        options = current_options(options, self._catalog.capabilities.models)
        price = self._catalog.price_range(requirements_of(prompt, references, None, options))
        return PriceRange(least=price.least * options.n, most=price.most * options.n)

    async def refresh_job(self, job: Job) -> Job:
        """The job as it is now. Waits up to SETTLE_WAIT_S for one whose image may be delivered and not yet settled."""
        if not TRANSITIONS[job.state]:
            return job
        is_elsewhere = self._dispatch.process is not None and not self._dispatch.has_job(job.id)
        if not self._runner.is_cancellable(job.id) or (is_elsewhere and "generated" in job.checkpoints):
            await self._dispatch.wait_for_end(job.id, timeout_s=SETTLE_WAIT_S)
        return await self._store.get_job(job.id) or job

    def acknowledge_request(self, job: Job) -> None:
        """Marks the user's message as accepted, where the platform can."""
        self._runner.notifier.acknowledge_request(job)

    def retire_stray_message(self, ref: MessageRef, job: Job) -> None:
        """Takes the buttons off a message of an ended job that the database does not know of."""
        self._runner.notifier.retire_stray_message(ref, job)

    # ------------------------------------------------------------ taking a result away

    async def delete_result(self, job: Job, shown: MessageRef | None = None) -> None:
        """Takes the result of an ended job away: its messages and stored pictures. What it cost stays charged. A stop
        in the middle is made up for by the next start; may be repeated. `shown`: a message of it where the user is.

        Raises NotDeleted where the platform keeps a message, StoreFailed.
        """
        deleted = await self._store.deletions.begin_deletion(job.id)
        if deleted is None or not self._runner.is_connected(deleted):
            return
        with about_job(job.id):
            try:
                await self._runner.notifier.remove_messages(deleted, shown)
            except ChatFailed as failed:
                raise NotDeleted(detail=failed.detail) from failed

    # ------------------------------------------------------------ resuming

    async def resume_jobs(self) -> int:
        """Starts what an earlier process left unfinished, oldest first, and notifies of what ended unnoticed.

        Returns how many jobs. Those of a platform that is not connected wait until it is. Where there are other
        processes, the dispatch finds what one that has gone left behind.
        """
        if self._dispatch.process is not None:
            return 0
        unfinished = [job for job in await self._store.unfinished_jobs() if self._runner.is_connected(job)]
        median_s = await self._typical.median_s()
        for job in unfinished:
            with about_job(job.id):
                try:
                    self._start(job, median_s, hold_s=RESUME_HOLD_S if self._may_still_grow(job) else 0.0)
                except Exception as broken:  # one that cannot be shown or queued must not keep the others waiting
                    log.exception("job not taken up again", job=job.id)
                    await self._runner.set_aside(job.id, type(broken).__name__)
        pending = [job for job in await self._store.pending_notifications() if self._runner.is_connected(job)]
        for job in pending:
            self._runner.notifier.notify_in_background(job)
        return len(unfinished) + len(pending)

    async def take_up(self, job: Job) -> None:
        """Shows a job that this process has begun to run, and which another may have accepted."""
        self._known_events[job.event] = None
        self._runner.adopt_attempt(job)
        if not self._runner.is_shown(job.id):
            await self._runner.notifier.restore_chat(job)
            median_s = await self._typical.median_s()
            self._runner.add_status_message(job, median_s, on_deleted=lambda: self._cancel_in_background(job.id))

    def _may_still_grow(self, job: Job) -> bool:
        """Whether a job of before was held when its process ended."""
        age = self._clock.now() - job.created
        return not job.attempt and job.button is None and timedelta() <= age < RESUME_HOLD_AGE

    def _start(self, job: Job, median_s: float | None, *, claimed: bool = False, hold_s: float = 0.0) -> None:
        """Shows and enqueues an accepted job. Nothing is awaited, so nothing can fail in between."""
        if not claimed and self._dispatch.has_job(job.id):
            return  # accepted while the unfinished jobs were being resumed
        self._known_events[job.event] = None
        if claimed and not hold_s:
            self._runner.adopt_attempt(job)
        self._runner.add_status_message(job, median_s, on_deleted=lambda: self._cancel_in_background(job.id))
        self._dispatch.submit(job.id, job.user.key, hold_s=hold_s, is_held_here=job.holder == self._dispatch.process)

    # ------------------------------------------------------------ cancelling

    async def cancel_job(self, job_id: str) -> bool:
        """Cancels a job wherever it is. False: it is ending already. Raises StoreFailed."""
        with about_job(job_id):
            return await self._dispatch.cancel(job_id)

    async def cancel_job_of_message(self, ref: MessageRef) -> None:
        """Cancels the unfinished job whose status message was deleted; failures are logged."""
        try:
            job = await self._store.job_by_message(ref.chat, ref.message_id)
        except EaselError as failed:
            log.error("deleted message not looked up", detail=failed.detail)
            return
        if job is not None and TRANSITIONS[job.state]:
            await self._cancel_logged(job.id)

    def _cancel_in_background(self, job_id: str) -> None:
        self._cancellations.spawn(self._cancel_logged(job_id), f"cancel {job_id}")

    async def _cancel_logged(self, job_id: str) -> None:
        try:
            await self.cancel_job(job_id)
        except EaselError as failed:
            log.error("cancel failed", job=job_id, detail=failed.detail)

    async def close(self) -> None:
        """Waits for cancellations under way."""
        await self._cancellations.join()
