"""The fixture of tests that run one job."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot import texts
from bot.downloads.fetcher import Fetcher
from bot.runtime.clock import SystemClock
from bot.status.messages import StatusMessages
from bot.store.store import Store
from tests.flow.jobs.runner_bench import Odd, RunnerBench
from tests.servers.upstream.picture_host import picture_host
from tests.support.databases import migrated_database
from tests.support.images import png


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncGenerator[RunnerBench]:
    await asyncio.to_thread(texts.preload_locales)
    store = await Store.open(migrated_database(tmp_path), clock=SystemClock())
    platform = Odd()
    status_messages = StatusMessages({"memory": platform}, SystemClock())
    await status_messages.start()
    async with picture_host(png()) as slow, Fetcher([slow.address.removeprefix("http://")]) as fetcher:
        bench = RunnerBench(store, status_messages, fetcher, platform, slow)
        yield bench
        await bench.jobs.close()
    await status_messages.stop()
    await store.close()
