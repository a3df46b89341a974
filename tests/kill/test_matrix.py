"""Killed at every step of a job, in every dialect, on both platforms; and begun again."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.texts import preload_locales
from tests.kill.house import House, house
from tests.kill.matrix import Cell, every, killed_and_begun_again, pairs, table
from tests.kill.steps import DIALECTS

Recorder = Callable[[str, object], None]


@pytest.fixture(autouse=True, scope="module")
def words() -> None:
    """Read outside of the event loop, as the app does."""
    preload_locales()


@pytest.mark.timeout(240)  # seconds; two processes and some fourteen jobs, which take ten on a quiet machine
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_killed_at_every_step(tmp_path: Path, dialect: str, record_property: Recorder) -> None:
    await brought_to_an_end(tmp_path, dialect, pairs, record_property)


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_killed_at_every_step_on_every_platform(tmp_path: Path, dialect: str, record_property: Recorder) -> None:
    await brought_to_an_end(tmp_path, dialect, every, record_property)


async def brought_to_an_end(
    folder: Path, dialect: str, jobs: Callable[[House], list[Cell]], record_property: Recorder
) -> None:
    async with house(folder, dialect) as place:
        verdicts = await killed_and_begun_again(place, jobs(place))
    record_property("table", table(verdicts))
    assert not [each for each in verdicts if each.wrong]
