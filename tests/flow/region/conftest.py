"""Easel on a platform that opens pages, with a provider that takes masks; and a client of its region page."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.sandbox import Sandbox
from tests.flow.region.region_page import Pages, RegionClient, masking, region_client
from tests.flow.world import MemoryWorld, world


@pytest.fixture
async def easel(tmp_path: Path, sandbox: Sandbox) -> AsyncIterator[MemoryWorld]:
    async with world(tmp_path, sandbox, Pages(), **masking(sandbox)) as made:
        yield made


@pytest.fixture
async def page(easel: MemoryWorld) -> AsyncIterator[RegionClient]:
    async with region_client(easel) as client:
        yield client
