"""Groups of exceptions in the database: counted together, new ones told, and bounded."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.observability.error_groups import ErrorGroup
from bot.store import error_groups
from bot.store.store import Store

NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)


def group(fingerprint: str, *, seconds: int = 0, count: int = 1, jobs: tuple[str, ...] = ()) -> ErrorGroup:
    at = NOW + timedelta(seconds=seconds)
    return ErrorGroup(
        fingerprint=fingerprint,
        kind="builtins.KeyError",
        place="bot.jobs.runner:JobRunner._attempt",
        event="job workflow failed",
        sample="builtins.KeyError",
        count=count,
        first=at,
        last=at,
        jobs=jobs,
    )


async def test_groups_add_up_and_new_ones_are_told(store: Store) -> None:
    groups = store.error_groups
    assert [each.fingerprint for each in await groups.add_errors([group("b"), group("a", seconds=1)])] == ["a", "b"]
    assert await groups.add_errors([group("a", seconds=5, count=3, jobs=("two", "one"))]) == []
    first, second = await groups.list_groups()
    assert (first.fingerprint, first.count, first.jobs) == ("a", 4, ("two", "one"))
    assert (first.first, first.last) == (NOW + timedelta(seconds=1), NOW + timedelta(seconds=5))
    assert second == group("b")
    assert await groups.list_groups(limit=1, offset=1) == [second]
    assert await groups.get_group("a") == first
    assert await groups.delete_group("a")
    assert not await groups.delete_group("a")
    assert await groups.get_group("a") is None


async def test_those_not_seen_for_longest_go_first(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(error_groups, "MAX_GROUPS", 3)
    for number in range(5):
        await store.error_groups.add_errors([group(f"{number}", seconds=number)])
    await store.error_groups.add_errors([group("2", seconds=9)])
    await store.error_groups.add_errors([group("new", seconds=10)])
    assert [each.fingerprint for each in await store.error_groups.list_groups()] == ["new", "2", "4"]
