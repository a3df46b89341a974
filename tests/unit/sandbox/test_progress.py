"""Progress percentages and their shares of the duration."""

import random

import pytest

from bot.sandbox.chat.timeline import progress_steps


@pytest.mark.parametrize("seed", range(20))
def test_percentages_rise_and_stay_short_of_a_hundred(seed: int):
    steps = progress_steps(random.Random(seed))
    rising = [percent for percent, _ in steps]
    assert rising == sorted(set(rising))
    assert 88 <= rising[-1] < 95
    assert sum(share for _, share in steps) == pytest.approx(1)
