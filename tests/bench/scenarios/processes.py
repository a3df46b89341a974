"""J: several processes on one PostgreSQL beside one: what they accept together, and how soon others are heard.

The server commits durably, and its folder stands where SQLite's file does.
"""

import asyncio
import signal
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.bench import platforms, subjects
from tests.bench.figures import Figure, percentile
from tests.bench.jobs import JobRegistry, MeasuredJob, now
from tests.bench.platforms import TelegramBench
from tests.bench.process import Subject
from tests.bench.scenarios import acceptances
from tests.bench.scenarios.one_by_one import LATEST
from tests.bench.upstream import BenchUpstream, Pace, serve_upstream
from tests.support.postgres import Cluster, cluster

CANCELLED_S = 1.0  # from the user's word until the upstream is let go, at p95
TAKEN_OVER_S = 10.0  # from a worker's death until another one has its job
UNENDING = Pace(seconds=600.0, lines=1)
POLL_S = 0.002  # between two looks at servers' records and logs
TAKEN = "job taken from the queue"


async def run(folder: Path, *, quick: bool) -> list[Figure]:
    """Nothing where this machine has no PostgreSQL."""
    with suppress(pytest.skip.Exception), cluster(durable=True) as server:
        figures = await acceptances.compare(server, seconds=2.0 if quick else 8.0)
        figures += await cancel(folder / "cancel", server, jobs=10 if quick else 60)
        for case, ended_by in (("killed worker", signal.SIGKILL), ("stopped worker", signal.SIGSTOP)):
            figures += await take_over(
                folder / case.replace(" ", "-"), case, server, ended_by, rounds=2 if quick else 6
            )
        return figures
    return []


# ---------------------------------------------------------------- one receives, others paint


@dataclass(slots=True, kw_only=True)
class Crew:
    """An `easel run` that paints nothing, and workers, on one database and one Telegram."""

    folder: Path
    values: Mapping[str, Any]
    platform: TelegramBench
    registry: JobRegistry
    opened: AsyncExitStack
    workers: list[Subject] = field(default_factory=list[Subject])
    started: int = 0

    async def add_worker(self) -> None:
        self.started += 1
        running = subjects.run_easel(self.folder, self.values, command="worker", name=f"worker{self.started}")
        self.workers.append(await self.opened.enter_async_context(running))

    def ask(self, number: int) -> tuple[Any, MeasuredJob]:
        """A new user asks for a picture. The user's chat, and the job."""
        chat, job = self.platform.open_chat(f"member {number}"), self.registry.add(f"crew{number}")
        self.platform.send_prompt(chat, job)
        return chat, job


@asynccontextmanager
async def crew(folder: Path, server: Cluster, *, workers: int) -> AsyncGenerator[Crew]:
    registry = JobRegistry()
    async with AsyncExitStack() as opened:
        up = await opened.enter_async_context(serve_upstream(registry, UNENDING))
        platform = await opened.enter_async_context(platforms.telegram())
        values = subjects.easel_settings(up, folder, platform.easel_settings)
        values |= {"database_url": await acceptances.make_database(server), "fetch": {"allow_hosts": [host(up)]}}
        paints_nothing = values | {"jobs": {"concurrency": 0}}
        await opened.enter_async_context(subjects.run_easel(folder, paints_nothing))
        made = Crew(folder=folder, values=values, platform=platform, registry=registry, opened=opened)
        for _ in range(workers):
            await made.add_worker()
        yield made


def host(up: BenchUpstream) -> str:
    return up.address.removeprefix("http://")


async def until(condition: Callable[[], bool], *, seconds: float = LATEST) -> float:
    """Seconds until it holds; `seconds` where it does not."""
    begun = now()
    while not condition() and now() - begun < seconds:  # noqa: ASYNC110 - records and logs wake nobody
        await asyncio.sleep(POLL_S)
    return now() - begun


async def cancel(folder: Path, server: Cluster, *, jobs: int) -> list[Figure]:
    """Jobs that a worker runs are cancelled one by one, at the process that received them."""
    async with crew(folder, server, workers=1) as running:
        asked = [running.ask(number) for number in range(jobs)]
        await until(lambda: all(job.requests for _, job in asked))
        times: list[float] = []
        for (user, chat), job in asked:
            running.platform.server.say(user, chat, "/cancel")
            times.append(await until(lambda job=job: job.released_at == job.released_at))
    return [
        Figure(
            scenario="J", case="cancel across processes", quantity=f"/cancel → upstream let go, {name}", unit="s",
            easel=percentile(times, share), limit=limit,
        )
        for name, share, limit in (("p50", 0.5, None), ("p95", 0.95, CANCELLED_S), ("max", 1.0, None))
    ]  # fmt: skip


async def take_over(folder: Path, case: str, server: Cluster, ended_by: signal.Signals, *, rounds: int) -> list[Figure]:
    """The worker that runs a job is ended; how long until the other one has begun an attempt of its own."""
    times: list[float] = []
    async with crew(folder, server, workers=2) as running:
        for number in range(rounds):
            before = [each.output_count(TAKEN) for each in running.workers]
            _, job = running.ask(number)
            await until(lambda job=job: bool(job.requests))
            holds = [each.output_count(TAKEN) > count for each, count in zip(running.workers, before, strict=True)]
            holder, other = running.workers if holds[0] else running.workers[::-1]
            count = other.output_count(TAKEN)
            holder.send_signal(ended_by)
            times.append(await until(lambda other=other, count=count: other.output_count(TAKEN) > count))
            if ended_by is not signal.SIGKILL:
                holder.send_signal(signal.SIGKILL)
            await holder.wait()
            running.workers = [other]
            await running.add_worker()
    return [
        Figure(
            scenario="J", case=case, quantity="its job is another's", unit="s", easel=max(times), limit=TAKEN_OVER_S,
        )
    ]  # fmt: skip
