"""C: hundreds of jobs at once, each in a chat of its own, within the platforms' overall limits. What a small process
carries: the delays of the pictures, processor time and memory a job."""

import asyncio
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import platforms, subjects
from tests.bench.figures import Figure, percentile
from tests.bench.jobs import JobRegistry, MeasuredJob, wait_for_pictures
from tests.bench.platforms import BenchPlatform
from tests.bench.process import Subject
from tests.bench.upstream import BenchUpstream, Pace, sample_image, serve_upstream
from tests.servers.telegram import Limits

PACE = Pace(seconds=15.0, lines=29)  # two lines a second
QUICK_PACE = Pace(seconds=5.0, lines=9)
RATES = {"telegram": 30.0, "discord mention": 50.0}  # calls a second that the platform takes in all
NEAR = {200: 1.1, 500: 1.1, 2000: 1.2}  # how near to the optimum, by the number of jobs
SETTLE = 1.0  # seconds after the start until memory is looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one subject needed."""

    jobs: list[MeasuredJob]
    refused: int
    cpu: float  # seconds a job
    memory: float  # kB a job


async def run(folder: Path, *, quick: bool) -> list[Figure]:
    figures: list[Figure] = []
    for count in (200,) if quick else (500, 2000):
        for case in RATES:
            figures += await compare(folder / f"{case.replace(' ', '-')}-{count}", case, count, quick=quick)
    return figures


async def compare(folder: Path, case: str, count: int, *, quick: bool) -> list[Figure]:
    pace = QUICK_PACE if quick else PACE
    image = await asyncio.to_thread(sample_image, 1792, 1280)
    bare = await measure(folder, case, count, pace, image, easel=False)
    easel = await measure(folder, case, count, pace, image, easel=True)
    where = f"{case}, {count}"
    optimum = 0.95 * count / RATES[case]
    figures: list[Figure] = []

    def add(what: str, unit: str, ours: float, theirs: float, limit: float | None) -> None:
        figures.append(
            Figure(scenario="C", case=where, quantity=what, unit=unit, easel=ours, baseline=theirs, limit=limit)
        )

    add("refused", "calls", easel.refused, bare.refused, 0)
    add("lost", "jobs", sum(j.lost for j in easel.jobs), sum(j.lost for j in bare.jobs), 0)
    for share in (0.5, 0.95):
        limit = optimum * NEAR[count] if share == 0.95 else None
        ours, theirs = (percentile(_delays(each.jobs), share) for each in (easel, bare))
        add(f"done → picture, p{share * 100:.0f}", "s", ours, theirs, limit)
    add("processor time a job", "ms", easel.cpu * 1000, bare.cpu * 1000, bare.cpu * 1300)
    add("memory a job", "kB", easel.memory, bare.memory, bare.memory / 2)
    return figures


async def measure(folder: Path, case: str, count: int, pace: Pace, image: bytes, *, easel: bool) -> Run:
    """All jobs asked for at once; until all have their picture."""
    registry = JobRegistry()
    async with AsyncExitStack() as opened:
        up = await opened.enter_async_context(serve_upstream(registry, pace, image))
        platform: BenchPlatform = await opened.enter_async_context(_door(case))
        chats = [platform.open_chat(f"member {number}") for number in range(count)]
        subject = await opened.enter_async_context(_subject(folder, up, platform, easel=easel))
        await asyncio.sleep(SETTLE)
        jobs = [registry.add(f"c{number}") for number in range(count)]
        before, idle = subject.cpu_s(), subject.rss_mb()
        subject.peak_mb = idle
        for target, job in zip(chats, jobs, strict=True):
            platform.send_prompt(target, job)
        await wait_for_pictures(jobs, seconds=pace.seconds + 4 * count / RATES[case] + 30)
        cpu = (subject.cpu_s() - before) / count
        return Run(jobs=jobs, refused=platform.refused_calls, cpu=cpu, memory=(subject.peak_mb - idle) * 1000 / count)


def _door(case: str) -> Any:
    return platforms.telegram(Limits()) if case == "telegram" else platforms.discord(slash=False)


def _subject(
    folder: Path, up: BenchUpstream, platform: BenchPlatform, *, easel: bool
) -> AbstractAsyncContextManager[Subject]:
    if easel:
        return subjects.run_easel(folder, subjects.easel_settings(up, folder, platform.easel_settings))
    return subjects.run_baseline(folder, up, platform.baseline_script, platform.baseline_config)


def _delays(jobs: list[MeasuredJob]) -> list[float]:
    return [job.picture_at - job.last_byte_at for job in jobs if not job.lost]
