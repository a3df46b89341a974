"""A process killed at every kill point of what is done with results: nothing is lost, and nothing is spent twice."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kill.members import PUBLIC
from tests.kill.studio_cells import Cell, Kind
from tests.kill.studio_matrix import KINDS, FaultsOnce, all_cells, few_cells, kill_and_restart
from tests.kill.studio_verdicts import format_table
from tests.kill.world import KillWorld, kill_world

DIALECTS = ("chat", "images")  # which shows marked copies for masks, and which takes masks
Recorder = Callable[[str, object], None]

pytestmark = pytest.mark.usefixtures("preloaded_texts")


@pytest.mark.forms(1)
@pytest.mark.timeout(600)  # seconds; three processes and some forty jobs
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.thorough
async def test_kill_and_restart(tmp_path: Path, dialect: str, record_property: Recorder) -> None:
    await check_cells(tmp_path, dialect, few_cells, record_property)


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_kill_and_restart_at_every_point_on_every_platform(
    tmp_path: Path, dialect: str, kind: Kind, record_property: Recorder
) -> None:
    await check_cells(tmp_path, dialect, lambda world: all_cells(world, kind), record_property)


async def check_cells(
    tmp_path: Path, dialect: str, cells: Callable[[KillWorld], list[Cell]], record_property: Recorder
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
