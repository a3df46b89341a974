"""Fixtures of the provider tests over real sockets."""

from collections.abc import AsyncIterator

import pytest

from bot.providers.http.client import UpstreamClient


@pytest.fixture
async def client() -> AsyncIterator[UpstreamClient]:
    async with UpstreamClient() as client:
        yield client
