"""What every test lives under: no network but loopback, no blocking call on the event loop, no stray warning."""

from collections.abc import Iterator

import pytest
from blockbuster import BlockBuster, blockbuster_ctx


@pytest.fixture(autouse=True)
def unblocked() -> Iterator[BlockBuster]:
    """A blocking call on the event loop raises BlockingError inside our code."""
    with blockbuster_ctx(["bot", "adapters"]) as watch:
        yield watch
