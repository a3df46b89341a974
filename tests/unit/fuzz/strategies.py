"""Strategies for whatever comes from outside: text, numbers and JSON that nobody well-meaning would send.

Data alone; what must hold of it is in the tests that draw it.
"""

from typing import Any

import hypothesis.strategies as st

# Halves of characters among them, as JSON can escape them.
TEXT = st.text(st.characters())
NUMBERS: st.SearchStrategy[Any] = (
    st.integers()
    | st.floats()
    | st.sampled_from([10**400, -(10**400), float("inf"), float("nan"), 2**63, -1, 404, 429])
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


def with_names(names: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """JSON whose objects have the names that a reader looks for, with anything behind them: deeper than blind JSON
    ever gets. `names`: words; `values`: what may stand at the ends beside JSON."""
    return st.recursive(
        JSON | values,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(names.split()), inner, max_size=5),
        max_leaves=20,
    )


def cut(whole: Any, sizes: list[int]) -> list[Any]:
    """Text or bytes in pieces of these sizes, over and over."""
    pieces: list[Any] = []
    at = 0
    while at < len(whole):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(whole[at : at + size])
        at += size
    return pieces


SIZES = st.lists(st.integers(1, 40), min_size=1, max_size=6)
