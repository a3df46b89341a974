"""What held at a moment, where the operator has changed it since."""

from datetime import UTC, datetime, timedelta

from bot.providers.versions import MAX_VERSIONS, Versions

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_each_moment_has_what_held_then() -> None:
    versions = Versions("first")
    assert (versions.now, versions.at(NOON - 10_000 * HOUR)) == ("first", "first")
    versions.replace("second", NOON)
    versions.replace("third", NOON + HOUR)
    assert versions.now == "third"
    moments = (NOON - HOUR, NOON, NOON + HOUR / 2, NOON + HOUR, NOON + 9 * HOUR)
    assert [versions.at(each) for each in moments] == ["first", "second", "second", "third", "third"]


def test_only_so_many_are_kept() -> None:
    versions = Versions(0)
    for number in range(1, MAX_VERSIONS + 5):
        versions.replace(number, NOON + number * HOUR)
    assert versions.at(NOON) == 5
    assert versions.now == MAX_VERSIONS + 4
