"""The table of presets for the conformance tests, and a provider of each at the sandbox.

The sandbox speaks each preset's dialect at an address of its own. Asserts only that requests fit the published
description.
"""

import asyncio
import io
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from PIL import Image as Pillow
from pydantic import SecretStr

from bot.downloads.fetcher import Fetcher
from bot.errors import (
    PaintFailed,
)
from bot.jobs.results import JobResults
from bot.painting import (
    FinishedImage,
    Image,
    PaintEvent,
    PaintRequest,
    Preview,
    Progress,
    StageChanged,
)
from bot.pictures.processing import ImageProcessor
from bot.ports import Provider
from bot.providers.http.client import UpstreamClient
from bot.providers.presets import resolve_upstream
from bot.providers.registry import ProviderDependencies, make_provider
from bot.providers.tasks.callbacks import Callbacks
from bot.runtime.clock import Clock
from bot.sandbox import Sandbox
from tests.servers.upstream import openai_spec
from tests.support.clocks import FakeClock
from tests.support.images import image

KEY = "sandbox-key-of-the-table"
EDGE = 96  # pixels that the sandbox really paints; what it hands over may be larger


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One preset in the table.

    `at`: its base address in the sandbox. `tells`: what shows that it is painting. `links`: whether it hands over
    addresses. `calls`: whether it calls back. `counts`: whether it says what the painting cost.
    """

    preset: str | None
    dialect: str
    at: str = ""
    tells: type[PaintEvent] = Progress
    links: bool = True
    calls: bool = False
    counts: bool = True

    def __str__(self) -> str:
        return f"{self.preset or 'any'}-{self.dialect}"

    @property
    def is_chat(self) -> bool:
        return self.dialect == "chat"


ROWS = (
    Row(preset="acedata", dialect="chat", at="/openai"),
    Row(preset="openrouter", dialect="chat", at="/v1"),
    Row(preset="relay", dialect="chat"),
    Row(preset="sandbox", dialect="chat"),
    Row(preset=None, dialect="chat", at="/v1"),
    Row(preset="evolink", dialect="tasks", at="/evolink", calls=True),
    Row(preset="toapis", dialect="tasks", at="/toapis", counts=False),
    Row(preset="sandbox", dialect="tasks", calls=True),
    Row(preset=None, dialect="tasks", at="/toapis/v1", counts=False),
    Row(preset="openai-hk", dialect="images", at="/hk", tells=StageChanged),
    Row(preset="openai", dialect="images", at="/v1", tells=Preview, links=False),
    Row(preset="azure", dialect="images", tells=Preview, links=False),
    Row(preset="sandbox", dialect="images", tells=Preview, links=False),
    Row(preset=None, dialect="images", at="/v1", tells=StageChanged, links=False),
)
EVERY = pytest.mark.parametrize("row", ROWS, ids=str)


class Timeless(FakeClock):
    """A clock on which nobody has to wait, and no time passes."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


@dataclass(slots=True, kw_only=True)
class Bench:
    """A provider at the sandbox."""

    provider: Provider
    sandbox: Sandbox
    results: JobResults

    async def paint(self, request: PaintRequest) -> list[PaintEvent]:
        return [event async for event in self.provider.paint(request)]

    async def pictures(self, events: list[PaintEvent]) -> list[Image]:
        """What can be had of the pictures, as the core takes them in."""
        sources = [each.source for each in events if isinstance(each, FinishedImage)]
        async with self.results.hold(sources, owner="memory:amber") as images:
            return images

    async def fails(self, prompt: str) -> PaintFailed:
        with pytest.raises(PaintFailed) as caught:
            await self.paint(PaintRequest(prompt=prompt))
        return caught.value


@asynccontextmanager
async def bench(
    row: Row,
    *,
    wanted: str = KEY,
    clock: Clock | None = None,
    callbacks: Callbacks | None = None,
    **given: object,
) -> AsyncGenerator[Bench]:
    """`wanted`: the key that the sandbox wants; `clock`: one that nobody has to wait for, unless another is given;
    `given`: what else the sandbox is told. Afterwards every request that was understood is held against the
    published description."""
    told: dict[str, object] = {"key": wanted, "pace": 0, "edge": EDGE, **given}
    async with Sandbox(**told) as upstream, UpstreamClient() as client:  # type: ignore[arg-type]  # as written above
        configured = resolve_upstream(
            name="up",
            preset=row.preset,
            dialect=row.dialect,
            base_url=upstream.address + row.at,
            api_key=SecretStr(KEY),
        )
        clock, callbacks = clock or Timeless(), callbacks or Callbacks()
        tools = ProviderDependencies(client=client, clock=clock, callbacks=callbacks, jitter=lambda: 0.0)
        async with Fetcher([upstream.address.removeprefix("http://")]) as fetcher:
            yield Bench(
                provider=make_provider(configured, tools),
                sandbox=upstream,
                results=JobResults(fetcher, ImageProcessor(), clock),
            )
        assert [openai_spec.complaint(each) for each in upstream.requests] == [None] * len(upstream.requests)


def encoded(colour: str, kind: str = "PNG", size: tuple[int, int] = (60, 40)) -> Image:
    return image(colour, kind, size)


def mask(size: tuple[int, int] = (60, 40)) -> Image:
    image = Pillow.new("RGBA", size, (0, 0, 0, 255))
    image.paste((0, 0, 0, 0), (0, 0, size[0] // 2, size[1]))
    out = io.BytesIO()
    image.save(out, "PNG")
    return Image(data=out.getvalue(), media_type="image/png", width=size[0], height=size[1])


def references(count: int) -> tuple[Image, ...]:
    kinds = ("PNG", "JPEG", "WEBP")
    return tuple(encoded(f"hsl({37 * n % 360}, 90%, 50%)", kinds[n % 3], (60 + n, 40)) for n in range(count))


def poll_count(sandbox: Sandbox) -> int:
    return sum(task.poll_count for task in sandbox.tasks)


async def wait_for(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(45):
        while not condition():  # noqa: ASYNC110 - the sandbox's counters wake nobody
            await asyncio.sleep(0.001)
