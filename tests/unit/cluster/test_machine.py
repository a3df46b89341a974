"""Whether another process of this machine is dead, told from what the system says of it."""

import os
from pathlib import Path

import pytest

from bot.cluster.machine import is_dead, this_machine
from bot.store.process_rows import Neighbour


def proc_with(folder: Path, pid: int, *, name: str = "easel", state: str = "S", started: int = 77) -> Path:
    """A /proc with one process, as proc(5) has it."""
    (folder / str(pid)).mkdir(parents=True)
    fields = [state, *["0"] * 18, str(started), "0"]
    (folder / str(pid) / "stat").write_text(f"{pid} ({name}) {' '.join(fields)}\n")
    return folder


@pytest.mark.parametrize(
    ("process", "dead"),
    [
        ({}, False),
        ({"name": "a) Z (b"}, False),  # a name may hold anything
        ({"state": "Z"}, True),  # ended, and its parent has not looked yet
        ({"started": 78}, True),  # another one, with the same number
    ],
)
def test_a_process_that_has_ended_is_dead(tmp_path: Path, process: dict[str, str], dead: bool) -> None:
    proc = proc_with(tmp_path, 5, **process)  # type: ignore[arg-type]  # a table of both kinds
    assert is_dead(Neighbour(id="a", pid=5, pid_started=77), proc) is dead


def test_a_process_that_is_not_there_is_dead(tmp_path: Path) -> None:
    assert is_dead(Neighbour(id="a", pid=6, pid_started=77), proc_with(tmp_path, 5))


def test_what_nobody_can_read_tells_nothing(tmp_path: Path) -> None:
    (tmp_path / "5").mkdir()
    (tmp_path / "5" / "stat").write_text("5 (easel) S")
    assert not is_dead(Neighbour(id="a", pid=5, pid_started=77), tmp_path)
    (tmp_path / "6" / "stat").mkdir(parents=True)
    assert not is_dead(Neighbour(id="a", pid=6, pid_started=77), tmp_path)


def test_this_process_is_alive_and_knows_its_machine() -> None:
    here = this_machine()
    assert here.pid == os.getpid()
    if here.name:  # not on every system
        assert not is_dead(Neighbour(id="a", pid=here.pid, pid_started=here.pid_started))


def test_a_system_that_tells_nothing_has_no_name(tmp_path: Path) -> None:
    assert this_machine(tmp_path).name == ""
