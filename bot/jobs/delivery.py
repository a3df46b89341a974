"""Brings the finished images of a job to its chat: saved before they are shown, charged only once they are there.

Does not end a job that could not be delivered: that is said to `bot.jobs.runner`.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import structlog

from bot.errors import ChatFailed, ChatGone, Undelivered
from bot.intake.prices import Painted
from bot.job import Job, State
from bot.jobs import cards, lineage
from bot.jobs.checkpoints import GenerationState
from bot.jobs.edits import EditedImages
from bot.jobs.notifier import JobNotifier
from bot.jobs.settlement import Settlement
from bot.observability.metrics import DELIVERY_SECONDS, PAINT_SECONDS
from bot.painting import Image
from bot.providers.catalog import ProviderCatalog
from bot.providers.versions import Versions
from bot.quota import charge
from bot.runtime.clock import Clock, retry_store_write
from bot.status.message import FinalState
from bot.status.messages import StatusMessages
from bot.store.store import Store

log = structlog.get_logger()

MEMORY_CACHE_BYTES = 4_000_000  # of images kept in memory until delivered; beyond, they are read from the database


class Delivery:
    """Saves, shows and charges finished images."""

    def __init__(
        self,
        *,
        store: Store,
        catalog: ProviderCatalog,
        status_messages: StatusMessages,
        notifier: JobNotifier,
        settlement: Settlement,
        clock: Clock,
        usage_rates: Versions[Mapping[str, float]],
    ) -> None:
        """`usage_rates`: as of JobRunner."""
        self._store = store
        self._catalog = catalog
        self._status_messages = status_messages
        self._notifier = notifier
        self._settlement = settlement
        self._clock = clock
        self._usage_rates = usage_rates
        self._cached_images: dict[str, Sequence[Image]] = {}  # at most MEMORY_CACHE_BYTES in all
        self._upstream_ends_s: dict[str, float] = {}  # of jobs that are being delivered; monotonic

    async def save_images(
        self, job: Job, state: GenerationState, painted: Sequence[Image], edited: EditedImages
    ) -> Mapping[str, Any]:
        """Saves the images with the facts of their generation, which it returns. `painted`: as the upstream sent them,
        which is what is paid for; `edited`: as they are delivered. Raises StoreFailed, Stale."""
        images = edited.images
        came = [Painted(width=each.width, height=each.height, quality=state.quality) for each in painted]
        due = self._catalog.price_of_images(state.provider, state.model, job.options, came, accepted=job.created)
        facts: dict[str, Any] = {
            "provider": state.provider,
            "model": state.model,
            "price": state.price,
            "spent": state.spent,
            "count": len(images),
            "upstream_id": state.upstream_id,
            "usage": state.usage,
            "missing": state.missing,
        }
        if edited.moved:
            facts["moved"] = edited.moved
        if state.unread:
            facts["unread"] = True
        if edited.scaled:
            facts["scaled"] = True
        if due is not None:  # what was asked for alone, where the provider is gone
            facts["due"] = due
        await retry_store_write(lambda: self._store.save_results(job, images, facts), self._clock)
        if sum(len(image.data) for image in chain(*self._cached_images.values(), images)) <= MEMORY_CACHE_BYTES:
            self._cached_images[job.id] = images
        if state.ended_s is not None:
            self._upstream_ends_s[job.id] = state.ended_s
        return facts

    async def deliver(self, job: Job, facts: Mapping[str, Any]) -> None:
        """The message becomes the images; only then they are charged. `facts`: as `save_images` returns them.

        Raises Undelivered, StoreFailed, Stale.
        """
        count = int(facts["count"])
        charged = charge(
            int(facts.get("due", count * int(facts["price"]))),
            spent=facts.get("spent"),
            usage_rate=self._usage_rates.at(job.created).get(facts["provider"]),
            reserved=min(job.cost, count * int(facts["price"])),  # what did not come is not paid for
        )
        seconds = max(0.0, (self._clock.now() - (job.started or job.created)).total_seconds())
        known = {} if job.parent is None else await self._store.branch_of(job.id, lineage.MAX_BRANCH)
        card = cards.done_card(
            job,
            wears=lineage.trace_branch(job, known).wears,
            count=count,
            seconds=seconds,
            charged=charged,
            missing=str(facts.get("missing", "")),
            moved=int(facts.get("moved", 0)),
            unread=bool(facts.get("unread")),
            scaled=bool(facts.get("scaled")),
        )

        async def load() -> Sequence[Image]:
            return self._cached_images.get(job.id) or await self._store.load_results(job)

        status_ref = self._status_messages.message_ref(job.id)
        try:
            delivered = await self._notifier.show_final_state(
                job, FinalState(card=card, load_images=load, image_count=count)
            )
        except ChatFailed as failed:
            log.error("pictures could not be delivered", job=job.id, chat=job.chat.key, detail=failed.detail)
            raise Undelivered(refused=int(isinstance(failed, ChatGone))) from failed
        if (ended_s := self._upstream_ends_s.get(job.id)) is not None:
            DELIVERY_SECONDS.labels(job.chat.platform).observe(self._clock.monotonic() - ended_s)
        await self._settlement.settle(job, State.DONE, charged=charged, delivered=delivered, trace=facts["upstream_id"])
        if status_ref is not None:
            self._notifier.mention_owner(job, "done-call", status_ref)
        PAINT_SECONDS.labels(facts["provider"]).observe(seconds)

    def forget_images(self, job_id: str) -> None:
        """Keeps the images of a job in memory no longer."""
        self._cached_images.pop(job_id, None)
        self._upstream_ends_s.pop(job_id, None)
