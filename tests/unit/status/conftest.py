"""Fixtures of the tests of status messages."""

from collections.abc import AsyncGenerator

import pytest

from bot.status.messages import StatusMessages
from tests.support.clocks import FakeClock
from tests.unit.status.gated_platform import GatedPlatform


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def platform(preloaded_texts: None) -> GatedPlatform:
    return GatedPlatform()


@pytest.fixture
async def status_messages(platform: GatedPlatform, clock: FakeClock) -> AsyncGenerator[StatusMessages]:
    made = StatusMessages({"memory": platform}, clock)
    await made.start()
    yield made
    platform.edits_allowed.set()
    await made.stop()
