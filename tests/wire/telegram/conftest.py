"""A test Telegram with Ada and Bo, the operator's storage chat, and a group that the bot is not in."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.handlers import admission
from tests.servers.telegram import Chat, User
from tests.wire.telegram.easel import SPEED, TelegramWorld
from tests.wire.telegram.edges import Edge, edge


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[Edge]:
    async with edge(tmp_path, members=["Bo"]) as made:
        yield made


@pytest.fixture
def minutes_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits for each minute count over one of the machine's, not of the world's fast clock: a busy machine takes its
    time over a flood."""
    monkeypatch.setattr(admission, "WINDOW_S", 60.0 * SPEED)


@pytest.fixture
def place(world: Edge) -> TelegramWorld:
    return world.place


@pytest.fixture
def bo(place: TelegramWorld) -> User:
    """A member of the group beside Ada."""
    return next(each for each in place.server.core.world.users.values() if each.name == "Bo")


@pytest.fixture
def storage(place: TelegramWorld) -> Chat:
    """The operator's group for uploads."""
    return place.server.add_group("Storage")


@pytest.fixture
def elsewhere(place: TelegramWorld) -> Chat:
    """A group of Ada's that the bot is not in."""
    return place.server.add_group("Elsewhere", members=[place.ada], bot_status="left")
