"""The plot of one job, from acceptance to settlement. What a job has done is written down before the next step.

Says what happens, in order; how it is asked for, stored, shown or fetched stands in the modules below. After a crash
the same plot runs again and skips what its steps say is done:

    asked:1       provider 1 is about to be asked        → open at a restart: it may have been paid, never paint again
    turned-down:1 provider 1 certainly accepted nothing  → the question is closed, another may be asked
    accepted      the upstream's own id of the painting  → a restart asks about it, where the dialect can be asked
    picture:0     where the first finished picture lies  → a restart fetches it from there
    painted       the pictures lie in the database       → a restart delivers them

The notification of a job that ends without pictures stays pending in the store until its message says so.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from itertools import chain
from typing import Any

import structlog

from bot.chat import Action, Card, Delivered, MessageRef
from bot.clock import Clock, retry_store_write
from bot.errors import (
    AlreadyFinished,
    ChatFailed,
    ChatGone,
    EaselError,
    PaintFailed,
    Refusal,
    Restarted,
    Stale,
    StoreFailed,
    Undelivered,
)
from bot.job import Failure, Job, State
from bot.jobs import cards
from bot.jobs.checkpoints import GenerationState
from bot.jobs.generation import Generation
from bot.jobs.images import JobImages
from bot.metrics import FINISHED, PAINT_SECONDS
from bot.painting import Image, Stage, StageChanged
from bot.ports import BalanceDisplay, ChatPort, RequestAcknowledgement
from bot.providers.fallback import FallbackProvider
from bot.quota import charge
from bot.status.messages import FinalState, StatusMessage, StatusMessages
from bot.status.state import QueuePosition, Status
from bot.store.store import Store
from bot.texts import explain, say

log = structlog.get_logger()

MOST_ATTEMPTS = 5  # starts of one job; a job that takes the process down each time must not do so for ever
MOST_WITH_PICTURES = 50  # likewise once its pictures are kept: they may stand in the chat, and are not given up lightly
STORE_AWAY = 60.0  # seconds between later tries to bring a job whose database failed to its end
LONG = 120.0  # seconds of a job after which its owner looks elsewhere, and is called when it has ended
SAVING = 32  # jobs whose pictures are in memory on their way from the upstream into the database; others wait
AT_HAND = 4_000_000  # bytes of pictures that also stay in memory until they are delivered; others are read again
LAST_WORDS = 1.0  # seconds at the end of the process for final states on their way; the next start says the others


class JobRunner:
    """Runs jobs to their ends. Whoever calls `run` decides when, and may cancel it at any point."""

    def __init__(
        self,
        *,
        store: Store,
        failover: FallbackProvider,
        gallery: JobImages,
        board: StatusMessages,
        ports: Mapping[str, ChatPort],
        clock: Clock,
        usage_rates: Mapping[str, float] | None = None,
    ) -> None:
        """`usage_rates`: our credits for one of an upstream's own, by the name of each provider that is charged for
        by usage."""
        self._store = store
        self._gallery = gallery
        self._board = board
        self._ports = ports
        self._clock = clock
        self._usage_rates = usage_rates or {}
        self._asking = Generation(
            store=store,
            failover=failover,
            gallery=gallery,
            board=board,
            clock=clock,
            in_background=self._in_background,
        )
        self._saving = asyncio.Semaphore(SAVING)
        self._settling: set[str] = set()
        self._begun: dict[str, Job] = {}
        self._at_hand: dict[str, Sequence[Image]] = {}
        self._background: set[asyncio.Task[None]] = set()

    # ------------------------------------------------------------ what the desk and the dispatcher use

    def seen(self, job: Job) -> None:
        """A member's request has become this job."""
        port = self._ports[job.chat.platform]
        if job.request_id is not None and isinstance(port, RequestAcknowledgement):
            port.acknowledge_request(job.chat, job.request_id)

    def reaches(self, job: Job) -> bool:
        """Whether the job's platform is connected here."""
        return job.chat.platform in self._ports

    def hold(self, job: Job) -> None:
        """The job was begun as it was accepted; `run` need not begin it."""
        self._begun[job.id] = job

    def show(self, job: Job, typical: float | None = None, gone: Callable[[], None] | None = None) -> None:
        """Puts the job's status message up, or takes hold again of the one that stands there."""
        age = max(0.0, (self._clock.now() - job.created).total_seconds())
        ref = MessageRef(chat=job.chat, message_id=job.status_id) if job.status_id else None
        status = Status(
            accepted_at=self._clock.monotonic() - age,
            stage=Stage.PREPARING,
            typical_s=typical,
            image_count=job.options.n,
        )

        async def posted(at: MessageRef) -> None:
            await self._store.set_status_message(job.id, at.message_id)

        self._board.open_message(
            StatusMessage(
                key=job.id,
                chat=job.chat,
                reply_to=job.request_id,
                locale=job.locale,
                status=status,
                buttons=cards.buttons(job, Action.CANCEL),
                ref=ref,
                on_posted=posted,
                on_gone=gone,
            )
        )

    def placed(self, job_id: str, place: int) -> None:
        """The job's place in line changed."""
        self._board.apply_event(job_id, QueuePosition(place))

    def may_cancel(self, job_id: str) -> bool:
        """False: its pictures, or the words about its failure, are on their way already."""
        return job_id not in self._settling

    async def cancelled(self, job_id: str) -> bool:
        """Closes a job that was cancelled and runs no more: nothing is charged. False: it had ended before.

        Its message says so when the chat lets it, which may be long after this has returned.
        """
        self._begun.pop(job_id, None)
        try:
            job = await self._store.get_job(job_id)
            if job is None or not await self._finish(job, State.CANCELLED, charged=0):
                return False
        except StoreFailed:
            self._persist(job_id, lambda: self._cancelled_late(job_id))
            raise
        self.conclude_soon(job)
        return True

    async def _cancelled_late(self, job_id: str) -> None:
        job = await self._store.get_job(job_id)
        if job is not None and await self._finish(job, State.CANCELLED, charged=0):
            self.conclude_soon(job)

    def _persist(self, job_id: str, end: Callable[[], Awaitable[None]]) -> None:
        """Brings a job to its end in the background as soon as the database is back, so that nothing stays held."""

        async def insist() -> None:
            while True:
                await self._clock.sleep(STORE_AWAY)
                try:
                    return await end()
                except StoreFailed as failed:
                    log.warning("database is still away", job=job_id, detail=failed.detail)

        self._in_background(insist(), f"persist {job_id}")

    def _in_background(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def conclude_soon(self, job: Job) -> None:
        """Brings the message of a job that ended without pictures to its final state, in the background."""
        self._in_background(self._conclude(job, cards.last_words(job, job.failure)), f"words {job.id}")

    def end_stray(self, ref: MessageRef, job: Job) -> None:
        """A message that a killed process posted for the job, and that nobody has known of since: its buttons go."""
        card = Card(text=explain(job.locale, AlreadyFinished()), locale=job.locale)
        key = f"stray:{ref.chat.key}:{ref.message_id}"

        async def words() -> None:
            await self._board.send_reply(key, ref.chat, card, reply_to=None, ref=ref)

        self._in_background(words(), f"words {key}")

    async def run(self, job_id: str, settled: Callable[[], None]) -> None:
        """The plot, from its beginning or from where an earlier attempt got to. Raises nothing but CancelledError.

        `settled` is called, at least once, when nothing is left to do but to tell the chat, which may take long.
        """
        structlog.contextvars.bind_contextvars(job=job_id)
        try:
            await retry_store_write(lambda: self._attempt(job_id, settled), self._clock)
        except StoreFailed as failed:
            log.error("database failed, the job goes on when it is back", detail=failed.detail)
            await self._say_store_failed(job_id, failed)
            self._persist(job_id, lambda: self._attempt(job_id, settled))
        finally:
            self._gallery.forget(job_id)

    async def close(self) -> None:
        """Ends what is left of preview downloads, and gives steps and final states a moment to be written and shown."""
        if self._background:
            await asyncio.wait(self._background, timeout=LAST_WORDS)
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, self._gallery.close(), return_exceptions=True)

    # ------------------------------------------------------------ the plot

    async def _attempt(self, job_id: str, settled: Callable[[], None]) -> None:
        try:
            job = self._begun.pop(job_id, None) or await self._store.begin_attempt(job_id)
            try:
                await self._play(job, settled)
            except (StoreFailed, Stale):
                raise
            except Exception:
                log.exception("job broke", job=job_id)
                await self._fail(job, EaselError())
        except StoreFailed:
            raise
        except Stale:
            log.info("job has ended, or is held by a newer attempt", job=job_id)
        except Exception:
            log.exception("broken job could not be closed", job=job_id)
        finally:
            self._settling.discard(job_id)
            self._at_hand.pop(job_id, None)

    async def _play(self, job: Job, settled: Callable[[], None]) -> None:
        failure: EaselError | None = None
        painted: Mapping[str, Any] = {}
        try:
            painted = await self._painted(job)
        except (Refusal, PaintFailed) as failed:
            failure = failed
        self._settling.add(job.id)
        settled()
        if failure is not None:
            await self._fail(job, failure)
        else:
            await self._deliver(job, painted)

    async def _painted(self, job: Job) -> Mapping[str, Any]:
        """The pictures lie in the database; returns what is known of them."""
        painted = job.checkpoints.get("painted")
        if job.attempt > (MOST_ATTEMPTS if painted is None else MOST_WITH_PICTURES):
            raise Restarted
        if painted is not None:
            return painted
        painting = await self._asking.painting(job)
        self._board.apply_event(job.id, StageChanged(Stage.SAVING))
        async with self._saving:
            return await self._saved(job, painting)

    async def _saved(self, job: Job, painting: GenerationState) -> Mapping[str, Any]:
        """Fetches the pictures and puts them down."""
        try:
            images = await self._gallery.results(painting.sources)
        except PaintFailed as failed:
            failed.trace = painting.upstream_id  # what the operator can ask the upstream about
            raise
        facts: dict[str, Any] = {
            "provider": painting.provider,
            "model": painting.model,
            "price": painting.price,
            "spent": painting.spent,
            "count": len(images),
            "upstream_id": painting.upstream_id,
            "usage": painting.usage,
        }
        await retry_store_write(lambda: self._store.save_results(job, images, facts), self._clock)
        if sum(len(each.data) for each in chain(*self._at_hand.values(), images)) <= AT_HAND:
            self._at_hand[job.id] = images
        return facts

    async def _deliver(self, job: Job, painted: Mapping[str, Any]) -> None:
        """The message becomes the pictures; only then they are charged."""
        count = int(painted["count"])
        charged = charge(
            count * int(painted["price"]),
            spent=painted.get("spent"),
            usage_rate=self._usage_rates.get(painted["provider"]),
            reserved=job.cost,
        )
        seconds = max(0.0, (self._clock.now() - (job.started or job.created)).total_seconds())
        card = cards.done(job, count=count, seconds=seconds, charged=charged)

        async def load() -> Sequence[Image]:
            return self._at_hand.get(job.id) or await self._store.load_results(job)

        stood = self._board.message_ref(job.id)
        try:
            delivered = await self._end(job, FinalState(card=card, load_images=load, image_count=count))
        except ChatFailed as failed:
            log.error("pictures could not be delivered", job=job.id, chat=job.chat.key, detail=failed.detail)
            await self._fail(job, Undelivered())
            return
        await self._finish(job, State.DONE, charged=charged, delivered=delivered, trace=painted["upstream_id"])
        if stood is not None:
            self._call_soon(job, "done-call", stood)
        PAINT_SECONDS.labels(painted["provider"]).observe(seconds)

    async def _fail(self, job: Job, failed: EaselError) -> None:
        """The credits come back first, so that what the message says is true when it is read."""
        self._settling.add(job.id)
        failure = Failure(key=failed.key, facts=dict(failed.facts))
        log.warning(
            "job failed",
            job=job.id,
            failure=type(failed).__name__,
            trace_id=failed.trace,
            detail=failed.detail,
        )
        if await self._finish(job, State.FAILED, charged=0, failure=failure, trace=failed.trace):
            await self._conclude(job, cards.last_words(job, failure))

    async def _finish(
        self,
        job: Job,
        state: State,
        *,
        charged: int,
        failure: Failure | None = None,
        delivered: Delivered | None = None,
        trace: str | None = None,
    ) -> bool:
        done = await self._store.settle_job(
            job, state, charged=charged, failure=failure, delivered=delivered, trace=trace
        )
        if done:
            port = self._ports[job.chat.platform]
            if isinstance(port, BalanceDisplay):
                port.balance_changed(job.user)
            FINISHED.labels(state).inc()
            log.info("job ended", job=job.id, state=state.value, charged=charged, trace_id=trace)
        return done

    async def _conclude(self, job: Job, card: Card) -> None:
        """A final state without pictures. A platform that does not take it changes nothing about the job."""
        try:
            try:
                stood = self._board.message_ref(job.id)
                await self._end(job, FinalState(card=card))
                if stood is not None:
                    self._call_soon(job, "ended-call", stood)
            except ChatGone as gone:
                log.info("final state not shown", job=job.id, chat=job.chat.key, detail=gone.detail)
            await self._store.mark_notified(job.id)
        except (ChatFailed, StoreFailed) as failed:
            log.warning("final state is shown at the next start", job=job.id, detail=failed.detail)

    def _call_soon(self, job: Job, words: str, ref: MessageRef) -> None:
        """Calls the owner of a job that took long to its message, where the end was one more silent edit."""
        waited = (self._clock.now() - job.created).total_seconds()
        if waited < LONG or not self._ports[job.chat.platform].features(job.chat).silent_edits:
            return

        async def call() -> None:
            card = Card(text=say(job.locale, words), locale=job.locale, mention=job.user)
            await self._board.send_reply(f"call:{job.id}", job.chat, card, reply_to=ref.message_id)

        self._in_background(call(), f"call {job.id}")

    async def _end(self, job: Job, final: FinalState) -> Delivered | None:
        """The message's final state, also where an earlier one has failed and the board has let go of it.

        Raises ChatFailed, StoreFailed.
        """
        if not self._board.is_open(job.id):
            self.show(await self._store.get_job(job.id) or job)
        return await self._board.show_final(job.id, final)

    async def _say_store_failed(self, job_id: str, failed: StoreFailed) -> None:
        """Unless the pictures stand there already, and only the books do not know it yet."""
        if (locale := self._board.locale_of(job_id)) is not None:
            try:
                await self._board.show_final(job_id, FinalState(card=Card(text=explain(locale, failed))))
            except EaselError as unsaid:
                log.warning("failure not shown", job=job_id, detail=unsaid.detail)
