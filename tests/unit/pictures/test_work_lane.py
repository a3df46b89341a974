"""A lane runs work in threads, in the order of its queue, and drops what nobody waits for."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError

import pytest

from bot.pictures.price import Lane, Price
from bot.pictures.work_lane import WorkLane
from bot.pictures.work_queue import FairWorkQueue

LARGE, SMALL = (Price(memory_bytes=1, seconds=seconds, lane=Lane.THREAD) for seconds in (6.0, 0.1))


@pytest.fixture
def lane() -> Iterator[WorkLane[str]]:
    lane = WorkLane[str]("tests", FairWorkQueue(slots=1, owner_slots=1), threads=1)
    yield lane
    lane.close()


class Gate:
    """Work that waits until it is opened."""

    def __init__(self) -> None:
        self.entered, self.opened = threading.Event(), threading.Event()

    def __call__(self) -> str:
        self.entered.set()
        assert self.opened.wait(60)
        return "gate"


def test_small_work_of_another_owner_overtakes_what_waits(lane: WorkLane[str]) -> None:
    gate, ran = Gate(), list[str]()

    def work(name: str) -> Callable[[], str]:
        return lambda: ran.append(name) or name

    first = lane.submit("amber", LARGE, gate)
    assert gate.entered.wait(60)
    rest = [lane.submit("amber", LARGE, work(f"large {number}")) for number in range(3)]
    small = lane.submit("birch", SMALL, work("small"))
    gate.opened.set()
    assert [first.result(60), small.result(60), *(each.result(60) for each in rest)][:2] == ["gate", "small"]
    assert ran == ["small", "large 0", "large 1", "large 2"]


def test_cancelled_work_never_runs_and_takes_no_turn(lane: WorkLane[str]) -> None:
    gate = Gate()
    lane.submit("amber", LARGE, gate)
    assert gate.entered.wait(60)
    cancelled = lane.submit("birch", SMALL, lambda: pytest.fail("ran"))
    last = lane.submit("cedar", LARGE, lambda: "last")
    assert cancelled.cancel()
    gate.opened.set()
    assert last.result(60) == "last"


def test_a_failure_reaches_who_waits_and_the_next_piece_runs(lane: WorkLane[str]) -> None:
    def fail() -> str:
        raise ZeroDivisionError

    failed, next_one = lane.submit("amber", SMALL, fail), lane.submit("amber", SMALL, lambda: "next")
    with pytest.raises(ZeroDivisionError):
        failed.result(60)
    assert next_one.result(60) == "next"


def test_closing_waits_for_what_runs_and_cancels_what_waits() -> None:
    lane = WorkLane[str]("tests", FairWorkQueue(slots=1, owner_slots=1), threads=1)
    gate = Gate()
    running = lane.submit("amber", SMALL, gate)
    assert gate.entered.wait(60)
    waiting = lane.submit("birch", SMALL, lambda: "late")
    closing = threading.Thread(target=lane.close)
    closing.start()
    with pytest.raises(CancelledError):
        waiting.result(60)
    gate.opened.set()
    closing.join()
    assert running.result(0) == "gate"
