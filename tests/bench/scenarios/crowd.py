"""B: twenty members ask at once in one group or channel, within the platform's limits. What a crowd sees, and when."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from tests.bench import platforms, subjects
from tests.bench.figures import Figure, mean, percentile
from tests.bench.jobs import JobRegistry, MeasuredJob, wait_for_pictures
from tests.bench.platforms import BenchPlatform
from tests.bench.upstream import Pace, serve_upstream
from tests.servers.telegram import Limits

JOBS = 20
PACE = Pace(seconds=20.0, lines=15)
LATEST = 150.0  # seconds until a job counts as lost
SLASH = 0.75  # seconds that a bare bot may take for a picture by slash, edits under way included
PLATFORMS: Mapping[str, Any] = {**platforms.PLATFORMS, "telegram": lambda: platforms.telegram(Limits())}
REACH: Mapping[str, Mapping[str, float]] = {
    "telegram": {"mean": 22.0},
    "discord mention": {"p50": 8.3, "p95": 16.5},
    "discord slash": {},
}


async def run(folder: Path, *, quick: bool) -> list[Figure]:
    """Limits of rate are what takes the time here, so all six run at once; `quick` can leave nothing out."""
    _ = quick
    found = await asyncio.gather(*(compare(folder / case.replace(" ", "-"), case) for case in PLATFORMS))
    return [figure for each in found for figure in each]


async def compare(folder: Path, case: str) -> list[Figure]:
    async with AsyncExitStack() as opened:
        registry = JobRegistry()
        up = await opened.enter_async_context(serve_upstream(registry, PACE))
        bare: BenchPlatform = await opened.enter_async_context(PLATFORMS[case]())
        easel: BenchPlatform = await opened.enter_async_context(PLATFORMS[case]())
        crowds = {"bare": bare.add_group(JOBS), "easel": easel.add_group(JOBS)}
        await opened.enter_async_context(subjects.run_baseline(folder, up, bare.baseline_script, bare.baseline_config))
        await opened.enter_async_context(
            subjects.run_easel(folder, subjects.easel_settings(up, folder, easel.easel_settings))
        )
        await asyncio.sleep(0.5)
        jobs = {name: [registry.add(f"{name}{n}") for n in range(JOBS)] for name in crowds}
        for name, platform in (("bare", bare), ("easel", easel)):
            for target, job in zip(crowds[name], jobs[name], strict=True):
                platform.send_prompt(target, job)
        await asyncio.gather(*(wait_for_pictures(each, seconds=LATEST) for each in jobs.values()))
        return figures(case, jobs["easel"], jobs["bare"], easel.refused_calls, bare.refused_calls)


def figures(
    case: str, ours: list[MeasuredJob], theirs: list[MeasuredJob], refused: int, bare_refused: int
) -> list[Figure]:
    figures = [
        _figure(case, "refused", "calls", refused, bare_refused, 0),
        _figure(case, "lost", "jobs", sum(j.lost for j in ours), sum(j.lost for j in theirs), 0),
    ]
    late, bare_late = delays(ours), delays(theirs)
    for name, value, baseline in (
        ("mean", mean(late), mean(bare_late)),
        *((f"p{share}", percentile(late, share / 100), percentile(bare_late, share / 100)) for share in (50, 95)),
        ("max", percentile(late, 1), percentile(bare_late, 1)),
    ):
        limit = REACH[case].get(name)
        if case == "discord slash" and name == "p50":
            limit = 1.2 * max(baseline, SLASH)
        figures.append(_figure(case, f"done → picture, {name}", "s", value, baseline, limit))
    figures.append(
        _figure(
            case, "shown from true percentage, mean", "points",
            mean([j.mean_percent_error() for j in ours]), mean([j.mean_percent_error() for j in theirs]), None,
        )
    )  # fmt: skip
    lines, bare_lines = shown(ours), shown(theirs)
    figures.append(
        Figure(
            scenario="B", case=case, quantity="progress lines shown, a job", unit="",
            easel=lines, baseline=bare_lines, limit=PACE.lines if case == "discord slash" else None, at_least=True,
        )
    )  # fmt: skip
    return figures


def delays(jobs: list[MeasuredJob]) -> list[float]:
    return [job.picture_at - job.last_byte_at for job in jobs if not job.lost]


def shown(jobs: list[MeasuredJob]) -> float:
    """How many of the upstream's lines a chat saw, on average."""
    said = [{int(percent) for _, percent in job.sent_percents} for job in jobs]
    return mean([len({int(p) for _, p in job.shown_percents} & lines) for job, lines in zip(jobs, said, strict=True)])


def _figure(case: str, what: str, unit: str, easel: float, baseline: float, limit: float | None) -> Figure:
    return Figure(scenario="B", case=case, quantity=what, unit=unit, easel=easel, baseline=baseline, limit=limit)
