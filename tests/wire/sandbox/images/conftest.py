"""Fixtures of the images dialect's tests."""

from collections.abc import AsyncIterator

import openai
import pytest

from bot.sandbox import Sandbox
from tests.wire.sandbox.images.images_client import KEY


@pytest.fixture
async def official(sandbox: Sandbox) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(api_key=KEY, base_url=f"{sandbox.address}/v1", max_retries=0) as client:
        yield client
