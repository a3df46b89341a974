"""A: one job after the other, Easel's and the baseline's in turn. What a bot adds to its upstream, piece by piece."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from tests.bench import subjects
from tests.bench.figures import Figure, percentile, relative_limit
from tests.bench.jobs import JobRegistry, MeasuredJob, wait_for_pictures
from tests.bench.platforms import PLATFORMS, BenchPlatform
from tests.bench.upstream import BenchUpstream, Pace, serve_upstream

WARM = 3  # jobs that are not counted: imports, first connections, caches
PAUSE = 0.05  # seconds after a picture, so that what is written after it does not meet the next job
LATEST = 30.0  # seconds until a job counts as lost
SLACK = 0.004  # seconds by which Easel may be slower whatever the ratio says
PACE = Pace(seconds=0.4, lines=4)
STEPS = {"discord mention": "discord_steps"}  # bare that also writes down each step of a job: what that alone costs
SPANS: Mapping[str, tuple[str, str]] = {
    "event → first status": ("requested_at", "status_at"),
    "event → upstream request": ("requested_at", "upstream_at"),
    "last byte → picture": ("last_byte_at", "picture_at"),
}


async def run(folder: Path, *, quick: bool) -> list[Figure]:
    figures: list[Figure] = []
    for case in PLATFORMS:
        figures += await compare(folder / case.replace(" ", "-"), case, jobs=8 if quick else 30)
    return figures


async def compare(folder: Path, case: str, *, jobs: int) -> list[Figure]:
    """One platform: all subjects run at once, and are asked in turn."""
    registry = JobRegistry()
    names = ("bare", "easel", *(["steps"] if case in STEPS else []))
    async with AsyncExitStack() as opened:
        up = await opened.enter_async_context(serve_upstream(registry, PACE))
        platforms: dict[str, BenchPlatform] = {
            name: await opened.enter_async_context(PLATFORMS[case]()) for name in names
        }
        bare, easel = platforms["bare"], platforms["easel"]
        if (steps := platforms.get("steps")) is not None:
            given = {**steps.baseline_config, "database": f"sqlite:///{folder / 'steps.db'}"}
            await opened.enter_async_context(subjects.run_baseline(folder, up, STEPS[case], given))
        await opened.enter_async_context(subjects.run_baseline(folder, up, bare.baseline_script, bare.baseline_config))
        await opened.enter_async_context(
            subjects.run_easel(folder, subjects.easel_settings(up, folder, easel.easel_settings))
        )
        done = await in_turn(registry, platforms, jobs)
    lost = sum(job.lost for each in done.values() for job in each)
    figures = [*spans("A", case, done["easel"], done["bare"]), _lost("A", case, lost)]
    if "steps" in done:
        beside = spans("A", f"{case}, bare with steps", done["easel"], done["steps"])
        figures += [replace(each, limit=None) for each in beside]
    return figures


async def in_turn(
    registry: JobRegistry, platforms: Mapping[str, BenchPlatform], jobs: int
) -> dict[str, list[MeasuredJob]]:
    """The same jobs in each platform, one at a time over all; the first WARM are left out."""
    done: dict[str, list[MeasuredJob]] = {name: [] for name in platforms}
    chats = {
        (name, n): platform.open_chat(f"member {n}") for name, platform in platforms.items() for n in range(jobs + WARM)
    }
    await asyncio.sleep(0.3)  # subjects hear of the chats
    for number in range(jobs + WARM):
        for name, platform in list(platforms.items())[:: 1 if number % 2 else -1]:
            job = registry.add(f"{name}{number}")
            platform.send_prompt(chats[name, number], job)
            await wait_for_pictures([job], seconds=LATEST)
            await asyncio.sleep(PAUSE)
            if number >= WARM:
                done[name].append(job)
    return done


def durations(jobs: list[MeasuredJob], span: tuple[str, str]) -> list[float]:
    begin, end = span
    return [getattr(job, end) - getattr(job, begin) for job in jobs if not job.lost]


def spans(scenario: str, case: str, easel: list[MeasuredJob], bare: list[MeasuredJob]) -> list[Figure]:
    figures: list[Figure] = []
    for what, span in SPANS.items():
        ours, theirs = durations(easel, span), durations(bare, span)
        for name, share, times in (("p50", 0.5, 1.25), ("p95", 0.95, 1.4)):
            baseline = percentile(theirs, share)
            figures.append(
                Figure(
                    scenario=scenario,
                    case=case,
                    quantity=f"{what}, {name}",
                    unit="ms",
                    easel=percentile(ours, share) * 1000,
                    baseline=baseline * 1000,
                    limit=relative_limit(baseline, times, SLACK) * 1000,
                )
            )
    return figures


def _lost(scenario: str, case: str, lost: int) -> Figure:
    return Figure(scenario=scenario, case=case, quantity="lost", unit="jobs", easel=lost, limit=0)


__all__ = ["BenchUpstream", "compare", "run"]
