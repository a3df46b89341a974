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

from tests.bench import places, subjects
from tests.bench.figures import Figure, median
from tests.bench.jobs import Job, Watch, ended, now
from tests.bench.places import Discord
from tests.bench.process import Subject
from tests.bench.upstream import Pace, upstream

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

    def __init__(self, place: Discord) -> None:
        self._place = place
        self._room = place.room("prober")
        self._answered = asyncio.Event()
        place.answered = lambda _: self._answered.set()
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
async def probed(place: Discord) -> AsyncGenerator[Probe]:
    probe = Probe(place)
    asking = asyncio.create_task(probe.ask())
    try:
        yield probe
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


async def run(folder: Path, *, quick: bool) -> list[Figure]:
    data = list(await asyncio.to_thread(photos))
    watch = Watch()
    async with AsyncExitStack() as opened:
        up = await opened.enter_async_context(upstream(watch, PACE))
        there: dict[str, Discord] = {
            name: await opened.enter_async_context(places.discord(slash=False)) for name in ("bare", "easel")
        }
        bare = await opened.enter_async_context(subjects.bare(folder, up, there["bare"].script, there["bare"].given))
        easel = await opened.enter_async_context(
            subjects.easel(folder, subjects.settings(up, folder, there["easel"].settings))
        )
        running: dict[str, Subject] = {"bare": bare, "easel": easel}
        await asyncio.sleep(0.5)
        done: dict[str, list[Job]] = {"bare": [], "easel": []}
        gaps: dict[str, list[float]] = {"bare": [], "easel": []}
        for number in range(4 if quick else 10):
            for name, place in there.items():
                room = place.room(f"member {number}")
                done[name].append(await one(place, room, watch.job(f"{name}{number}"), data))
                async with probed(place) as probe:  # a load of its own: no part of the way upstream
                    done[name].append(await one(place, room, watch.job(f"probed{name}{number}"), data))
                gaps[name].append(max(probe.waits, default=0.0))
        alone = {name: subject.peak for name, subject in running.items()}
        lost = await crowd(watch, there["easel"], data)
    ours, theirs = (median([j.upstream - j.asked for j in done[name][::2]]) * 1000 for name in ("easel", "bare"))

    def figure(what: str, unit: str, easel: float, baseline: float | None, limit: float | None) -> Figure:
        return Figure(scenario="D", case="3 × 4 MB", what=what, unit=unit, easel=easel, baseline=baseline, limit=limit)

    return [
        figure("event → upstream request, p50", "ms", ours, theirs, theirs * 1.1),
        figure("longest gap", "ms", median(gaps["easel"]) * 1000, median(gaps["bare"]) * 1000, 50),
        figure("peak memory", "MB", alone["easel"], alone["bare"], None),
        figure(f"peak memory, {CROWD} at once", "MB", easel.peak, None, 500),
        figure("lost", "jobs", lost + sum(job.lost for job in done["easel"]), None, 0),
    ]


async def one(place: Discord, room: Any, job: Job, data: list[bytes]) -> Job:
    place.ask(room, job, data)
    await ended([job], seconds=LATEST)
    return job


async def crowd(watch: Watch, place: Discord, data: list[bytes]) -> int:
    """So many jobs at once, each with its photos; how many were lost."""
    jobs = [watch.job(f"crowd{number}") for number in range(CROWD)]
    rooms = [place.room(f"crowd {number}") for number in range(CROWD)]
    for room, job in zip(rooms, jobs, strict=True):
        place.ask(room, job, data)
    return await ended(jobs, seconds=LATEST)
