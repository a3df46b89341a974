"""How many examples property tests try: CI tries all of them, the test command a third.

`choose_examples` is called once, before test modules are imported.
"""

from hypothesis import settings

DEFAULT = 100  # of a test that does not say how many; Hypothesis's own number
_SHARE = 3

_divisor = 1


def choose_examples(markers: str) -> None:
    """`markers`: the expression that selects the tests of this run, as of `-m`."""
    global _divisor
    _divisor = _SHARE if "not thorough" in markers else 1
    # The same cases each time, and no timings: those belong in the benchmark.
    settings.register_profile("easel", deadline=None, derandomize=True, max_examples=examples(DEFAULT))
    settings.load_profile("easel")


def examples(count: int) -> int:
    """Of `count` examples so many as this run tries."""
    return -(-count // _divisor)
