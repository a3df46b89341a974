"""Which forms of a parametrized test the test command runs: a few that differ as much as they can. Pure.

CI runs all of them; a form that the test command leaves out is marked `thorough`.
"""

from collections.abc import Hashable, Mapping, Sequence


def choose_forms(forms: Sequence[Mapping[str, object]], count: int) -> set[int]:
    """Indices of `count` of them, so that each value of each parameter comes before any comes a second time.

    `forms`: the parameters of each. The first one is always chosen; of those that bring equally many new values, the
    earliest is.
    """
    values = [{(name, _identity(value)) for name, value in form.items()} for form in forms]
    seen: set[tuple[str, Hashable]] = set()
    chosen: set[int] = set()
    while len(chosen) < min(count, len(forms)):
        left = (index for index in range(len(forms)) if index not in chosen)
        best = max(left, key=lambda index: len(values[index] - seen))
        chosen.add(best)
        seen |= values[best]
    return chosen


def _identity(value: object) -> Hashable:
    """The value itself where it can be, else which object it is."""
    try:
        hash(value)
    except TypeError:
        return id(value)
    return value
