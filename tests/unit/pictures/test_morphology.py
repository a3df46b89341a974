"""Regions of black and white pictures, compared with what a loop over all pixels finds."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bot.pictures.morphology import Mask, filled, grown, labelled, shrunk
from tests.support.examples import examples

MASKS = arrays.arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 9)))


def neighbours(mask: Mask, at: tuple[int, int]) -> list[tuple[int, int]]:
    row, column = at
    around = [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
    return [each for each in around if 0 <= each[0] < mask.shape[0] and 0 <= each[1] < mask.shape[1]]


def reached(mask: Mask, starts: list[tuple[int, int]]) -> set[tuple[int, int]]:
    """All set pixels to which a way leads."""
    seen = {each for each in starts if mask[each]}
    todo = list(seen)
    while todo:
        for each in neighbours(mask, todo.pop()):
            if mask[each] and each not in seen:
                seen.add(each)
                todo.append(each)
    return seen


@settings(max_examples=examples(60), deadline=None)
@given(mask=MASKS, reach=st.integers(0, 4))
def test_growing_and_shrinking_reach_as_far_as_said(mask: Mask, reach: int) -> None:
    rows, columns = mask.shape
    expected = np.zeros_like(mask)
    for row, column in zip(*np.nonzero(mask), strict=True):
        expected[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1] = True
    assert (grown(mask, reach) == expected).all()
    assert (shrunk(~mask, reach) == ~expected).all()
    assert grown(mask, rows + columns).all() == bool(mask.any())


@settings(max_examples=examples(60), deadline=None)
@given(mask=MASKS)
def test_regions_are_what_hangs_together(mask: Mask) -> None:
    labels = labelled(mask)
    assert ((labels > 0) == mask).all()
    for number in range(1, int(labels.max()) + 1):
        pixels = [(int(row), int(column)) for row, column in zip(*np.nonzero(labels == number), strict=True)]
        assert reached(mask, pixels[:1]) == set(pixels)


@settings(max_examples=examples(60), deadline=None)
@given(mask=MASKS)
def test_what_no_way_leads_out_of_is_filled(mask: Mask) -> None:
    rows, columns = mask.shape
    border = [(r, c) for r in range(rows) for c in range(columns) if r in (0, rows - 1) or c in (0, columns - 1)]
    outside = reached(~mask, border)
    expected = np.array([[(r, c) not in outside for c in range(columns)] for r in range(rows)])
    assert (filled(mask) == expected).all()
