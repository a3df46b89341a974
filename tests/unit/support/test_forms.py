"""Which forms of a test the test command runs."""

import pytest

from tests.support.forms import choose_forms


@pytest.mark.parametrize(
    ("count", "chosen"),
    [(1, {0}), (2, {0, 4}), (3, {0, 2, 4}), (6, set(range(6))), (9, set(range(6)))],
)
def test_each_value_comes_before_any_comes_again(count: int, chosen: set[int]) -> None:
    forms = [{"dialect": dialect, "fault": fault} for dialect in ("chat", "tasks") for fault in ("500", "429", "slow")]
    assert choose_forms(forms, count) == chosen


def test_of_values_that_are_no_keys_each_object_is_one() -> None:
    shared: list[str] = []
    forms = [{"row": shared}, {"row": shared}, {"row": ["another"]}]
    assert choose_forms(forms, 2) == {0, 2}
