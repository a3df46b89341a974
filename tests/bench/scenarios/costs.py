"""L: what a picture costs besides the upstream's price: bytes on disk, bytes through the network, processor time.

Each picture has a chat of its own, as in a private chat or a quiet channel. The file of the database is looked at as it
is, and packed: what is between was taken by pictures that waited for their delivery, and is used again.
"""

import asyncio
import sqlite3
from contextlib import AbstractAsyncContextManager, AsyncExitStack, closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.bench import platforms, subjects
from tests.bench.byte_counter import ByteCounter, counted
from tests.bench.figures import Figure
from tests.bench.jobs import JobRegistry, wait_for_pictures
from tests.bench.platforms import BenchPlatform, DiscordBench
from tests.bench.scenarios.references import photos
from tests.bench.upstream import Pace, sample_image, serve_upstream
from tests.servers.telegram import Limits
from tests.support.databases import migrated_sqlite

PACE = Pace(seconds=8.0, lines=15)  # two lines a second
LATEST_S = 120.0  # after the last request, until a job counts as lost
SETTLE_S = 1.0  # from the start until traffic is counted, and from the last picture until the books are closed


async def run(folder: Path, *, quick: bool) -> list[Figure]:
    figures: list[Figure] = []
    for case in ("telegram", "discord"):
        for reference in (False, True):
            count = (20 if quick else 50) if reference else (100 if quick else 1000)
            figures += await measure(folder / f"{case}-{reference}", case, count, reference=reference)
    return figures


async def measure(folder: Path, case: str, count: int, *, reference: bool) -> list[Figure]:
    """The figures of so many pictures, each asked for in a chat of its own. `reference`: from a photo of 4 MB."""
    image = await asyncio.to_thread(sample_image, 1024, 1024)
    data = [(await asyncio.to_thread(photos))[0]] if reference else None
    registry = JobRegistry()
    async with AsyncExitStack() as opened:
        up = await opened.enter_async_context(serve_upstream(registry, PACE, image))
        platform: BenchPlatform = await opened.enter_async_context(_platform(case))
        upstream = await opened.enter_async_context(counted(up.address))
        up.address = upstream.url
        settings, to_platform = await _counted_settings(opened, case, platform)
        subject = await opened.enter_async_context(
            subjects.run_easel(folder, subjects.easel_settings(up, folder, settings))
        )
        await asyncio.sleep(SETTLE_S)
        cpu = subject.cpu_s()
        for each in (upstream, to_platform):
            each.reset()
        jobs = [registry.add(f"l{number}") for number in range(count)]
        for job in jobs:
            platform.send_prompt(platform.open_chat(job.key), job, data)
            await asyncio.sleep(0.02)
        lost = await wait_for_pictures(jobs, seconds=LATEST_S)
        await asyncio.sleep(SETTLE_S)
        cpu = subject.cpu_s() - cpu
    as_it_is, packed = await asyncio.to_thread(database_bytes, folder)
    name = f"{case}, {'from a photo' if reference else 'from words'}, {count}"

    def figure(what: str, unit: str, value: float, limit: float | None = None) -> Figure:
        return Figure(scenario="L", case=name, quantity=what, unit=unit, easel=value, limit=limit)

    kilobytes = count * 1000
    return [
        figure("lost", "jobs", lost, 0),
        figure("picture", "kB", len(image) / 1000),
        figure("database a job, packed", "kB", packed / kilobytes),
        figure("database a job, as it is", "kB", as_it_is / kilobytes),
        figure("to the upstream a job", "kB", upstream.sent / kilobytes),
        figure("from the upstream a job", "kB", upstream.received / kilobytes),
        figure("to the platform a job", "kB", to_platform.sent / kilobytes),
        figure("from the platform a job", "kB", to_platform.received / kilobytes),
        figure("processor time a job", "ms", cpu / count * 1000),
    ]


def database_bytes(folder: Path) -> tuple[int, int]:
    """By how much the SQLite file has grown, and by how much once it is packed."""
    empty = folder / "empty"
    empty.mkdir()
    migrated_sqlite(empty)
    with closing(sqlite3.connect(folder / "easel.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        as_it_is = (folder / "easel.db").stat().st_size
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = (empty / "easel.db").stat().st_size
    return as_it_is - before, (folder / "easel.db").stat().st_size - before


def _platform(case: str) -> AbstractAsyncContextManager[Any]:
    return platforms.telegram(Limits()) if case == "telegram" else platforms.discord(slash=False)


async def _counted_settings(
    opened: AsyncExitStack, case: str, platform: BenchPlatform
) -> tuple[dict[str, Any], ByteCounter]:
    """Settings that lead to the platform by way of a counter. Discord's gateway is not counted: it brings what the
    bot's servers do, whoever asks for pictures."""
    given = dict(platform.easel_settings[case])
    counter = await opened.enter_async_context(counted(given["api_base"]))
    if isinstance(platform, DiscordBench):
        platform.server.cdn.base = counter.url.removesuffix(urlsplit(counter.url).path)
    return {case: given | {"api_base": counter.url}}, counter
