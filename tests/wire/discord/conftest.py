"""A test Discord with one guild and one member."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.wire.discord.easel import DiscordWorld, discord_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[DiscordWorld]:
    async with discord_world(tmp_path) as made:
        yield made
