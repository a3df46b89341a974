"""What each test of the playground has."""

from collections.abc import AsyncIterator, Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.flow.playground.page_client import PageServer, run_playground


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """What was logged; kept as values, since printing a traceback reads files on the loop."""
    with capture_logs() as kept:
        yield kept


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[PageServer]:
    async with run_playground(tmp_path) as made:
        yield made
