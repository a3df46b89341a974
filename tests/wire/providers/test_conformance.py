"""One table over every preset: whatever an upstream is called, the same is true of whoever speaks to it.

The upstream is the sandbox, which speaks each preset's dialect at an address of its own. What is special of one
dialect stands beside its own tests.
"""

import asyncio
import hashlib
import io
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

import pytest
from aiohttp import web
from PIL import Image as Pillow
from pydantic import SecretStr

from bot.clock import Clock
from bot.errors import (
    BadCredentials,
    Busy,
    CutShort,
    Lost,
    Moderated,
    NoPicture,
    OutOfFunds,
    PaintFailed,
    Rejected,
    Unfetched,
    UpstreamDown,
    WrongEndpoint,
)
from bot.fetch import Fetcher
from bot.intake import sizes
from bot.jobs.images import JobImages
from bot.painting import (
    Accepted,
    FinishedImage,
    Image,
    Link,
    Options,
    PaintEvent,
    PaintRequest,
    Preview,
    Progress,
    Stage,
    StageChanged,
    Usage,
)
from bot.ports import Provider
from bot.providers.http.client import UpstreamClient
from bot.providers.presets import PRESETS, resolve
from bot.providers.registry import ProviderDependencies, make_provider
from bot.providers.requirements import can_satisfy, requirements_of
from bot.providers.tasks.callbacks import Callbacks
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
    gallery: JobImages

    async def paint(self, request: PaintRequest) -> list[PaintEvent]:
        return [event async for event in self.provider.paint(request)]

    async def pictures(self, events: list[PaintEvent]) -> list[Image]:
        """What can be had of the pictures, as the core takes them in."""
        return await self.gallery.fetch_results([each.source for each in events if isinstance(each, FinishedImage)])

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
        configured = resolve(
            name="up",
            preset=row.preset,
            dialect=row.dialect,
            base_url=upstream.address + row.at,
            api_key=SecretStr(KEY),
        )
        clock, callbacks = clock or Timeless(), callbacks or Callbacks()
        tools = ProviderDependencies(client=client, clock=clock, callbacks=callbacks, jitter=lambda: 0.0)
        async with Fetcher([upstream.address.removeprefix("http://")]) as fetcher:
            yield Bench(provider=make_provider(configured, tools), sandbox=upstream, gallery=JobImages(fetcher, {}))
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


def test_every_preset_is_in_the_table() -> None:
    assert {row.preset for row in ROWS if row.preset} == set(PRESETS)


# ---------------------------------------------------------------- what comes of a request


@EVERY
async def test_words_become_one_picture(row: Row) -> None:
    async with bench(row) as at:
        events = await at.paint(PaintRequest(prompt="a fox in the snow"))
        [picture] = await at.pictures(events)
        [received] = at.sandbox.requests
    assert events[0] == StageChanged(Stage.SENDING)
    kinds = [type(event) for event in events]
    assert kinds.index(Accepted) < kinds.index(FinishedImage)
    assert any(isinstance(each, Usage) and bool(each.reported) for each in events) == row.counts
    assert received.prompt.startswith("a fox in the snow")
    assert received.references == ()
    assert picture.width > 0
    assert KEY not in repr(at.provider) + repr(events)


@EVERY
@pytest.mark.parametrize("count", [1, 3, "all"])
async def test_references_arrive_byte_for_byte_in_their_order(row: Row, count: int | str) -> None:
    async with bench(row) as at:
        most = at.provider.capabilities.max_references
        sent = references(most if count == "all" else int(count))
        await at.pictures(await at.paint(PaintRequest(prompt="all of them", references=sent)))
        [received] = at.sandbox.requests
    assert [each.digest for each in received.references] == [hashlib.sha256(each.data).hexdigest() for each in sent]
    assert [each.media_type for each in received.references] == [each.media_type for each in sent]


@EVERY
async def test_a_mask_arrives_or_is_known_to_be_too_much(row: Row) -> None:
    request = PaintRequest(prompt="a hat", references=references(1), mask=mask())
    async with bench(row) as at:
        assert can_satisfy(at.provider.capabilities, requirements_of(request)) == (not row.is_chat)
        if row.is_chat:
            return
        await at.pictures(await at.paint(request))
        [received] = at.sandbox.requests
    assert received.mask is not None
    assert (received.mask.kind, received.mask.width, received.mask.height) == ("PNG", 60, 40)
    assert len(received.references) == 1


SHAPES = ("1:1", "3:2", "2:3", "16:9", "9:16", "4:3", "3:4", "5:4", "4:5", "21:9", "2:1", "3:1", "1024x1536", "auto")


@EVERY
@pytest.mark.parametrize("wish", SHAPES)
async def test_a_wished_shape_is_painted_or_known_to_be_too_much(row: Row, wish: str) -> None:
    request = PaintRequest(prompt="a fox", options=Options(size=wish))
    async with bench(row) as at:
        if not can_satisfy(at.provider.capabilities, requirements_of(request)):
            assert wish not in sizes.offered_sizes(at.provider.capabilities)
            assert sizes.suggest_sizes(wish, at.provider.capabilities)
            return
        [picture] = await at.pictures(await at.paint(request))
    if wish != "auto":
        across, down = (int(each) for each in wish.replace(":", "x").split("x"))
        assert picture.width / picture.height == pytest.approx(across / down, rel=0.035)


@pytest.mark.parametrize("row", [row for row in ROWS if row.dialect == "images"], ids=str)
@pytest.mark.parametrize(
    ("size", "tier", "pixels"),
    [
        ("16:9", "2K", (2048, 1152)),
        ("16:9", None, (1280, 720)),
        ("1280x720", None, (1280, 720)),
        ("21:9", "1K", (1344, 576)),
        ("3:2", "1K", (1008, 672)),
        (None, "2K", (2048, 2048)),
    ],
)
async def test_sizes_by_rule_are_painted_to_the_pixel(
    row: Row, size: str | None, tier: str | None, pixels: tuple[int, int]
) -> None:
    async with bench(row) as at:
        options = Options(size=size, tier=tier)
        [picture] = await at.pictures(await at.paint(PaintRequest(prompt="a fox", options=options)))
        assert (picture.width, picture.height) == pixels
        for wrong in ("1000x1000", "4096x4096", "4:1"):
            assert sizes.resolve_size(wrong, None, at.provider.capabilities) is None
            assert sizes.suggest_sizes(wrong, at.provider.capabilities)


@EVERY
@pytest.mark.parametrize("count", [1, 2, 3, "all"])
async def test_as_many_pictures_as_asked_for(row: Row, count: int | str) -> None:
    async with bench(row) as at:
        capabilities = at.provider.capabilities
        n = capabilities.allowed_counts[-1] if count == "all" else int(count)
        request = PaintRequest(prompt="a fox", options=Options(n=n))
        if n not in capabilities.allowed_counts:
            assert not can_satisfy(capabilities, requirements_of(request))
            return
        found = await at.pictures(await at.paint(request))
        assert len(found) == n
        assert len({hashlib.sha256(each.data).digest() for each in found}) == n


@pytest.mark.parametrize("row", [row for row in ROWS if not row.is_chat], ids=str)  # there each is its own request
async def test_fewer_pictures_than_asked_for_are_no_failure(row: Row) -> None:
    async with bench(row) as at:
        events = await at.paint(PaintRequest(prompt="a fox [[partial:3]]", options=Options(n=4)))
        assert len(await at.pictures(events)) == 3


@EVERY
async def test_it_tells_how_far_it_is(row: Row) -> None:
    async def watched(_: float) -> None:
        """Time passes for a task when somebody asked about it."""
        if row.dialect == "tasks":
            before = _polls(box[0].sandbox)
            while _polls(box[0].sandbox) == before:  # noqa: ASYNC110 - the sandbox's counters wake nobody
                await asyncio.sleep(0)

    box: list[Bench] = []
    async with bench(row, sleep=watched) as at:
        box.append(at)
        events = await at.paint(PaintRequest(prompt="a fox"))
    told = [event for event in events if isinstance(event, row.tells)]
    assert StageChanged(Stage.PAINTING) in events
    if row.tells is Progress:
        percents = [each.percent for each in told if isinstance(each, Progress)]
        assert len(percents) > 5
        assert percents == sorted(percents)
        assert all(0 <= each <= 100 for each in percents)
    if row.tells is Preview:
        assert len(told) == 2
    kinds = [type(event) for event in events]
    assert kinds.index(row.tells) < kinds.index(FinishedImage)


def _polls(sandbox: Sandbox) -> int:
    return sum(task.poll_count for task in sandbox.tasks)


# ---------------------------------------------------------------- when it is called off


@EVERY
async def test_closing_it_leaves_the_upstream_alone(row: Row) -> None:
    async def never(_: float) -> None:
        await asyncio.Event().wait()

    async with bench(row, pace=1, sleep=never) as at:
        async with aclosing(at.provider.paint(PaintRequest(prompt="a fox"))) as events:
            async for event in events:
                if isinstance(event, Accepted) or event == StageChanged(Stage.PAINTING):
                    break
            await _until(lambda: at.sandbox.running == 1)
        if row.dialect == "tasks":
            polls = _polls(at.sandbox)
            await asyncio.sleep(0.05)
            assert _polls(at.sandbox) == polls
        else:
            await _until(lambda: at.sandbox.dropped == 1)
        assert at.sandbox.painted == 0


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(45):
        while not condition():  # noqa: ASYNC110 - the sandbox's counters wake nobody
            await asyncio.sleep(0.001)


# ---------------------------------------------------------------- when it fails

# What each fault of the sandbox is called, in every dialect or in some. A fault that is refused paints nothing.
FAILURES: tuple[tuple[str, Mapping[str, type[PaintFailed]]], ...] = (
    ("400", {"chat": BadCredentials, "tasks": Rejected, "images": Rejected}),
    ("401", {"chat": BadCredentials, "tasks": BadCredentials, "images": BadCredentials}),
    ("402", {"chat": OutOfFunds, "tasks": OutOfFunds, "images": OutOfFunds}),
    ("403", {"chat": BadCredentials, "tasks": BadCredentials, "images": WrongEndpoint}),  # OpenAI's model_not_found
    ("404", {"chat": WrongEndpoint, "tasks": WrongEndpoint, "images": WrongEndpoint}),
    ("429", {"chat": Busy, "tasks": Busy, "images": Busy}),
    ("500", {"chat": UpstreamDown, "tasks": UpstreamDown, "images": UpstreamDown}),
    ("html502", {"chat": UpstreamDown, "tasks": UpstreamDown, "images": UpstreamDown}),
    ("api_not_implemented", {"chat": WrongEndpoint, "images": WrongEndpoint}),
    ("apitype", {"chat": WrongEndpoint, "tasks": WrongEndpoint, "images": WrongEndpoint}),
    ("moderation", {"chat": Moderated, "images": Moderated}),
    ("policy", {"chat": Moderated, "images": Moderated}),
    ("content-filter", {"chat": Moderated, "images": Moderated}),
    ("no-funds", {"chat": OutOfFunds, "tasks": OutOfFunds, "images": OutOfFunds}),
    ("billing", {"chat": OutOfFunds, "images": OutOfFunds}),
    ("unverified", {"chat": BadCredentials, "images": BadCredentials}),
    ("reset", {"chat": CutShort, "tasks": CutShort, "images": CutShort}),
    ("cut", {"chat": Lost, "images": Lost}),
    ("no-picture", {"chat": NoPicture, "tasks": NoPicture, "images": NoPicture}),
    ("error-in-stream", {"chat": PaintFailed, "images": PaintFailed}),
    ("task-content_policy_violation", {"tasks": Moderated}),
    ("task-invalid_parameters", {"tasks": Rejected}),
)
BEGUN = frozenset({"reset", "cut", "no-picture", "error-in-stream"})  # the upstream may have painted by then
CASES = [
    pytest.param(row, fault, failures[row.dialect], id=f"{row}-{fault}")
    for fault, failures in FAILURES
    for row in ROWS
    if row.dialect in failures
]


@pytest.mark.parametrize(("row", "fault", "failure"), CASES)
async def test_every_error_has_its_name(row: Row, fault: str, failure: type[PaintFailed]) -> None:
    async with bench(row) as at:
        failed = await at.fails(f"a fox [[{fault}]]")
        assert isinstance(failed, failure)
        assert len(at.sandbox.requests) == 1, "it was sent once"
        assert at.sandbox.painted == 0 or fault in BEGUN
        assert KEY not in f"{failed.detail} {failed.facts} {failed.trace}"


@EVERY
async def test_a_limit_of_the_moment_says_how_long_to_wait(row: Row) -> None:
    async with bench(row) as at:
        failed = await at.fails("a fox [[429:3]]")
    assert isinstance(failed, Busy)
    assert failed.retry_after == 3.0


@EVERY
async def test_a_wrong_key_is_the_operators_matter(row: Row) -> None:
    async with bench(row, wanted="another") as at:
        assert isinstance(await at.fails("a fox"), BadCredentials)


@EVERY
async def test_a_link_that_has_expired_is_a_picture_that_could_not_be_had(row: Row) -> None:
    async with bench(row) as at:
        events = await at.paint(PaintRequest(prompt="a fox [[gone]]"))
        sources = [each.source for each in events if isinstance(each, FinishedImage)]
        assert [isinstance(each, Link) for each in sources] == [row.links]
        if row.links:
            with pytest.raises(Unfetched):
                await at.pictures(events)
        else:
            assert len(await at.pictures(events)) == 1


# ---------------------------------------------------------------- asked about, or called back


@asynccontextmanager
async def called(callbacks: Callbacks) -> AsyncGenerator[str]:
    """The address of a server that hands calls to `callbacks`."""

    async def call(request: web.Request) -> web.Response:
        return web.Response(status=200 if callbacks.receive_call(request.match_info["secret"]) else 404)

    app = web.Application()
    app.add_routes([web.post("/callbacks/{secret}", call)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("row", [row for row in ROWS if row.calls], ids=str)
@pytest.mark.parametrize("fault", ["", "[[callback-early]]", "[[callback-twice]]"])
async def test_a_call_brings_the_picture_though_no_time_passes(row: Row, fault: str) -> None:
    callbacks = Callbacks("https://easel.example")
    still = FakeClock()
    async with (
        called(callbacks) as address,
        bench(row, clock=still, callbacks=callbacks, callbacks_to=address) as at,
    ):
        [picture] = await at.pictures(await at.paint(PaintRequest(prompt=f"a fox {fault}")))
        [received] = at.sandbox.requests
        [task] = at.sandbox.tasks
        await _until(lambda: len(task.callback_statuses) == (2 if "twice" in fault else 1))
    assert picture.width > 0
    assert str(received.body["callback_url"]).startswith("https://easel.example/callbacks/")
    assert task.poll_count == 1, "the call alone is not believed"
    assert set(task.callback_statuses) == {200}


@EVERY
async def test_without_a_call_the_picture_comes_all_the_same(row: Row) -> None:
    callbacks = Callbacks("https://easel.example")
    async with called(callbacks) as address, bench(row, callbacks=callbacks, callbacks_to=address) as at:
        await at.pictures(await at.paint(PaintRequest(prompt="a fox [[callback-never]]")))
        [received] = at.sandbox.requests
    assert ("callback_url" in received.body) == (row.calls or (row.preset, row.dialect) == (None, "tasks"))
