"""What administrators read and change in a database of either engine: lists page by page, figures, the audit log."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from bot.chat import Attachment, Chat, Delivered, MessageRef, User
from bot.errors import StoreFailed
from bot.job import Failure, Job, State
from bot.ports.admin_figures import Percentiles, UsageSort
from bot.ports.admin_views import JobFilter, JobRow, JobSort
from bot.store.store import Store
from tests.flow.store.stores import ANN, BEN, DIRECT, GROUP, RULES, new_job
from tests.support.clocks import FakeClock

MODERATED = Failure(key="failure-moderated")


async def begun(store: Store, provider: str, user: User, chat: Chat) -> Job:
    job, _ = await store.accept_job(new_job(user=user, chat=chat, cost=3), RULES)
    job = await store.begin_attempt(job.id)
    facts = {"provider": provider, "model": "m", "price": 1}
    await store.save_checkpoint(job, "attempt-started:1", {**facts, "link": "https://secret"}, facts)
    return job


async def done(store: Store, clock: FakeClock, user: User = ANN, chat: Chat = DIRECT, pictures: int = 1) -> Job:
    """Waits for nothing, paints for four seconds, takes another one to be delivered."""
    job = await begun(store, "main", user, chat)
    await clock.advance(4)
    await store.save_results(job, [], {"count": pictures})
    await clock.advance(1)
    attachment = Attachment(ref="file:9", media_type="image/png")
    ref = MessageRef(chat=chat, message_id=f"m{job.id}")
    delivered = Delivered(ref=ref, attachments=(attachment,) * pictures)
    assert await store.settle_job(job, State.DONE, charged=pictures, delivered=delivered)
    return job


async def failed(store: Store, clock: FakeClock, user: User = ANN, provider: str = "other") -> Job:
    job = await begun(store, provider, user, GROUP)
    await clock.advance(2)
    assert await store.settle_job(job, State.FAILED, charged=0, failure=MODERATED)
    return job


async def some_jobs(store: Store, clock: FakeClock) -> list[Job]:
    """In the order of their acceptance: done, failed, done with two pictures, cancelled, running, waiting."""
    jobs = [await done(store, clock), await failed(store, clock, BEN), await done(store, clock, BEN, GROUP, 2)]
    cancelled, _ = await store.accept_job(new_job(), RULES)
    await clock.advance(3)
    assert await store.settle_job(cancelled, State.CANCELLED, charged=0)
    running = await begun(store, "main", ANN, GROUP)
    await clock.advance(1)
    waiting, _ = await store.accept_job(new_job(user=BEN), RULES)
    return [*jobs, cancelled, running, waiting]


async def all_pages(store: Store, where: JobFilter, sort: JobSort, descending: bool, limit: int) -> list[JobRow]:
    rows: list[JobRow] = []
    after = None
    while True:
        page = await store.administration.jobs(where, sort=sort, descending=descending, after=after, limit=limit)
        assert len(page.rows) <= limit
        rows += page.rows
        if (after := page.next) is None:
            return rows


@pytest.mark.parametrize(
    ("sort", "descending", "expected"),
    [
        ("created", True, [5, 4, 3, 2, 1, 0]),
        ("created", False, [0, 1, 2, 3, 4, 5]),
        ("finished", True, [3, 2, 1, 0, 4, 5]),  # those that have not ended come after all others
        ("seconds", False, [1, 3, 0, 2, 4, 5]),
        ("charged", True, [2, 0, 3, 1, 4, 5]),
        ("pictures", True, [2, 0, 3, 1, 4, 5]),
    ],
)
async def test_jobs_come_in_order_whatever_the_page(
    store: Store, clock: FakeClock, sort: JobSort, descending: bool, expected: Sequence[int]
) -> None:
    jobs = await some_jobs(store, clock)
    for limit in (1, 2, 50):
        rows = await all_pages(store, JobFilter(), sort, descending, limit)
        assert [row.id for row in rows] == [jobs[number].id for number in expected]


async def test_jobs_are_found_by_what_is_known_of_them(store: Store, clock: FakeClock) -> None:
    jobs = await some_jobs(store, clock)
    found = {
        JobFilter(state=State.DONE): [2, 0],
        JobFilter(state=State.WAITING): [5],
        JobFilter(provider="main"): [4, 2, 0],
        JobFilter(failure=MODERATED.key): [1],
        JobFilter(failure="failure-busy"): [],
        JobFilter(user_key=BEN.key): [5, 2, 1],
        JobFilter(user_key=BEN.key, chat_key=GROUP.key): [2, 1],
        JobFilter(id_text=jobs[2].id.upper()): [2],
        JobFilter(id_text="100%"): [],
        JobFilter(since=jobs[2].created): [5, 4, 3, 2],
        JobFilter(until=jobs[2].created): [1, 0],
    }
    for where, expected in found.items():
        rows = await all_pages(store, where, "created", True, 50)
        assert (where, [row.id for row in rows]) == (where, [jobs[number].id for number in expected])
    with pytest.raises(ValueError, match="position"):
        await store.administration.jobs(JobFilter(), sort="created", descending=True, after="nonsense", limit=5)


async def test_figures_of_days_failures_and_durations(store: Store, clock: FakeClock) -> None:
    began = clock.now()
    await some_jobs(store, clock)
    yesterday, today = await store.administration.daily(2)
    assert (yesterday.done, yesterday.failed, yesterday.pictures) == (0, 0, 0)
    assert (today.day, today.pictures, today.charged) == (began.date(), 3, 3)
    assert (today.done, today.failed, today.cancelled) == (2, 1, 1)
    [failure] = await store.administration.failures(began)
    assert (failure.failure, failure.provider, failure.jobs) == (MODERATED.key, "other", 1)
    latencies = await store.administration.latencies(began)
    assert latencies.jobs == 2
    assert latencies.whole == Percentiles(p50=5, p90=5, p99=5)
    assert latencies.waiting == Percentiles(p50=0, p90=0, p99=0)
    assert latencies.painting == Percentiles(p50=4, p90=4, p99=4)
    assert (await store.administration.latencies(clock.now() + timedelta(days=1))).whole.p50 is None


@pytest.mark.parametrize(
    ("sort", "expected"), [("pictures", "21"), ("charged", "21"), ("failed", "21"), ("jobs", "12")]
)
async def test_who_used_most_comes_first(store: Store, clock: FakeClock, sort: UsageSort, expected: str) -> None:
    began = clock.now()
    await some_jobs(store, clock)
    first = await store.administration.members(began, sort, None, 1)
    second = await store.administration.members(began, sort, first.next, 1)
    assert second.next is None
    rows = [*first.rows, *second.rows]
    assert [row.key for row in rows] == [f"telegram:{number}" for number in expected]
    assert {row.key: row.name for row in rows} == {ANN.key: "Ann", BEN.key: "Ben"}
    chats = (await store.administration.chats(began, sort, None, 50)).rows
    assert {(row.key, row.pictures, row.failed) for row in chats} == {(DIRECT.key, 1, 0), (GROUP.key, 2, 1)}


async def test_a_forgotten_member_is_counted_as_nobody(store: Store, clock: FakeClock) -> None:
    began = clock.now()
    jobs = await some_jobs(store, clock)
    await store.administration.grant("telegram:9", "gift", BEN.key, 5, 10)
    await store.deletions.erase_user(BEN.key)
    [today] = await store.administration.daily(1)
    assert today.pictures == 3
    assert [row.key for row in (await store.administration.members(began, "jobs", None, 50)).rows] == [ANN.key]
    rows = await all_pages(store, JobFilter(user_key=BEN.key), "created", True, 50)
    assert [row.id for row in rows] == [jobs[5].id]  # it has not ended
    assert len((await store.administration.audit(BEN.key, None, 50)).rows) == 1  # the administrator's record stays


async def test_everything_about_a_job(store: Store, clock: FakeClock) -> None:
    job = await done(store, clock)
    found = await store.administration.job(job.id)
    assert found is not None
    assert [step.name for step in found.steps] == ["accepted", "started", "attempt-started", "painted", "settled"]
    assert found.steps[2].facts == {"number": 1, "provider": "main", "model": "m", "price": 1}  # and no address
    assert [(row.kind, row.credits) for row in found.ledger] == [("reserve", 3), ("settle", 1)]
    assert await store.administration.job("nothing") is None


async def test_everything_about_a_member(store: Store, clock: FakeClock) -> None:
    await some_jobs(store, clock)
    await store.administration.set_banned("telegram:9", BEN.key, True)
    found = await store.administration.member(BEN.key, RULES)
    assert found is not None
    assert (found.name, found.is_banned, found.balance.available) == ("Ben", True, 7)
    assert [row.state for row in found.jobs] == [State.WAITING, State.DONE, State.FAILED]
    assert found.today["done"] == 1
    assert [row.kind for row in found.ledger].count("settle") == 2
    assert await store.administration.member("telegram:404", RULES) is None


async def test_each_change_is_in_the_audit_log_once(store: Store, clock: FakeClock) -> None:
    boss, changes = "telegram:9", store.administration
    for _ in range(2):  # a platform may deliver a command twice
        await changes.grant(boss, "gift", ANN.key, 5, 10)
        await clock.advance(1)
    await changes.set_available("shell:root", "set", ANN.key, 3, 10)
    await clock.advance(1)
    await changes.set_banned(boss, BEN.key, True)
    await clock.advance(1)
    await changes.pause_bot(boss, "back at noon", lambda _: None)
    await clock.advance(1)
    assert await changes.resume(boss, None, lambda _: None)
    assert not await changes.resume(boss, None, lambda _: None)
    newest = await changes.audit(None, None, 2)
    rest = await changes.audit(None, newest.next, 50)
    rows = [*newest.rows, *rest.rows]
    assert [row.action for row in rows] == ["resume-bot", "pause-bot", "ban", "set", "grant"]
    assert (rows[-1].who, rows[-1].target, rows[-1].details) == (boss, ANN.key, {"credits": 5, "left": 15})
    assert (rows[3].who, rows[3].details) == ("shell:root", {"credits": 3, "left": 3})
    assert rows[1].details == {"words": "back at noon"}


async def test_a_change_that_is_undone_leaves_no_entry(store: Store) -> None:
    def broken(_: object) -> None:
        raise StoreFailed

    with pytest.raises(StoreFailed):
        await store.administration.pause_bot("telegram:9", None, broken)
    assert (await store.administration.pauses()).bot is None
    assert (await store.administration.audit(None, None, 50)).rows == ()


async def test_the_quarantine_is_a_list_from_which_rows_are_deleted(store: Store, clock: FakeClock) -> None:
    for number in range(3):
        await store.quarantine.set_aside_update("telegram", number, {"update_id": number}, "odd")
        await clock.advance(1)
    first = await store.administration.set_aside(None, 2)
    [last] = (await store.administration.set_aside(first.next, 2)).rows
    assert [row.key for row in (*first.rows, last)] == ["telegram 2", "telegram 1", "telegram 0"]
    assert await store.administration.delete_set_aside("telegram:9", last.id)
    assert not await store.administration.delete_set_aside("telegram:9", last.id)
    [entry] = (await store.administration.audit(last.id, None, 50)).rows
    assert entry.details == {"table": "incoming_update", "key": "telegram 0"}
