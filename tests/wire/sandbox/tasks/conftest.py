"""Fixtures of the tasks dialect's tests."""

from collections.abc import AsyncIterator

import pytest

from tests.wire.sandbox.tasks.task_client import TaskClient, open_client


@pytest.fixture
async def client() -> AsyncIterator[TaskClient]:
    async with open_client() as made:
        yield made
