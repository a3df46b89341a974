"""Fixtures of the tests of the tasks dialect."""

import pytest

from tests.support.clocks import InstantClock


@pytest.fixture
def clock() -> InstantClock:
    return InstantClock()
