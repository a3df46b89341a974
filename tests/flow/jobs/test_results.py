"""Results on their way to the database: all that were painted arrive, and few are in memory at once."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from bot.downloads.fetcher import Fetcher
from bot.jobs import results
from bot.jobs.results import JobResults
from bot.painting import Blob, Image, Link
from bot.pictures.processing import ImageProcessor
from bot.runtime.clock import SystemClock
from tests.servers.upstream.picture_host import PictureHost, picture_host
from tests.support.event_loop import wait_all_tasks_blocked
from tests.support.images import png

PICTURE = png("teal")
SMALL = png("red", (8, 8))


@pytest.fixture
async def host() -> AsyncGenerator[PictureHost]:
    async with picture_host(PICTURE) as host:
        host.open.set()
        yield host


@pytest.fixture
async def job_results(host: PictureHost, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[JobResults]:
    """With room for two pictures as large as the host's, and one of them larger than usual."""
    monkeypatch.setattr(results, "USUAL_BYTES", len(PICTURE) - 1)
    monkeypatch.setattr(results, "RESULT_MAX_BYTES", len(PICTURE))
    monkeypatch.setattr(results, "RESULTS_BYTES", 2 * len(PICTURE))
    processor = ImageProcessor()
    async with Fetcher([host.address.removeprefix("http://")]) as fetcher:
        yield JobResults(fetcher, processor, SystemClock())
    await asyncio.to_thread(processor.close)


async def test_a_picture_larger_than_usual_is_fetched_whole(job_results: JobResults, host: PictureHost) -> None:
    sources = [Blob(data=SMALL), Link(url=f"{host.address}/a.png"), Link(url=f"{host.address}/b.png")]
    async with job_results.hold(sources, owner="memory:amber") as images:
        assert [image.data for image in images] == [SMALL, PICTURE, PICTURE]


@pytest.mark.thorough
async def test_jobs_wait_for_one_another_when_memory_is_taken(job_results: JobResults, host: PictureHost) -> None:
    held, stored, full = list[Image](), asyncio.Event(), asyncio.Semaphore(0)

    async def store(number: int) -> None:
        async with job_results.hold([Link(url=f"{host.address}/{number}.png")], owner=f"memory:{number}") as images:
            held.extend(images)
            full.release()
            await stored.wait()

    jobs = [asyncio.create_task(store(number)) for number in range(5)]
    for _ in range(2):
        await full.acquire()
    await wait_all_tasks_blocked()
    assert len(held) == 2
    stored.set()
    await asyncio.gather(*jobs)
    assert len(held) == 5
