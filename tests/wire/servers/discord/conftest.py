"""A test Discord with quick limits."""

from collections.abc import AsyncGenerator

import pytest

from tests.servers.discord import DiscordServer
from tests.servers.discord.sample_bot import FAST, Scene


@pytest.fixture
async def place() -> AsyncGenerator[Scene]:
    async with DiscordServer(limits=FAST) as server:
        yield Scene(server)
