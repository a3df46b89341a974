"""No job is lost: what a job has done is there after a crash, and only its newest attempt may go on."""

import asyncio
import re
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from bot.chat import Attachment, Delivered, MessageRef
from bot.errors import Stale, StoreFailed
from bot.job import TRANSITIONS, Failure, Job, NewJob, State, new_id
from bot.painting import Image
from bot.runtime.clock import SystemClock
from bot.store.bounded_reads import BoundedReads
from bot.store.database import Database
from bot.store.engine import parse_url
from bot.store.maintenance import upgrade
from bot.store.store import Store
from tests.flow.store.stores import ANN, BEN, DIRECT, GROUP, PIXEL, RULES, new_job
from tests.support.clocks import FakeClock
from tests.support.databases import query

ENDINGS = [state for state in State if not TRANSITIONS[state]]


async def accepted(store: Store, **how: object) -> Job:
    job, _ = await store.accept_job(new_job(**how), RULES)  # type: ignore[arg-type]  # the fields' own types
    return job


async def begun(store: Store, **how: object) -> Job:
    return await store.begin_attempt((await accepted(store, **how)).id)


async def reread(store: Store, job: Job) -> Job:
    found = await store.get_job(job.id)
    assert found is not None
    return found


def delivered(message_id: str) -> Delivered:
    return Delivered(
        ref=MessageRef(chat=DIRECT, message_id=message_id),
        attachments=(Attachment(ref="file:9", media_type="image/png", size=5),),
    )


# ---------------------------------------------------------------- life


def test_every_state_has_its_row_and_only_unfinished_ones_lead_on() -> None:
    assert set(TRANSITIONS) == set(State)
    assert {state for state in State if TRANSITIONS[state]} == {State.WAITING, State.RUNNING}


def test_ids_are_short_and_never_the_same() -> None:
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(re.fullmatch("[a-z2-7]{12}", each) for each in ids)


async def test_each_beginning_is_a_new_attempt_and_the_first_one_counts_as_the_start(
    store: Store, clock: FakeClock
) -> None:
    first = await begun(store)
    assert (first.state, first.attempt, first.started) == (State.RUNNING, 1, clock.now())
    await clock.advance(60)
    second = await store.begin_attempt(first.id)
    assert (second.attempt, second.started) == (2, first.started)


async def test_attempts_begun_at_once_are_numbered_one_by_one(store: Store) -> None:
    job = await accepted(store)
    attempts = await asyncio.gather(*(store.begin_attempt(job.id) for _ in range(8)))
    assert sorted(each.attempt for each in attempts) == list(range(1, 9))


async def test_an_older_attempt_can_neither_note_nor_keep_nor_finish(store: Store) -> None:
    old = await begun(store)
    new = await store.begin_attempt(old.id)
    with pytest.raises(Stale):
        await store.save_checkpoint(old, "accepted", {})
    with pytest.raises(Stale):
        await store.save_results(old, [PIXEL], {})
    with pytest.raises(Stale):
        await store.settle_job(old, State.FAILED, charged=0)
    assert await reread(store, old) == new
    assert await store.load_results(new) == []


async def test_a_waiting_job_has_nothing_to_note(store: Store) -> None:
    job = await accepted(store)
    with pytest.raises(Stale):
        await store.save_checkpoint(job, "accepted", {})


@pytest.mark.forms(2)
@pytest.mark.parametrize("state", ENDINGS)
async def test_a_job_that_ended_stays_as_it_is(store: Store, state: State) -> None:
    job = await begun(store)
    assert await store.settle_job(job, state, charged=0)
    ended = await reread(store, job)
    assert ended.state is state
    for late in (
        store.save_checkpoint(job, "late", 1),
        store.save_results(job, [PIXEL], {}),
        store.begin_attempt(job.id),
    ):
        with pytest.raises(Stale):
            await late
    for other in ENDINGS:
        assert not await store.settle_job(job, other, charged=1)
    assert await reread(store, job) == ended


async def test_a_job_ends_only_as_its_state_allows(store: Store) -> None:
    waiting, running = await accepted(store), await begun(store)
    with pytest.raises(ValueError, match="waiting cannot end as done"):
        await store.settle_job(waiting, State.DONE, charged=0)
    with pytest.raises(ValueError, match="running cannot end as running"):
        await store.settle_job(running, State.RUNNING, charged=0)


async def test_an_unknown_job_is_nobodys(store: Store) -> None:
    assert await store.get_job("nowhere") is None
    with pytest.raises(Stale):
        await store.begin_attempt("nowhere")


# ---------------------------------------------------------------- memory


async def test_steps_are_remembered_across_a_restart(store: Store, database_url: str, clock: FakeClock) -> None:
    job = await begun(store)
    await store.save_checkpoint(job, "attempt-started:1", {"provider": "main", "price": 2})
    await store.save_checkpoint(job, "accepted", {"upstream_id": "task-1"})
    await store.save_checkpoint(job, "nothing", None)
    await store.save_checkpoint(job, "accepted", {"upstream_id": "task-2"})
    await store.close()
    again = await Store.open(database_url, clock=clock)
    try:
        resumed = await again.begin_attempt(job.id)
        assert resumed.checkpoints == {
            "attempt-started:1": {"provider": "main", "price": 2},
            "accepted": {"upstream_id": "task-2"},
            "nothing": None,
        }
        assert [each.checkpoints for each in await again.unfinished_jobs()] == [resumed.checkpoints]
    finally:
        await again.close()


async def test_pictures_wait_in_order_until_the_job_ends(store: Store, database_url: str) -> None:
    job = await begun(store)
    other = Image(data=bytes(range(256)) * 4000, media_type="image/webp", width=640, height=480)
    facts = {
        "provider": "main",
        "model": "m-1",
        "upstream_id": "t1",
        "usage": {"tokens": 7},
        "trace": "x",
        "count": 2,
    }
    await store.save_results(job, [PIXEL], facts)
    await store.save_results(job, [other, PIXEL], facts)
    assert await store.load_results(job) == [other, PIXEL]
    painted = await reread(store, job)
    assert painted.checkpoints == {"generated": facts}
    assert (painted.provider, painted.model, painted.upstream_id) == ("main", "m-1", "t1")
    assert (painted.usage, painted.trace) == ({"tokens": 7}, "x")
    assert await store.settle_job(job, State.DONE, charged=1, delivered=delivered("77"))
    assert await store.load_results(job) == []
    assert query(database_url, "SELECT COUNT(*) FROM result") == [(0,)]


async def test_an_end_keeps_its_reason_and_its_place(store: Store, clock: FakeClock) -> None:
    failed, done = await begun(store), await begun(store)
    await clock.advance(30)
    why = Failure(key="failed-rejected", facts={"quote": "no\u2028foxes", "seconds": 1.5})
    await store.settle_job(failed, State.FAILED, charged=0, failure=why, trace="trace-1")
    await store.settle_job(done, State.DONE, charged=1, delivered=delivered("77"))
    failed, done = await reread(store, failed), await reread(store, done)
    assert (failed.failure, failed.trace, failed.delivered, failed.delivered_id) == (why, "trace-1", (), None)
    assert (done.failure, done.delivered_id, done.delivered) == (None, "77", delivered("77").attachments)
    assert done.finished == clock.now()


async def test_a_job_is_found_by_its_status_and_by_its_pictures(store: Store) -> None:
    job = await accepted(store)
    assert await store.job_by_message(DIRECT, "70") is None
    await store.set_status_message(job.id, "70")
    running = await store.begin_attempt(job.id)
    assert running.status_id == "70"
    await store.settle_job(running, State.DONE, charged=1, delivered=delivered("77"))
    for message_id in ("70", "77"):
        found = await store.job_by_message(DIRECT, message_id)
        assert found is not None
        assert found.id == job.id
    assert await store.job_by_message(GROUP, "70") is None


async def test_a_message_posted_too_late_is_known_nevertheless(store: Store) -> None:
    job = await accepted(store)
    await store.settle_job(job, State.CANCELLED, charged=0)
    await store.set_status_message(job.id, "70")
    assert (await reread(store, job)).status_id == "70"


# ---------------------------------------------------------------- lists


async def test_lists_come_in_order_and_belong_to_their_user(store: Store, clock: FakeClock) -> None:
    jobs: list[Job] = []
    for user in (ANN, BEN, ANN, ANN):
        jobs.append(await accepted(store, user=user))  # each at its own time
        await clock.advance(1)
    running = await store.begin_attempt(jobs[0].id)
    await store.save_checkpoint(running, "attempt-started:1", 1)
    await store.settle_job(jobs[2], State.CANCELLED, charged=0)
    assert [each.id for each in await store.unfinished_jobs()] == [jobs[0].id, jobs[1].id, jobs[3].id]
    assert [each.id for each in await store.unfinished_jobs_of(ANN.key)] == [jobs[0].id, jobs[3].id]
    assert [each.id for each in await store.history(ANN.key)] == [jobs[3].id, jobs[2].id, jobs[0].id]
    assert [each.id for each in await store.history(ANN.key, limit=1)] == [jobs[3].id]
    assert [each.checkpoints for each in await store.unfinished_jobs_of(ANN.key)] == [{"attempt-started:1": 1}, {}]
    assert await store.history("discord:1") == []


async def test_of_the_jobs_of_one_button_one_is_unfinished(store: Store) -> None:
    def press() -> NewJob:
        return replace(new_job(), button=f"vary:parent:{ANN.key}")

    (first, is_new), (again, is_again) = [await store.accept_job(press(), RULES) for _ in range(2)]
    assert (is_new, is_again, again.id) == (True, False, first.id)
    assert (await store.balance(ANN.key, RULES.user_daily)).reserved == first.cost
    await store.settle_job(first, State.CANCELLED, charged=0)
    third, is_new = await store.accept_job(press(), RULES)
    assert is_new
    assert third.id != first.id


async def test_presses_at_once_of_one_button_are_one_job(store: Store) -> None:
    presses = [replace(new_job(), button="retry:parent:user") for _ in range(8)]
    accepted_jobs = await asyncio.gather(*(store.accept_job(each, RULES) for each in presses))
    assert sum(is_new for _, is_new in accepted_jobs) == 1
    assert len({job.id for job, _ in accepted_jobs}) == 1


@pytest.mark.forms(1)
async def test_the_typical_duration_is_the_median_of_enough_smooth_runs(store: Store, clock: FakeClock) -> None:
    for seconds, provider in ((10, "main"), (20, "main"), (90, "main"), (1, "spare")):
        assert await store.median_duration_s("main") is None
        job = await begun(store)
        await store.save_results(job, [PIXEL], {"provider": provider})
        await clock.advance(seconds)
        await store.settle_job(job, State.DONE, charged=1)
        failed = await begun(store)
        await clock.advance(1000)
        await store.settle_job(failed, State.FAILED, charged=0)
        if provider == "main" and seconds == 90:
            break
    resumed = await store.begin_attempt((await begun(store)).id)
    await store.save_results(resumed, [PIXEL], {"provider": "main"})
    await clock.advance(5000)
    await store.settle_job(resumed, State.DONE, charged=1)
    assert await store.median_duration_s("main") == 20
    assert await store.median_duration_s("main", limit=2) is None
    assert await store.median_duration_s("spare") is None
    assert await store.median_duration_s() == 20


async def test_stats_count_today(store: Store, clock: FakeClock) -> None:
    await accepted(store, cost=5)
    await clock.advance(86_400)
    job = await begun(store, cost=3)
    await accepted(store, user=BEN)
    await store.settle_job(job, State.DONE, charged=2)
    assert await store.stats() == {
        "waiting": 1,
        "running": 0,
        "done": 1,
        "failed": 0,
        "cancelled": 0,
        "charged": 2,
        "spent": 0,
        "users": 2,
    }


# ---------------------------------------------------------------- the world outside


async def test_an_accepted_job_is_what_the_database_has_of_it(store: Store) -> None:
    painter = replace(ANN, roles=("telegram:group:-5", "telegram:admin"), is_chat=True)
    odd = replace(
        new_job(user=painter, chat=replace(GROUP, parent_id="-7")),
        prompt="a\0b\ud800c 🦊",
        mask=Attachment(ref="photo:2", media_type="image/png", spoiler=True),
        parts=("8", "9"),
        button="vary:job:telegram:1",
        parent="job",
    )
    for begun in (False, True):
        new = replace(odd, id=new_id(), event=f"message:{begun}", button=f"vary:job{begun}:telegram:1")
        job, is_new = await store.accept_job(new, RULES, begun=begun)
        assert is_new
        assert await reread(store, job) == job


async def test_what_no_database_takes_is_made_harmless(store: Store) -> None:
    new = new_job()
    odd = replace(new, prompt="a\0b\ud800c 🦊")
    job, _ = await store.accept_job(odd, RULES)
    assert job.prompt == "a\ufffdb\ufffdc 🦊"
    job = await store.begin_attempt(job.id)
    usage = {"nan": float("nan"), "deep": [float("inf"), {"x": "\0\ud800"}], "big": 10**30}
    await store.save_results(job, [PIXEL], {"usage": usage, "trace": "\0"})
    kept = await reread(store, job)
    assert kept.usage == {"nan": None, "deep": [None, {"x": "\0\ud800"}], "big": 10**30}
    assert kept.trace == "\ufffd"


async def test_what_the_database_refuses_is_a_failure_that_quotes_no_prompt(store: Store, database_url: str) -> None:
    await store.ping()
    await accepted(store)
    with pytest.raises(StoreFailed) as failed:
        await store.accept_job(new_job(event="x" * 5, cost=-1), RULES)
    assert failed.value.key == "error-store"
    assert failed.value.detail
    assert "fox" not in failed.value.detail
    assert query(database_url, "SELECT COUNT(*) FROM job") == [(1,)]


async def test_a_database_locked_by_another_process_is_waited_for(tmp_path: Path, clock: FakeClock) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/easel.db", clock=clock)
    other = sqlite3.connect(tmp_path / "easel.db", isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(store.accept_job(new_job(), RULES))
        assert await store.unfinished_jobs() == []  # reading goes on meanwhile
        assert not waiting.done()
        other.execute("COMMIT")
        _, fresh = await waiting
        assert fresh
    finally:
        other.close()
        await store.close()


async def test_a_full_disk_is_a_failure_that_keeps_nothing(tmp_path: Path, clock: FakeClock) -> None:
    url = f"sqlite:///{tmp_path}/easel.db"
    await upgrade(url)
    database = await asyncio.to_thread(Database, parse_url(url), SystemClock())
    store = Store(database, clock, await asyncio.to_thread(BoundedReads, parse_url(url)))
    try:
        job = await begun(store)
        await database.write(lambda conn: conn.exec_driver_sql("PRAGMA max_page_count = 64"))
        huge = Image(data=bytes(1_000_000), media_type="image/png", width=1, height=1)
        with pytest.raises(StoreFailed, match="full"):
            await store.save_results(job, [huge], {"provider": "main"})
        assert await store.load_results(job) == []
        assert (await reread(store, job)).checkpoints == {}
    finally:
        await store.close()


async def test_moments_are_aware_and_the_same_in_every_zone(store: Store, database_url: str) -> None:
    moscow = timezone(timedelta(hours=3))
    elsewhere = await Store.open(database_url, clock=FakeClock(datetime(2026, 3, 14, 2, 30, tzinfo=moscow)))
    try:
        job = await accepted(elsewhere)
    finally:
        await elsewhere.close()
    found = await reread(store, job)
    assert found.created == datetime(2026, 3, 13, 23, 30, tzinfo=UTC)
    assert found.created.utcoffset() == timedelta(0)
    naive = await Store.open(database_url, clock=FakeClock(datetime(2026, 3, 14)))  # noqa: DTZ001  # the mistake
    try:
        with pytest.raises(StoreFailed, match="time zone"):
            await accepted(naive)
    finally:
        await naive.close()
