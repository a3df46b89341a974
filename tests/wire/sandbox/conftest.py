"""A sandbox that paints at once, and a client with its key."""

from collections.abc import AsyncIterator

import httpx
import pytest

from bot.sandbox import Sandbox


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(pace=0) as made:
        yield made


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(headers={"Authorization": "Bearer sandbox"}, timeout=30) as made:
        yield made
