"""A test Telegram server, and the real python-telegram-bot against it."""

from collections.abc import AsyncGenerator

import pytest
from telegram import (
    Bot,
)

from tests.servers.telegram import UNLIMITED, TelegramServer
from tests.servers.telegram.real_bot import make_bot
from tests.servers.telegram.scenes import Scene


@pytest.fixture
async def place() -> AsyncGenerator[Scene]:
    async with TelegramServer(limits=UNLIMITED) as server:
        yield Scene(server)


@pytest.fixture
async def bot(place: Scene) -> AsyncGenerator[Bot]:
    async with make_bot(place.server) as bot:
        yield bot


@pytest.fixture
def whole_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client warns of numbers where it will give timedelta; this asks for timedelta."""
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
