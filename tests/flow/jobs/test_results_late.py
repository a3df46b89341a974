"""Results that are not at their addresses yet, or at another one: waited for, looked for, and never given up early."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

import pytest

from bot.downloads.fetcher import Fetcher
from bot.errors import BadResult, Unfetched
from bot.jobs import results
from bot.jobs.results import UNAVAILABLE_S, JobResults
from bot.painting import Blob, Image, Link
from bot.pictures.processing import ImageProcessor
from tests.servers.upstream.scripted import Call, scripted_upstream
from tests.support.clocks import FakeClock, InstantClock
from tests.support.images import png

PICTURE, OTHER = png("teal"), png("red", (8, 8))
BROKEN = Blob(data=b"no picture")
PAGE = b"<!doctype html><p>Not here</p>"


@dataclass(slots=True)
class Cdn:
    """A file host whose files appear after some requests for each."""

    files: dict[str, bytes] = field(default_factory=dict[str, bytes])
    late: dict[str, int] = field(default_factory=dict[str, int])
    """Requests for a path that are answered with `status` first."""
    status: str = "404 Not Found"
    surplus: int = 0
    """Bytes that are announced beyond those of a file."""
    asked: list[str] = field(default_factory=list[str])
    url: str = ""

    async def serve(self, call: Call) -> None:
        self.asked.append(call.target)
        if self.asked.count(call.target) <= self.late.get(call.target, 0) or call.target not in self.files:
            await call.respond(PAGE, status=self.status)
        else:
            file = self.files[call.target]
            await call.head(f"Content-Length: {len(file) + self.surplus}", "Content-Type: image/png")
            await call.send(file)

    def link(self, path: str, *mirrors: str, fallback: Link | None = None) -> Link:
        return Link(url=self.url + path, mirrors=tuple(self.url + each for each in mirrors), fallback=fallback)


@dataclass(slots=True, kw_only=True)
class Bench:
    cdn: Cdn
    fetcher: Fetcher
    processor: ImageProcessor
    clock: InstantClock = field(default_factory=InstantClock)

    async def fetch(self, *sources: Link | Blob) -> list[bytes]:
        job_results = JobResults(self.fetcher, self.processor, self.clock)
        async with job_results.hold(sources, owner="memory:amber") as images:
            return [image.data for image in images]


@pytest.fixture
async def bench() -> AsyncGenerator[Bench]:
    cdn, processor = Cdn(files={"/a.png": PICTURE, "/b.png": OTHER, "/page": PAGE}), ImageProcessor()
    clock = InstantClock()
    async with scripted_upstream(cdn.serve) as server, Fetcher([server.host], sleep=clock.sleep) as fetcher:
        cdn.url = server.url
        yield Bench(cdn=cdn, fetcher=fetcher, processor=processor, clock=clock)
    await asyncio.to_thread(processor.close)


@pytest.mark.forms(4)
@pytest.mark.parametrize(
    "status",
    ["404 Not Found", "403 Forbidden", "425 Too Early", "503 Slow Down", "400 Bad", "401 No", "202 Wait", "200"],
)
@pytest.mark.parametrize("times", [1, 4])
async def test_an_address_where_nothing_is_yet_is_asked_again(bench: Bench, status: str, times: int) -> None:
    bench.cdn.status, bench.cdn.late = status, {"/a.png": times}
    begun = bench.clock.monotonic()
    assert await bench.fetch(bench.cdn.link("/a.png")) == [PICTURE]
    assert bench.clock.monotonic() - begun <= UNAVAILABLE_S


async def test_after_a_minute_it_is_given_up(bench: Bench) -> None:
    begun = bench.clock.monotonic()
    with pytest.raises(Unfetched):
        await bench.fetch(bench.cdn.link("/never.png"))
    assert bench.clock.monotonic() - begun == pytest.approx(UNAVAILABLE_S)
    assert 5 < len(bench.cdn.asked) < 15


async def test_what_is_there_is_fetched_once_and_kept_when_another_never_comes(bench: Bench) -> None:
    bench.cdn.late = {"/b.png": 3}
    paths = ("/never.png", "/a.png", "/page", "/b.png")
    assert await bench.fetch(*map(bench.cdn.link, paths)) == [PICTURE, OTHER]
    assert [bench.cdn.asked.count(path) for path in ("/a.png", "/b.png")] == [1, 4]


async def test_an_empty_file_is_not_there_yet(bench: Bench) -> None:
    bench.cdn.files["/a.png"] = b""

    async def fill(seconds: float) -> None:
        bench.cdn.files["/a.png"] = PICTURE if seconds else b""

    bench.clock.sleep = fill  # type: ignore[method-assign]  # the file appears with time
    assert await bench.fetch(bench.cdn.link("/a.png")) == [PICTURE]


@pytest.mark.parametrize("unfinished", [PICTURE[: len(PICTURE) // 2], b'{"status": "processing"}'])
async def test_half_a_picture_or_another_document_is_not_there_yet(bench: Bench, unfinished: bytes) -> None:
    bench.cdn.files["/a.png"] = unfinished

    async def fill(seconds: float) -> None:
        bench.cdn.files["/a.png"] = PICTURE if seconds else unfinished

    bench.clock.sleep = fill  # type: ignore[method-assign]  # the file is complete with time
    assert await bench.fetch(bench.cdn.link("/a.png")) == [PICTURE]


@pytest.mark.parametrize("cut", [0, 20])
async def test_a_length_that_is_always_announced_too_long_loses_no_picture(bench: Bench, cut: int) -> None:
    bench.cdn.surplus, bench.cdn.files["/a.png"] = 7, PICTURE[: len(PICTURE) - cut]
    if cut:
        with pytest.raises(Unfetched):
            await bench.fetch(bench.cdn.link("/a.png"))
    else:
        assert await bench.fetch(bench.cdn.link("/a.png")) == [PICTURE]


async def test_a_job_that_waits_for_its_picture_gives_its_room_to_others(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "RESULTS_BYTES", results.USUAL_BYTES)
    clock = FakeClock()
    job_results = JobResults(bench.fetcher, bench.processor, clock)

    async def fetch(path: str, owner: str) -> list[Image]:
        async with job_results.hold([bench.cdn.link(path)], owner=owner) as images:
            return images

    late = asyncio.create_task(fetch("/never.png", "memory:late"))
    async with asyncio.timeout(20):
        await clock.asleep(1)
        assert [image.data for image in await fetch("/a.png", "memory:amber")] == [PICTURE]
    late.cancel()


async def test_a_relative_address_is_looked_for_wherever_it_may_be(bench: Bench) -> None:
    assert await bench.fetch(bench.cdn.link("/never.png", "/page", "/a.png")) == [PICTURE]
    assert await bench.fetch(bench.cdn.link("/page", "/a.png")) == [PICTURE]
    bench.cdn.late = {"/b.png": 2}
    assert await bench.fetch(bench.cdn.link("/page", "/b.png")) == [OTHER]


async def test_bytes_that_are_no_picture_are_replaced_by_their_address(bench: Bench) -> None:
    bench.cdn.late = {"/a.png": 2}
    assert await bench.fetch(Blob(data=b"no picture", fallback=bench.cdn.link("/a.png"))) == [PICTURE]
    assert await bench.fetch(Blob(data=OTHER, fallback=bench.cdn.link("/a.png"))) == [OTHER]
    with pytest.raises(BadResult):
        await bench.fetch(Blob(data=b"no picture", fallback=bench.cdn.link("/page")))
    with pytest.raises(BadResult):
        await bench.fetch(BROKEN)


async def test_a_small_copy_is_taken_only_when_the_picture_never_comes(bench: Bench) -> None:
    bench.cdn.late = {"/a.png": 2}
    small = bench.cdn.link("/b.png")
    assert await bench.fetch(bench.cdn.link("/a.png", fallback=small)) == [PICTURE]
    assert await bench.fetch(bench.cdn.link("/never.png", fallback=small)) == [OTHER]
    assert await bench.fetch(bench.cdn.link("/page", fallback=small)) == [OTHER]


async def test_one_picture_at_two_addresses_is_given_once_where_one_was_asked_for(bench: Bench) -> None:
    bench.cdn.files["/copy.png"] = PICTURE
    sources = [bench.cdn.link(path) for path in ("/a.png", "/copy.png", "/b.png")]
    job_results = JobResults(bench.fetcher, bench.processor, bench.clock)
    for asked, expected in ((1, [PICTURE, OTHER]), (2, [PICTURE, OTHER]), (3, [PICTURE, PICTURE, OTHER])):
        async with job_results.hold(sources, owner="memory:amber", asked=asked) as images:
            assert [each.data for each in images] == expected
