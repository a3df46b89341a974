"""The sandbox that the tests of jobs paint at."""

from collections.abc import AsyncGenerator

import pytest

from bot.sandbox import Sandbox


@pytest.fixture
async def sandbox() -> AsyncGenerator[Sandbox]:
    async with Sandbox(pace=0) as upstream:
        yield upstream
