"""H: how long until Easel is there: `easel run` until it is ready, and `easel --help`."""

import asyncio
import socket
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp

from tests.bench import platforms, subjects
from tests.bench.figures import Figure, median
from tests.bench.jobs import JobRegistry, now
from tests.bench.process import process
from tests.bench.upstream import Pace, serve_upstream

LOOK = 0.005  # seconds between two looks whether it is ready
LATEST = 60.0  # seconds


async def run(folder: Path, *, quick: bool) -> list[Figure]:
    rounds = 3 if quick else 7
    ready: list[float] = []
    bare: list[float] = []
    helped: list[float] = []
    for _ in range(rounds):
        bare.append(await _bare(folder))
        ready.append(await _easel(folder))
        helped.append(await _help(folder))
    ours, theirs = median(ready), median(bare)
    return [
        Figure(
            scenario="H", case="easel run", quantity="ready", unit="s", easel=ours, baseline=theirs, limit=1.5 * theirs
        ),
        Figure(scenario="H", case="easel --help", quantity="answered", unit="s", easel=median(helped), limit=0.4),
    ]


async def _bare(folder: Path) -> float:
    async with AsyncExitStack() as opened:
        up = await opened.enter_async_context(serve_upstream(JobRegistry(), Pace(seconds=0, lines=0)))
        platform = await opened.enter_async_context(platforms.discord(slash=False))
        begun = now()
        await opened.enter_async_context(
            subjects.run_baseline(folder, up, platform.baseline_script, platform.baseline_config)
        )
        return now() - begun


async def _easel(folder: Path) -> float:
    """Asks /readyz until it says so."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with AsyncExitStack() as opened:
        up = await opened.enter_async_context(serve_upstream(JobRegistry(), Pace(seconds=0, lines=0)))
        platform = await opened.enter_async_context(platforms.discord(slash=False))
        values = subjects.easel_settings(up, folder, platform.easel_settings) | {"server": {"port": port}}
        http = await opened.enter_async_context(aiohttp.ClientSession())
        begun = now()
        async with asyncio.timeout(LATEST):
            await opened.enter_async_context(subjects.start_easel(folder, values))
            while not await _answers(http, f"http://127.0.0.1:{port}/readyz"):  # noqa: ASYNC110 - another process's
                await asyncio.sleep(LOOK)
        return now() - begun


async def _answers(http: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with http.get(url) as response:
            return response.status == 200
    except aiohttp.ClientError:
        return False


async def _help(folder: Path) -> float:
    begun = now()
    command = [sys.executable, "-c", "from adapters.cli import main; main()", "--help"]
    async with process(command, folder, "help") as subject:
        await subject.wait()
        return now() - begun
