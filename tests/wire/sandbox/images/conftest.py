"""Fixtures of the images dialect's tests."""

from collections.abc import AsyncIterator

import httpx
import openai
import pytest

from bot.sandbox import Sandbox
from tests.wire.sandbox.images.images_client import KEY


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(pace=0) as sandbox:
        yield sandbox


@pytest.fixture
async def official(sandbox: Sandbox) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(api_key=KEY, base_url=f"{sandbox.address}/v1", max_retries=0) as client:
        yield client


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {KEY}"}, timeout=30) as client:
        yield client
