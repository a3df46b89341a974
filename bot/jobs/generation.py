"""Generates a job's images: which upstream is asked, what it reports, and each checkpoint saved before the next step.

Never asks again where something may have been paid for: it resumes the accepted task, or raises that it is lost. The
workflow around it stands in `bot.jobs.runner`.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Any

import structlog

from bot.errors import PaintFailed, Restarted, Stale, StoreFailed
from bot.job import Job
from bot.jobs.checkpoints import GenerationState, encode_link, has_open_attempt, merge_usage, restore_state
from bot.jobs.clearance import Clearance
from bot.jobs.images import JobImages
from bot.jobs.marked_copies import MarkedCopies
from bot.jobs.reframes import shape_text, shapes_for, upstream_prompt
from bot.jobs.safety import SafetyIdentifiers
from bot.observability import tracing
from bot.observability.metrics import ATTEMPTS, UPSTREAM_FAILURES, UPSTREAM_SECONDS, UPSTREAM_WAIT_SECONDS
from bot.painting import (
    MAX_SURPLUS_IMAGES,
    Accepted,
    FinishedImage,
    ImageMissing,
    Link,
    PaintEvent,
    PaintRequest,
    Preview,
    Stage,
    StageChanged,
    Usage,
)
from bot.providers.fallback import AttemptRejected, AttemptStarted, FallbackProvider
from bot.providers.requirements import requirements_of
from bot.runtime.background import BackgroundTasks
from bot.runtime.clock import Clock, retry_store_write
from bot.status.messages import StatusMessages
from bot.store.store import Store

log = structlog.get_logger()


class Generation:
    """Generates the images of a job, once."""

    def __init__(
        self,
        *,
        store: Store,
        provider: FallbackProvider,
        images: JobImages,
        marked_copies: MarkedCopies,
        status_messages: StatusMessages,
        clock: Clock,
        background: BackgroundTasks,
        clearance: Clearance,
        on_reserved: Callable[[Job], None],
        confirm_held: Callable[[Job], Awaitable[None]],
        safety: SafetyIdentifiers | None = None,
    ) -> None:
        """`on_reserved`: called once credits are reserved that were not reserved with the job. `confirm_held`: called
        right before an upstream is asked; raises Stale where the job is another process's by now. `safety`: names the
        job's user to upstreams that take such a name; None: nothing does."""
        self._safety = safety
        self._confirm_held = confirm_held
        self._clearance = clearance
        self._on_reserved = on_reserved
        self._store = store
        self._provider = provider
        self._images = images
        self._marked_copies = marked_copies
        self._status_messages = status_messages
        self._clock = clock
        self._background = background

    async def generate(self, job: Job) -> GenerationState:
        """Returns at least one image: as an earlier attempt left it, from the resumed upstream task, or a new one.

        Raises PaintFailed, Refusal, StoreFailed, Stale.
        """
        earlier = restore_state(job)
        if earlier.upstream_id and has_open_attempt(job) and self._provider.resumable(earlier.provider):
            return await self._resume(job, earlier)
        if earlier.sources:
            del earlier.sources[job.options.n + MAX_SURPLUS_IMAGES :]
            return earlier
        if has_open_attempt(job):
            raise Restarted(trace=earlier.upstream_id)
        async with self._images.reserve_memory(job, self._provider.catalog.capabilities):
            return await self._request_images(job)

    async def _request_images(self, job: Job) -> GenerationState:
        """Requests the images from the providers; a checkpoint is saved before every step that could cost money."""
        self._status_messages.apply_event(job.id, StageChanged(Stage.PREPARING))
        await self._clearance.check_prompt(job)
        request = await self._make_request(job)
        await self._clearance.clear(job, request.references, self._on_reserved)
        state = GenerationState(number=sum(name.startswith("attempt-started:") for name in job.checkpoints))
        try:
            shrink = partial(self._images.shrink_request, owner=job.user.key)
            mark = partial(self._images.mark_copy, owner=job.user.key)
            async with aclosing(self._provider.paint(request, shrink=shrink, mark=mark)) as events:
                async for event in events:
                    match event:
                        case AttemptStarted():
                            state = await self._start_attempt(job, state.number + 1, event, request)
                        case AttemptRejected(reason):
                            self._count_attempt(state, reason)
                            await self._save_checkpoint(job, f"attempt-rejected:{state.number}", {"reason": reason})
                        case _:
                            await self._apply_event(job, state, event)
        except PaintFailed as failed:
            self._keep_partial_results(job, state, failed)
        else:
            self._count_attempt(state, "done")
        finally:
            tracing.end_enclosing("cancelled")
        return state

    async def _start_attempt(
        self, job: Job, number: int, event: AttemptStarted, request: PaintRequest
    ) -> GenerationState:
        """Saves that a provider is about to be asked, before anything is sent."""
        facts: dict[str, Any] = {"provider": event.provider, "price": event.price, "model": event.model}
        masked, marked = request.keeps_a_part, request.marks is not None
        shape = (request.options.size or "") if job.options.grows else ""
        further = {"masked": masked, "marked": marked, "unread": request.has_unread_copy, "shape": shape}
        value = facts | {name: each for name, each in further.items() if each}
        attempt = tracing.open_span(
            "attempt", provider=event.provider, model=event.model, dialect=event.dialect, number=number
        )
        tracing.enclose(attempt)
        await self._save_checkpoint(job, f"attempt-started:{number}", value, {**facts, "upstream_id": None})
        await self._confirm_held(job)
        if number == 1:
            UPSTREAM_WAIT_SECONDS.observe(max(0.0, (self._clock.now() - job.created).total_seconds()))
        return GenerationState(
            number=number,
            provider=event.provider,
            price=event.price,
            model=event.model,
            masked=masked,
            marked=marked,
            unread=request.has_unread_copy,
            begun_s=self._clock.monotonic(),
            shape=shape,
        )

    def _count_attempt(self, state: GenerationState, outcome: str) -> None:
        """`outcome`: `done`, or the class of the failure."""
        ATTEMPTS.labels(state.provider, state.model, outcome).inc()
        tracing.end_enclosing(outcome)
        state.ended_s = self._clock.monotonic()
        if state.begun_s is not None:
            UPSTREAM_SECONDS.labels(state.provider, state.model).observe(state.ended_s - state.begun_s)

    async def _resume(self, job: Job, earlier: GenerationState) -> GenerationState:
        """Resumes the upstream task that an earlier attempt submitted."""
        assert earlier.upstream_id is not None
        log.info(
            "job goes on with its upstream task",
            job=job.id,
            provider=earlier.provider,
            trace_id=earlier.upstream_id,
        )
        attempt = tracing.open_span("attempt", provider=earlier.provider, model=earlier.model, resumed=True)
        tracing.enclose(attempt)
        state = replace(earlier, sources=[], qualities=set())
        request = PaintRequest(prompt=upstream_prompt(job), options=job.options)
        try:
            resumed = self._provider.resume(earlier.provider, request, earlier.upstream_id, model=earlier.model)
            async with aclosing(resumed) as events:
                async for event in events:
                    await self._apply_event(job, state, event)
        except PaintFailed as failed:
            state.sources = state.sources or earlier.sources
            self._keep_partial_results(job, state, failed)
        else:
            self._count_attempt(state, "done")
        finally:
            tracing.end_enclosing("cancelled")
        return state

    def _keep_partial_results(self, job: Job, state: GenerationState, failed: PaintFailed) -> None:
        """Counts a failure, which the user does not see once there is an image. Raises `failed` when there is none."""
        UPSTREAM_FAILURES.labels(type(failed).__name__).inc()
        if state.number:
            self._count_attempt(state, type(failed).__name__)
        failed.trace = failed.trace or state.upstream_id
        if not state.sources:
            raise failed
        state.missing = state.missing or failed.key
        log.warning("upstream failed after a picture", job=job.id, failure=type(failed).__name__)

    async def _make_request(self, job: Job) -> PaintRequest:
        """The request to the providers, its references fetched and converted.

        A PNG's own transparency is a mask only where a provider takes masks itself; else it is a reference like others.
        """
        catalog, options = self._provider.catalog, job.options
        if options.grows:
            shapes = shapes_for(job, catalog)
            references, mask, frame = await self._images.load_enlarged(job, shapes, catalog.capabilities)
            if shapes.listed or shapes.longest:
                options = replace(options, size=shape_text(frame.shape))
        else:
            references, mask = await self._images.load_references(job, catalog.capabilities)
        request = PaintRequest(
            prompt=upstream_prompt(job),
            references=references,
            mask=mask,
            options=options,
            safety_identifier=None if self._safety is None else await self._safety.identify(job.user.key),
        )
        if job.mask is None and mask is not None and not options.grows:
            request = replace(request, is_own_mask=True)
            if not catalog.can_satisfy(requirements_of(request)):
                request = replace(request, mask=None, is_own_mask=False)
        return await self._with_marks(job, request)

    async def _with_marks(self, job: Job, request: PaintRequest) -> PaintRequest:
        """The request as one about marks, if one of its pictures is a copy of another with marks drawn on it.

        Raises NothingDrawn. Where no provider has room for the words about them, the copy is a reference like others.
        """
        if request.mask is not None or (found := await self._marked_copies.find(job, request.references)) is None:
            return request
        if found.marks is None:
            return replace(request, has_unread_copy=True)
        marked = replace(request, references=found.references, marks=found.marks)
        return marked if self._provider.catalog.can_satisfy(requirements_of(marked)) else request

    async def _apply_event(self, job: Job, state: GenerationState, event: PaintEvent) -> None:
        """Saves what an event of the upstream says of cost and results, and shows its progress."""
        match event:
            case Accepted(upstream_id):
                if upstream_id and state.upstream_id is None:
                    state.upstream_id = upstream_id
                    accepted = {"upstream_id": upstream_id, "attempt": state.number}
                    await self._save_checkpoint(job, "accepted", accepted, {"upstream_id": upstream_id})
            case Usage(counts, credits):
                state.usage = merge_usage(state.usage, counts)
                if credits is not None:
                    state.spent = (state.spent or 0.0) + credits
            case Preview(source):
                self._images.start_preview(job, source, partial(self._status_messages.show_preview, job.id))
            case ImageMissing(reason):
                state.missing = state.missing or reason
            case FinishedImage(source, quality):
                if link := source if isinstance(source, Link) else source.fallback:
                    value = {**encode_link(link), **({"quality": quality} if quality else {})}
                    self._save_checkpoint_in_background(job, f"image:{len(state.sources)}", value)
                state.sources.append(source)
                state.qualities.add(quality)
            case _:
                pass  # StageChanged, Progress: only to be shown
        self._status_messages.apply_event(job.id, event)

    def _save_checkpoint_in_background(self, job: Job, name: str, value: Mapping[str, Any]) -> None:
        """Saves while the image is fetched, which takes as long; not needed any more once the image is saved."""

        async def save() -> None:
            try:
                await self._save_checkpoint(job, name, value)
            except (StoreFailed, Stale) as failed:
                log.debug("checkpoint not saved", job=job.id, checkpoint=name, failure=type(failed).__name__)

        self._background.spawn(save(), f"checkpoint {job.id}")

    async def _save_checkpoint(
        self,
        job: Job,
        name: str,
        value: Mapping[str, Any],
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        await retry_store_write(lambda: self._store.save_checkpoint(job, name, value, facts), self._clock)
