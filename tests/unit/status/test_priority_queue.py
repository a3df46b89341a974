"""The priority queue agrees with a dictionary of items and ranks."""

from hypothesis import given
from hypothesis import strategies as st

from bot.status.priority_queue import PriorityQueue


@given(st.lists(st.tuples(st.integers(0, 5), st.one_of(st.none(), st.integers(0, 9))), max_size=200))
def test_a_heap_has_each_item_once_with_its_last_rank(moves: list[tuple[int, int | None]]) -> None:
    heap = PriorityQueue[int]()
    model: dict[int, int] = {}
    for item, rank in moves:
        if rank is None:
            heap.discard(item)
            model.pop(item, None)
        else:
            heap.push(item, (rank,))
            model[item] = rank
        top = heap.peek()
        if top is None:
            assert not model
        else:
            (rank,), item = top
            assert model[item] == rank == min(model.values())
