"""What passes between a job and the upstreams: who is asked, what they tell, and each step noted before the next.

Never asks where something may have been paid for: there it goes on with what was accepted, or says that it is lost.
The plot around it stands in `bot.jobs.runner`.
"""

from collections.abc import Callable, Coroutine, Mapping
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Any

import structlog

from bot.clock import Clock, retry_store_write
from bot.errors import PaintFailed, Restarted, Stale, StoreFailed
from bot.job import Job
from bot.jobs.checkpoints import GenerationState, added, remembered, still_open
from bot.jobs.images import JobImages
from bot.metrics import FAILURES
from bot.painting import Accepted, FinishedImage, Link, PaintEvent, PaintRequest, Preview, Stage, StageChanged, Usage
from bot.providers.fallback import AttemptRejected, AttemptStarted, FallbackProvider
from bot.providers.requirements import requirements_of
from bot.status.messages import StatusMessages
from bot.store.store import Store
from bot.texts import say

log = structlog.get_logger()


class Generation:
    """Brings a job's painting about, once."""

    def __init__(
        self,
        *,
        store: Store,
        failover: FallbackProvider,
        gallery: JobImages,
        board: StatusMessages,
        clock: Clock,
        in_background: Callable[[Coroutine[Any, Any, None], str], None],
    ) -> None:
        """`in_background` brings something named to its end beside the job."""
        self._store = store
        self._failover = failover
        self._gallery = gallery
        self._board = board
        self._clock = clock
        self._in_background = in_background

    async def painting(self, job: Job) -> GenerationState:
        """The painting with at least one picture: as an earlier attempt left it, as the upstream goes on with it, or
        asked for anew.

        Raises PaintFailed, Refusal, StoreFailed, Stale.
        """
        known = remembered(job)
        if known.upstream_id and still_open(job) and self._failover.resumable(known.provider):
            return await self._resume(job, known)
        if known.sources:
            return known
        if still_open(job):
            raise Restarted(trace=known.upstream_id)
        return await self._ask(job)

    async def _ask(self, job: Job) -> GenerationState:
        """Asks the upstreams; every step that could cost money is written down first."""
        self._board.apply_event(job.id, StageChanged(Stage.PREPARING))
        request = await self._request(job)
        painting = GenerationState(number=sum(step.startswith("asked:") for step in job.checkpoints))
        try:
            async with aclosing(self._failover.paint(request)) as events:
                async for event in events:
                    match event:
                        case AttemptStarted():
                            painting = await self._asked(job, painting.number + 1, event)
                        case AttemptRejected(reason):
                            await self._note(job, f"turned-down:{painting.number}", {"reason": reason})
                        case _:
                            await self._hear(job, painting, event)
        except PaintFailed as failed:
            self._keep_what_came(job, painting, failed)
        return painting

    async def _asked(self, job: Job, number: int, asked: AttemptStarted) -> GenerationState:
        """Written down before anything is sent."""
        facts: dict[str, Any] = {"provider": asked.provider, "price": asked.price, "model": asked.model}
        await self._note(job, f"asked:{number}", facts, {**facts, "upstream_id": None})
        return GenerationState(number=number, provider=asked.provider, price=asked.price, model=asked.model)

    async def _resume(self, job: Job, known: GenerationState) -> GenerationState:
        """Goes on with what an earlier attempt has submitted."""
        assert known.upstream_id is not None
        log.info("job goes on with its upstream task", job=job.id, provider=known.provider, trace_id=known.upstream_id)
        painting = replace(known, sources=[])
        request = PaintRequest(prompt=_worded(job), options=job.options)
        try:
            async with aclosing(self._failover.resume(known.provider, request, known.upstream_id)) as events:
                async for event in events:
                    await self._hear(job, painting, event)
        except PaintFailed as failed:
            painting.sources = painting.sources or known.sources
            self._keep_what_came(job, painting, failed)
        return painting

    def _keep_what_came(self, job: Job, painting: GenerationState, failed: PaintFailed) -> None:
        """A failure after a picture is none to the member. Raises `failed` when there is no picture."""
        FAILURES.labels(type(failed).__name__).inc()
        failed.trace = failed.trace or painting.upstream_id
        if not painting.sources:
            raise failed
        log.warning("upstream failed after a picture", job=job.id, failure=type(failed).__name__)

    async def _request(self, job: Job) -> PaintRequest:
        """What is asked of the upstreams, its pictures fetched and made fit.

        A picture's own transparency is a mask only where somebody takes one; else it is a picture like others.
        """
        references, mask = await self._gallery.references(job, self._failover.capabilities)
        request = PaintRequest(prompt=_worded(job), references=references, mask=mask, options=job.options)
        if job.mask is None and mask is not None and not self._failover.can_satisfy(requirements_of(request)):
            request = replace(request, mask=None)
        return request

    async def _hear(self, job: Job, painting: GenerationState, event: PaintEvent) -> None:
        """One event of the upstream: kept where it counts, shown where it tells."""
        match event:
            case Accepted(upstream_id):
                if upstream_id and painting.upstream_id is None:
                    painting.upstream_id = upstream_id
                    accepted = {"upstream_id": upstream_id, "asked": painting.number}
                    await self._note(job, "accepted", accepted, {"upstream_id": upstream_id})
            case Usage(counts, credits):
                painting.usage = added(painting.usage, counts)
                if credits is not None:
                    painting.spent = (painting.spent or 0.0) + credits
            case Preview(source):
                self._gallery.preview(job.id, source, partial(self._board.show_preview, job.id))
            case FinishedImage(source):
                if isinstance(source, Link):
                    self._note_soon(job, f"picture:{len(painting.sources)}", {"link": source.url})
                painting.sources.append(source)
            case _:
                pass  # Staged, Progress: only to be shown
        self._board.apply_event(job.id, event)

    def _note_soon(self, job: Job, step: str, value: Mapping[str, Any]) -> None:
        """Written while the picture is fetched, which takes as long; once that is kept, nobody asks for the step."""

        async def note() -> None:
            try:
                await self._note(job, step, value)
            except (StoreFailed, Stale) as failed:
                log.debug("step not noted", job=job.id, step=step, failure=type(failed).__name__)

        self._in_background(note(), f"note {job.id}")

    async def _note(
        self,
        job: Job,
        step: str,
        value: Mapping[str, Any],
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        await retry_store_write(lambda: self._store.save_checkpoint(job, step, value, facts), self._clock)


def _worded(job: Job) -> str:
    """The prompt as it goes upstream."""
    return say(job.locale, "prompt-vary", prompt=job.prompt) if job.varies else job.prompt
