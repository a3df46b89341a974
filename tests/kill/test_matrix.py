"""Killed at every step of a job, in every dialect, on both platforms; and begun again."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.texts import load
from tests.kill.house import house
from tests.kill.matrix import cells, killed_and_begun_again, table
from tests.kill.steps import DIALECTS


@pytest.fixture(autouse=True, scope="module")
def words() -> None:
    """Read outside of the event loop, as the app does."""
    load()


@pytest.mark.timeout(240)  # seconds; two processes and some forty jobs, which take ten on a quiet machine
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_killed_at_every_step(
    tmp_path: Path, dialect: str, record_property: Callable[[str, object], None]
) -> None:
    async with house(tmp_path, dialect) as place:
        verdicts = await killed_and_begun_again(place, cells(place))
    record_property("table", table(verdicts))
    assert not [each for each in verdicts if each.wrong]
