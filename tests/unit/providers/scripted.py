"""Scripted providers, and one generation run against them."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from bot.errors import PaintFailed
from bot.painting import Blob, Capabilities, FinishedImage, Image, PaintEvent, PaintRequest, Stage, StageChanged
from bot.prices import Price
from bot.providers.candidates import Mark
from bot.providers.catalog import Order
from bot.providers.fallback import FallbackProvider, Shrink
from tests.support.clocks import FakeClock

REQUEST = PaintRequest(prompt="a cat")
PAINTED = FinishedImage(Blob(data=b"x"))
RETRYING = StageChanged(Stage.RETRYING)
PIXEL = Image(data=b"x", media_type="image/png", width=1, height=1)
Act = list[PaintEvent | PaintFailed | asyncio.Event]


class Scripted:
    """A provider that plays one act for each request; the last one again and again."""

    def __init__(
        self,
        name: str,
        *acts: Act,
        price: int | Price = 1,
        capabilities: Capabilities | None = None,
        model: str = "",
        resumed: Sequence[Act] = (),
    ) -> None:
        """`resumed`: the acts of `resume`; without any it is not resumable."""
        self.name = name
        self.model = model
        self.resumable = bool(resumed)
        self.resumed_ids: list[str] = []
        self._resumed = list(resumed)
        self.capabilities = capabilities or Capabilities()
        self.price = Price(default=price) if isinstance(price, int) else price
        self.paint_calls = 0
        self.requests: list[PaintRequest] = []
        self.closed = 0
        self._acts = list(acts)

    async def paint(self, request: PaintRequest) -> AsyncGenerator[PaintEvent, None]:
        self.paint_calls += 1
        self.requests.append(request)
        async with aclosing(self._play(self._acts)) as events:
            async for event in events:
                yield event

    async def resume(self, request: PaintRequest, upstream_id: str) -> AsyncGenerator[PaintEvent, None]:
        self.resumed_ids.append(upstream_id)
        async with aclosing(self._play(self._resumed)) as events:
            async for event in events:
                yield event

    async def _play(self, acts: list[Act]) -> AsyncGenerator[PaintEvent, None]:
        act = acts.pop(0) if len(acts) > 1 else acts[0]
        try:
            for step in act:
                if isinstance(step, PaintFailed):
                    raise step
                if isinstance(step, asyncio.Event):
                    await step.wait()
                else:
                    yield step
        finally:
            self.closed += 1


class Run:
    """One generation, run to its end."""

    def __init__(
        self,
        fallback: FallbackProvider,
        request: PaintRequest = REQUEST,
        *,
        shrink: Shrink | None = None,
        mark: Mark | None = None,
    ) -> None:
        self.events: list[object] = []
        self.failure: PaintFailed | None = None
        self.task: asyncio.Task[None] | None = None  # where it runs in the background
        self._steps = fallback.paint(request, shrink=shrink, mark=mark)

    async def run(self) -> None:
        try:
            async for event in self._steps:
                self.events.append(event)
        except PaintFailed as failed:
            self.failure = failed


def fallback(
    *providers: Scripted,
    clock: FakeClock | None = None,
    budget: float = 100.0,
    wait: float = 1000.0,
    jitter: float = 0.0,
    slots: int | None = 8,
    order: Order = "listed",
) -> FallbackProvider:
    return FallbackProvider(
        [(provider, slots) for provider in providers],
        concurrency=500,
        budget_s=budget,
        wait_s=wait,
        clock=clock or FakeClock(),
        jitter=lambda: jitter,
        order=order,
    )


async def run_to_end(made: FallbackProvider) -> Run:
    run = Run(made)
    await run.run()
    return run
