"""A process killed at every kill point of a job, in every dialect, on both platforms; and restarted."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kill.kill_points import DIALECTS
from tests.kill.matrix import Cell, all_cells, format_table, kill_and_restart, latin_square_cells
from tests.kill.world import KillWorld, kill_world

pytestmark = pytest.mark.usefixtures("preloaded_texts")

Recorder = Callable[[str, object], None]


@pytest.mark.forms(1)
@pytest.mark.timeout(240)  # seconds; two processes and some fourteen jobs, which take ten on a quiet machine
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_kill_and_restart_at_every_point(tmp_path: Path, dialect: str, record_property: Recorder) -> None:
    await check_all_cells(tmp_path, dialect, latin_square_cells, record_property)


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_kill_and_restart_at_every_point_on_every_platform(
    tmp_path: Path, dialect: str, record_property: Recorder
) -> None:
    await check_all_cells(tmp_path, dialect, all_cells, record_property)


async def check_all_cells(
    folder: Path, dialect: str, cells: Callable[[KillWorld], list[Cell]], record_property: Recorder
) -> None:
    async with kill_world(folder, dialect) as world:
        verdicts = await kill_and_restart(world, cells(world))
    record_property("table", format_table(verdicts))
    assert not [each for each in verdicts if each.failures]
