"""Easel is stopped in order while a picture is on its way to its chat: whoever has shown it settles it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from bot.app import App
from bot.job import State
from bot.sandbox import Sandbox
from tests.flow.scenes import HeldPlatform
from tests.flow.world import settings
from tests.support.clocks import FastClock
from tests.support.clusters import member
from tests.support.databases import migrated_database
from tests.support.platform import AMBER, Platform
from tests.support.waiting import wait_until
from tests.support.world import DAILY_CREDITS, open_store


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return request.getfixturevalue("shared_url")
    return migrated_database(tmp_path)


@asynccontextmanager
async def easel(url: str, folder: Path, sandbox: Sandbox, platform: Platform) -> AsyncGenerator[App]:
    """One process, which gives no job any time when it is stopped."""
    clock, given = FastClock(10.0), settings(folder, sandbox, database_url=url, drain_s=0)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(url, clock, migrate=False))
        shares = url.startswith("postgresql")
        cluster = await stack.enter_async_context(member(url)) if shares else None
        app = await App.open(given, store, {"memory": platform}, clock, cluster=cluster)
        stack.push_async_callback(app.close)
        await app.start()
        yield app


@pytest.mark.parametrize("held", ["deliver", "after-deliver"])
async def test_a_picture_on_its_way_is_charged_by_whoever_shows_it(
    database_url: str, tmp_path: Path, held: str
) -> None:
    platform = HeldPlatform(held)
    async with Sandbox(pace=0) as sandbox, easel(database_url, tmp_path, sandbox, platform) as app:
        await app.events.receive_message(platform.message("a cat"))
        await platform.reached.wait()
        draining = asyncio.create_task(app.drain())
        await wait_until(lambda: any(each.cancelling() for each in asyncio.all_tasks()))
        platform.release()
        await draining
    async with open_store(database_url, FastClock(1.0), migrate=False) as store:
        [job] = await store.history(AMBER.key, limit=1)
        assert (job.state, job.charged) == (State.DONE, 1)
        assert (await store.balance(AMBER.key, DAILY_CREDITS)).reserved == 0
    assert [(len(each.images), each.deliveries) for each in platform.posts] == [(1, 1)]
