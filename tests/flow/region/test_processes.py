"""Links to the region page where several processes serve it from one database: any of them takes one, and once."""

import asyncio
from collections.abc import Generator
from pathlib import Path

import pytest

from bot.ports import RegionPages
from bot.sandbox import Sandbox
from bot.settings import Settings
from tests.flow.region.region_page import HALF_OF_1024, LOOSE, Pages, masking, press_region
from tests.flow.world import MemoryWorld
from tests.support.clusters import member
from tests.support.platform import Post
from tests.support.postgres import Cluster
from tests.support.world import open_app


@pytest.fixture
def database(postgres: Cluster, postgres_template: str) -> Generator[str]:
    """Of all processes."""
    with postgres.database(template=postgres_template) as url:
        yield url


def shown(platform: Pages) -> list[Post]:
    """The messages with pictures."""
    return [each for each in platform.posts if each.images]


@pytest.mark.thorough
async def test_a_link_that_two_processes_take_at_once_is_one_job(
    database: str, tmp_path: Path, sandbox: Sandbox
) -> None:
    platform = Pages()
    easel = MemoryWorld(folder=tmp_path, sandbox=sandbox, platform=platform)
    settings = Settings(**easel.values({"database_url": database, **masking(sandbox)}))
    async with (
        member(database) as one,
        member(database) as other,
        open_app(settings, {"memory": platform}, easel.clock, cluster=one) as first,
        open_app(settings, {"memory": platform}, easel.clock, cluster=other) as second,
    ):
        await first.start()
        await second.start()
        easel.running = first
        await easel.say("a small boat on a lake")
        await platform.until(lambda: len(shown(platform)) == 1)
        [result] = shown(platform)
        token, _ = await press_region(easel, result)
        pages: tuple[RegionPages, ...] = (first.regions, second.regions, first.regions, second.regions)
        await asyncio.gather(*(each.paint(token, None, LOOSE, HALF_OF_1024) for each in pages))
        await platform.until(lambda: len(shown(platform)) == 2)
        easel.running = None
    assert len(platform.posts) == len(sandbox.requests) == 2
