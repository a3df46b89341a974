"""The counter of repeated picture specs."""

from bot.sandbox.renderer import MAX_REMEMBERED, RepeatCounter


def test_repeats_are_counted_for_recent_keys():
    repeats = RepeatCounter()
    assert [repeats.count_repeat("a fox"), repeats.count_repeat("a fox"), repeats.count_repeat("a hare")] == [0, 1, 0]
    for number in range(MAX_REMEMBERED):
        repeats.count_repeat(number)
    assert repeats.count_repeat("a fox") == 0
