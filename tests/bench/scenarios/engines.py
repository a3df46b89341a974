"""M: A of one process on PostgreSQL beside A of one on SQLite, a job on each in turn; `bare` is SQLite.

The server commits durably, and its folder stands where SQLite's file does.
"""

from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest

from tests.bench import subjects
from tests.bench.figures import Figure, percentile, relative_limit
from tests.bench.jobs import JobRegistry
from tests.bench.platforms import PLATFORMS, BenchPlatform
from tests.bench.scenarios import acceptances
from tests.bench.scenarios.one_by_one import PACE, SPANS, durations, in_turn
from tests.bench.upstream import serve_upstream
from tests.support.postgres import Cluster, cluster

ENGINES = ("sqlite", "postgres")
SLOWER = 1.5  # times as long as on SQLite may a job take at p50


async def run(folder: Path, *, quick: bool) -> list[Figure]:
    """Nothing where this machine has no PostgreSQL."""
    with suppress(pytest.skip.Exception), cluster(durable=True) as server:
        figures: list[Figure] = []
        for case in PLATFORMS:
            figures += await compare(folder / case.replace(" ", "-"), case, server, jobs=8 if quick else 50)
        return figures
    return []


async def compare(folder: Path, case: str, server: Cluster, *, jobs: int) -> list[Figure]:
    """Scenario A of one process on each engine, in turn."""
    registry = JobRegistry()
    async with AsyncExitStack() as opened:
        up = await opened.enter_async_context(serve_upstream(registry, PACE))
        there: dict[str, BenchPlatform] = {}
        for engine in ENGINES:
            platform = there[engine] = await opened.enter_async_context(PLATFORMS[case]())
            values = subjects.easel_settings(up, folder, platform.easel_settings)
            if engine == "postgres":
                values["database_url"] = await acceptances.make_database(server)
            await opened.enter_async_context(subjects.run_easel(folder, values, name=engine))
        done = await in_turn(registry, there, jobs)
    figures: list[Figure] = []
    for what, span in SPANS.items():
        ours, theirs = (percentile(durations(done[engine], span), 0.5) for engine in ("postgres", "sqlite"))
        figures.append(
            Figure(
                scenario="M", case=case, quantity=f"{what}, p50", unit="ms",
                easel=ours * 1000, baseline=theirs * 1000, limit=relative_limit(theirs, SLOWER) * 1000,
            )
        )  # fmt: skip
    return figures
