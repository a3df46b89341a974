"""One job runner with a store, status messages and a platform around it, and an upstream that plays a script."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

from bot.chat import User
from bot.downloads.fetcher import Fetcher
from bot.errors import PaintFailed
from bot.job import Job, NewJob
from bot.jobs.clearance import Clearance
from bot.jobs.images import JobImages
from bot.jobs.linked_images import LinkedImages
from bot.jobs.results import JobResults
from bot.jobs.runner import JobRunner
from bot.painting import Capabilities, PaintEvent, PaintRequest
from bot.pictures.processing import ImageProcessor
from bot.pictures.worker_pool import WorkerPool
from bot.prices import Price
from bot.providers.fallback import FallbackProvider
from bot.quota import CurrentRules, QuotaRules
from bot.runtime.clock import SystemClock
from bot.status.messages import StatusMessages
from bot.store.store import Store
from tests.servers.upstream.picture_host import PictureHost
from tests.support.clocks import FakeClock
from tests.support.patience import PICTURE_DEADLINE_S
from tests.support.platform import AMBER, DIRECT, Platform

RULES = QuotaRules(user_daily=50, chat_daily=None, user_concurrent=2, user_waiting=5)

Step = PaintEvent | PaintFailed | Callable[[], Awaitable[object]]


class Upstream:
    """A provider that plays its script, whatever the request."""

    name = "scripted"
    model = "pencil-1"
    resumable = False
    capabilities = Capabilities()
    price = Price()

    def __init__(self) -> None:
        self.script: list[Step] = []
        self.resumed: list[tuple[str, str]] = []
        self.requests: list[PaintRequest] = []

    async def resume(self, request: PaintRequest, upstream_id: str) -> AsyncGenerator[PaintEvent, None]:
        self.resumed.append((request.prompt, upstream_id))
        async with aclosing(self.paint(request)) as events:
            async for event in events:
                yield event

    async def paint(self, request: PaintRequest) -> AsyncGenerator[PaintEvent, None]:
        self.requests.append(request)
        for step in self.script:
            if isinstance(step, PaintFailed):
                raise step
            if callable(step):
                await step()
            else:
                yield step


class Odd(Platform):
    """A platform that can raise a bug wherever credits change."""

    breaks = False

    def balance_changed(self, user: User) -> None:
        if self.breaks:
            raise RuntimeError("a bug in an adapter")


class RunnerBench:
    """A store, status messages and a platform around one job runner."""

    def __init__(
        self, store: Store, status_messages: StatusMessages, fetcher: Fetcher, platform: Odd, slow: PictureHost
    ) -> None:
        self.store, self.platform, self.host = store, platform, slow
        self.slow_link = f"{slow.address}/pictures/1.png"
        self.upstream = Upstream()
        processor = ImageProcessor(pool=WorkerPool(deadline_s=PICTURE_DEADLINE_S))
        linked = LinkedImages(fetcher, store.adapter_store, SystemClock())
        self.jobs = JobRunner(
            store=store,
            provider=FallbackProvider(
                [(self.upstream, 1)], concurrency=1, budget_s=10, wait_s=10, clock=FakeClock(), jitter=float
            ),
            images=JobImages(fetcher, {"memory": platform}, processor, linked),
            results=JobResults(fetcher, processor, FakeClock()),
            status_messages=status_messages,
            ports={"memory": platform},
            clock=SystemClock(),
            clearance=Clearance(
                store=store, moderation=None, processor=processor, rules=CurrentRules(RULES), clock=SystemClock()
            ),
        )

    async def accept(self, cost: int = 1, **given: Any) -> Job:
        """A job whose message is shown. `given`: further fields of it."""
        job, _ = await self.store.accept_job(
            NewJob(
                id="job000000000",
                event="message:1",
                user=AMBER,
                chat=DIRECT,
                request_id="u1",
                locale="en",
                prompt="a cat",
                cost=cost,
                **given,
            ),
            RULES,
        )
        self.jobs.add_status_message(job)
        return job

    async def run(self, *script: Step) -> Job:
        """Accepts a job and runs it to its end."""
        self.upstream.script = list(script)
        job = await self.accept()
        await self.jobs.run(job.id, lambda: None)
        found = await self.store.get_job(job.id)
        assert found is not None
        return found
