"""Fixtures of the chat dialect's tests."""

from collections.abc import AsyncIterator

import httpx
import pytest

from bot.sandbox import Sandbox


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(headers={"Authorization": "Bearer sandbox"}, timeout=30) as client:
        yield client


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(pace=0) as sandbox:
        yield sandbox
