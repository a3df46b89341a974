"""A process killed at every kill point of what is done with results: nothing is lost, and nothing is spent twice."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kill.members import PUBLIC
from tests.kill.studio_matrix import Cell, FaultsOnce, all_cells, few_cells, format_table, kill_and_restart
from tests.kill.world import KillWorld, kill_world

pytestmark = pytest.mark.usefixtures("preloaded_texts")


@pytest.mark.parametrize(
    ("dialect", "cells"),
    [
        ("chat", few_cells),
        pytest.param("images", few_cells, marks=pytest.mark.thorough),
        *(pytest.param(dialect, all_cells, marks=pytest.mark.soak) for dialect in ("chat", "images")),
    ],
)
@pytest.mark.timeout(600)  # seconds; three processes, and a hundred jobs in the soak
async def test_kill_and_restart_at_every_point(
    tmp_path: Path,
    dialect: str,
    cells: Callable[[KillWorld], list[Cell]],
    record_property: Callable[[str, object], None],
) -> None:
    faults = FaultsOnce()
    async with kill_world(tmp_path, dialect, faults=faults, pace=0.05) as world:
        world.settings |= {
            "server": {"port": 0, "public_url": PUBLIC},
            "limits": {"user_strikes": 1, "user_per_minute": 1000},
        }
        verdicts = await kill_and_restart(world, cells(world), faults)
    record_property("table", format_table(verdicts))
    assert not [each for each in verdicts if each.failures]
