"""The order of image work: fair between owners, small first, within slots and memory."""

from hypothesis import given
from hypothesis import strategies as st

from bot.pictures.work_queue import FairWorkQueue


def drained(queue: FairWorkQueue) -> list[int]:
    """The order in which pieces run, one ending before the next begins."""
    order: list[int] = []
    while (piece := queue.start_next()) is not None:
        order.append(piece)
        queue.remove(piece)
    return order


def one_slot() -> FairWorkQueue:
    return FairWorkQueue(slots=1, owner_slots=1)


def test_small_work_of_another_owner_goes_before_large_work_that_waits() -> None:
    queue = one_slot()
    for number in range(10):
        queue.enqueue(number, "amber", seconds=6.0)
    assert queue.start_next() == 0
    queue.enqueue(10, "birch", seconds=0.1)
    queue.remove(0)
    assert drained(queue) == [10, *range(1, 10)]


def test_owners_get_equal_time_and_not_equal_turns() -> None:
    queue = one_slot()
    for number in range(4):
        queue.enqueue(number, "amber", seconds=1.0)
    for number in range(4, 6):
        queue.enqueue(number, "birch", seconds=2.0)
    assert drained(queue) == [0, 1, 4, 2, 3, 5]


def test_large_work_does_not_wait_for_ever_behind_small_work_that_keeps_coming() -> None:
    queue = one_slot()
    queue.enqueue(0, "amber", seconds=5.0)
    order: list[int] = []
    for number in range(1, 20):
        queue.enqueue(number, f"owner {number % 2}", seconds=1.0)
        piece = queue.start_next()
        assert piece is not None
        order.append(piece)
        queue.remove(piece)
    assert 0 in order


def test_an_owner_takes_no_more_than_their_slots_and_others_go_past() -> None:
    queue = FairWorkQueue(slots=2, owner_slots=1)
    for number in range(3):
        queue.enqueue(number, "amber", seconds=0.1)
    queue.enqueue(3, "birch", seconds=9.0)
    assert (queue.start_next(), queue.start_next(), queue.start_next()) == (0, 3, None)
    queue.remove(3)
    assert queue.start_next() is None
    queue.remove(0)
    assert queue.start_next() == 1


def test_work_runs_side_by_side_while_its_memory_is_free() -> None:
    queue = FairWorkQueue(slots=3, owner_slots=1, memory_bytes=100)
    queue.enqueue(0, "amber", seconds=1.0, memory_bytes=60)
    queue.enqueue(1, "birch", seconds=2.0, memory_bytes=60)
    queue.enqueue(2, "cedar", seconds=3.0, memory_bytes=10)
    assert (queue.start_next(), queue.start_next()) == (0, None)  # 2 does not overtake: it would keep 1 waiting
    queue.remove(0)
    assert (queue.start_next(), queue.start_next()) == (1, 2)


def test_work_above_all_memory_runs_alone() -> None:
    queue = FairWorkQueue(slots=2, owner_slots=2, memory_bytes=100)
    queue.enqueue(0, "amber", seconds=1.0, memory_bytes=900)
    queue.enqueue(1, "amber", seconds=1.0, memory_bytes=1)
    assert (queue.start_next(), queue.start_next()) == (0, None)


def test_removed_work_does_not_run_and_leaves_the_rest_in_order() -> None:
    queue = one_slot()
    for number in range(4):
        queue.enqueue(number, "amber", seconds=1.0)
    queue.remove(0)
    queue.remove(2)
    queue.remove(99)
    assert (len(queue), drained(queue), len(queue)) == (2, [1, 3], 0)


def test_what_an_owner_took_is_forgotten_once_nobody_waits() -> None:
    queue = one_slot()
    queue.enqueue(0, "amber", seconds=100.0)
    assert drained(queue) == [0]
    queue.enqueue(1, "amber", seconds=1.0)
    queue.enqueue(2, "birch", seconds=2.0)
    assert drained(queue) == [1, 2]


@given(st.lists(st.tuples(st.integers(0, 4), st.floats(0.01, 9), st.integers(0, 120), st.booleans()), max_size=40))
def test_all_work_runs_once_within_slots_and_memory(pieces: list[tuple[int, float, int, bool]]) -> None:
    queue = FairWorkQueue(slots=3, owner_slots=2, memory_bytes=100)
    running: dict[int, tuple[int, int]] = {}
    ran: list[int] = []

    def start() -> None:
        while (piece := queue.start_next()) is not None:
            ran.append(piece)
            running[piece] = (pieces[piece][0], pieces[piece][2])
            assert len(running) <= 3
            assert sum(owner == pieces[piece][0] for owner, _ in running.values()) <= 2
            assert len(running) == 1 or sum(memory for _, memory in running.values()) <= 100

    for number, (owner, seconds, memory, ends_one) in enumerate(pieces):
        queue.enqueue(number, str(owner), seconds=seconds, memory_bytes=memory)
        start()
        if ends_one and running:
            queue.remove(running.popitem()[0])
            start()
    while running:
        queue.remove(running.popitem()[0])
        start()
    assert sorted(ran) == list(range(len(pieces)))
    assert len(queue) == 0
