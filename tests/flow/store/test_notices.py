"""Notices in the database: claimed once by whichever process, at most once an hour, and over when nobody sees it."""

from datetime import UTC, datetime, timedelta

from bot.alerting.conditions import STALE_AFTER, TELL_EVERY, is_due
from bot.store.store import Store

NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


async def report(
    store: Store, who: str, at: datetime, *, is_state: bool = True, told: datetime | None = None
) -> datetime | None:
    return await store.notices.report(
        "disk",
        "host",
        "12 MB free",
        reporter=who,
        now=at,
        stale_after=STALE_AFTER,
        is_due=is_due,
        is_state=is_state,
        told_before=told,
    )


async def resolve(store: Store, who: str, at: datetime) -> datetime | None:
    return await store.notices.resolve("disk", "host", reporter=who, now=at, stale_after=STALE_AFTER)


async def test_one_process_tells_and_the_last_that_sees_it_tells_the_end(store: Store) -> None:
    assert await report(store, "a", NOW) == NOW
    assert await report(store, "b", NOW) is None
    [known] = await store.notices.list_open()
    assert (known.condition, known.subject, known.detail, known.since) == ("disk", "host", "12 MB free", NOW)
    assert await resolve(store, "a", NOW + MINUTE) is None  # b has seen it just now
    assert await resolve(store, "b", NOW + MINUTE) == NOW
    assert await resolve(store, "a", NOW + MINUTE) is None
    assert await store.notices.list_open() == []


async def test_it_comes_and_goes_and_is_told_once_an_hour(store: Store) -> None:
    assert await report(store, "a", NOW) == NOW
    assert await resolve(store, "a", NOW + MINUTE) == NOW
    assert await report(store, "a", NOW + 2 * MINUTE) is None
    assert await resolve(store, "a", NOW + 3 * MINUTE) is None  # nobody was told that it had come back
    assert await report(store, "a", NOW + TELL_EVERY) == NOW + TELL_EVERY
    assert await report(store, "a", NOW + 2 * TELL_EVERY) == NOW + TELL_EVERY  # it lasts: told again, and since when


async def test_a_process_that_has_gone_sees_nothing(store: Store) -> None:
    assert await report(store, "a", NOW) == NOW
    assert await resolve(store, "b", NOW + MINUTE) is None
    assert await resolve(store, "b", NOW + STALE_AFTER) == NOW


async def test_a_process_that_is_known_to_have_gone_is_not_waited_for(store: Store) -> None:
    assert await report(store, "a", NOW) == NOW
    gone = await store.notices.resolve(
        "disk", "host", reporter="b", now=NOW, stale_after=STALE_AFTER, members={"b", "c"}
    )
    assert gone == NOW


async def test_what_could_not_be_told_is_claimed_again(store: Store) -> None:
    assert await report(store, "a", NOW) == NOW
    await store.notices.put_back("disk", "host", is_over=False)
    assert await store.notices.list_open() == []
    assert await report(store, "b", NOW + MINUTE) == NOW  # since it was seen first
    assert await resolve(store, "a", NOW + MINUTE) is None
    assert await resolve(store, "b", NOW + MINUTE) == NOW
    await store.notices.put_back("disk", "host", is_over=True)
    assert await resolve(store, "b", NOW + MINUTE) == NOW


async def test_what_has_happened_has_no_end(store: Store) -> None:
    assert await report(store, "a", NOW, is_state=False) == NOW
    assert await store.notices.list_open() == []
    assert await resolve(store, "a", NOW) is None


async def test_what_was_told_without_the_database_counts(store: Store) -> None:
    assert await report(store, "a", NOW, told=NOW - MINUTE) is None
    assert await resolve(store, "a", NOW) == NOW
    assert await resolve(store, "never seen", NOW) is None
