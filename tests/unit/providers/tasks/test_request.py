"""The pauses between the polls of a task."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.providers.presets import TasksWire
from bot.providers.tasks.request import MAX_JITTER, poll_pauses

WIRE = TasksWire()


@given(
    jitter=st.floats(0, 1, exclude_max=True),
    growth=st.floats(1, 3),
    cap=st.floats(3, 120),
    first=st.floats(0.5, 10),
)
def test_pauses_grow_up_to_the_cap(jitter: float, growth: float, cap: float, first: float) -> None:
    wire = TasksWire(first_poll_s=first, poll_s=3, poll_growth=growth, poll_cap_s=cap)
    first_pause, *pauses = itertools.islice(poll_pauses(wire, lambda: jitter), 30)
    assert first <= first_pause <= first * (1 + MAX_JITTER)
    assert pauses == sorted(pauses)
    assert all(3 <= each <= cap * (1 + MAX_JITTER) for each in pauses)


def test_resuming_polls_at_once() -> None:
    assert list(itertools.islice(poll_pauses(WIRE, float, at_once=True), 3)) == pytest.approx([0.0, 3.0, 3.6])
