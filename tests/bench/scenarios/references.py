"""D: three photos of 4 MB come along. The way to the upstream, memory, and whether others are answered meanwhile."""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from tests.bench import platforms, subjects
from tests.bench.figures import Figure, median
from tests.bench.jobs import JobRegistry, MeasuredJob, now, wait_for_pictures
from tests.bench.platforms import DiscordBench
from tests.bench.process import Subject
from tests.bench.upstream import Pace, serve_upstream

PACE = Pace(seconds=0.2, lines=1)
LATEST = 120.0  # seconds until a job counts as lost
BETWEEN = 0.005  # seconds between an answered probe and the next
CROWD = 20
EDGES = (2720, 2040)  # pixels; with grain like this, about 4 MB as JPEG


@cache
def photos() -> tuple[bytes, ...]:
    """Three different photographs, as heavy as a phone's."""
    made: list[bytes] = []
    for seed in range(3):
        grain = Image.frombytes("RGB", EDGES, random.Random(seed).randbytes(EDGES[0] * EDGES[1] * 3))
        grey = Image.linear_gradient("L")
        smooth = grey.resize(EDGES).convert("RGB")  # pyright: ignore[reportUnknownMemberType] - hints at numpy
        out = BytesIO()
        Image.blend(smooth, grain, 0.35).save(out, "JPEG", quality=91)
        made.append(out.getvalue())
    return tuple(made)


class Probe:
    """Another member uses /help again and again; how long each waits is how long the bot was deaf."""

    def __init__(self, platform: DiscordBench) -> None:
        self._place = platform
        self._room = platform.open_chat("prober")
        self._answered = asyncio.Event()
        platform.on_callback = lambda _: self._answered.set()
        self.waits: list[float] = []

    async def ask(self) -> None:
        user, channel = self._room
        while True:
            self._answered.clear()
            begun = now()
            self._place.server.slash(user, channel, "help")
            await self._answered.wait()
            self.waits.append(now() - begun)
            await asyncio.sleep(BETWEEN)


@asynccontextmanager
async def probed(platform: DiscordBench) -> AsyncGenerator[Probe]:
    probe = Probe(platform)
    asking = asyncio.create_task(probe.ask())
    try:
        yield probe
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


async def run(folder: Path, *, quick: bool) -> list[Figure]:
    data = list(await asyncio.to_thread(photos))
    registry = JobRegistry()
    async with AsyncExitStack() as opened:
        up = await opened.enter_async_context(serve_upstream(registry, PACE))
        there: dict[str, DiscordBench] = {
            name: await opened.enter_async_context(platforms.discord(slash=False)) for name in ("bare", "easel")
        }
        bare = await opened.enter_async_context(
            subjects.run_baseline(folder, up, there["bare"].baseline_script, there["bare"].baseline_config)
        )
        easel = await opened.enter_async_context(
            subjects.run_easel(folder, subjects.easel_settings(up, folder, there["easel"].easel_settings))
        )
        running: dict[str, Subject] = {"bare": bare, "easel": easel}
        await asyncio.sleep(0.5)
        done: dict[str, list[MeasuredJob]] = {"bare": [], "easel": []}
        gaps: dict[str, list[float]] = {"bare": [], "easel": []}
        for number in range(4 if quick else 10):
            for name, platform in there.items():
                target = platform.open_chat(f"member {number}")
                done[name].append(await one(platform, target, registry.add(f"{name}{number}"), data))
                async with probed(platform) as probe:  # a load of its own: no part of the way upstream
                    done[name].append(await one(platform, target, registry.add(f"probed{name}{number}"), data))
                gaps[name].append(max(probe.waits, default=0.0))
        alone = {name: subject.peak_mb for name, subject in running.items()}
        lost = await crowd(registry, there["easel"], data)
    ours, theirs = (
        median([j.upstream_at - j.requested_at for j in done[name][::2]]) * 1000 for name in ("easel", "bare")
    )

    def figure(what: str, unit: str, easel: float, baseline: float | None, limit: float | None) -> Figure:
        return Figure(
            scenario="D", case="3 × 4 MB", quantity=what, unit=unit, easel=easel, baseline=baseline, limit=limit
        )

    return [
        figure("event → upstream request, p50", "ms", ours, theirs, theirs * 1.1),
        figure("longest gap", "ms", median(gaps["easel"]) * 1000, median(gaps["bare"]) * 1000, 50),
        figure("peak memory", "MB", alone["easel"], alone["bare"], None),
        figure(f"peak memory, {CROWD} at once", "MB", easel.peak_mb, None, 500),
        figure("lost", "jobs", lost + sum(job.lost for job in done["easel"]), None, 0),
    ]


async def one(platform: DiscordBench, target: Any, job: MeasuredJob, data: list[bytes]) -> MeasuredJob:
    platform.send_prompt(target, job, data)
    await wait_for_pictures([job], seconds=LATEST)
    return job


async def crowd(registry: JobRegistry, platform: DiscordBench, data: list[bytes]) -> int:
    """So many jobs at once, each with its photos; how many were lost."""
    jobs = [registry.add(f"crowd{number}") for number in range(CROWD)]
    chats = [platform.open_chat(f"crowd {number}") for number in range(CROWD)]
    for target, job in zip(chats, jobs, strict=True):
        platform.send_prompt(target, job, data)
    return await wait_for_pictures(jobs, seconds=LATEST)
