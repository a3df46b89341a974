"""The queue that processes share: whose turn it is, how many jobs of a user run, and what is left of who has gone."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from itertools import count

import pytest
from sqlalchemy import Connection, text

from bot.chat import User
from bot.errors import Stale, StoreFailed
from bot.job import Job, State
from bot.store.job_holders import JobHolders, TakenJob
from bot.store.job_queue import Entry
from bot.store.store import Store
from tests.flow.store.stores import ANN, BEN, RULES, new_job
from tests.support.clocks import FakeClock
from tests.support.databases import execute, query
from tests.support.postgres import Cluster

TELEGRAM = ("telegram",)


@dataclass(slots=True)
class Queue:
    """One queue, as processes of the names `A`, `B`, … see it."""

    store: Store
    holders: JobHolders
    url: str
    entries: dict[str, Entry | None] = field(default_factory=dict[str, Entry | None])
    notified: "count[int]" = field(default_factory=count)

    def join(self, *members: str) -> None:
        for member in members:
            execute(
                self.url,
                f"""INSERT INTO process (id, name, version, roles, machine, pid, pid_started, started, heartbeat,
                    steady_since) VALUES ('{member}', '', '', '[]', '', 0, 0, now(), now(), now())""",  # noqa: S608 - a letter
            )

    def leave(self, member: str) -> None:
        execute(self.url, f"DELETE FROM process WHERE id = '{member}'")  # noqa: S608 - a letter

    async def accept(self, user: User = ANN, *, by: str = "A", starts: bool = False, hold_s: float = 0.0) -> Job:
        """A job that waits, or with `starts` begins at once where it may."""

        def enqueue(conn: Connection, job: Job) -> Job:
            queued, self.entries[job.id] = self.holders.enqueue(conn, job, hold_s)
            return queued

        job, is_new = await self.store.accept_job(
            new_job(user=user), RULES, begun=starts, holder=by if starts else None, shown_by=by, enqueue=enqueue
        )
        assert is_new
        return job

    async def take(self, member: str) -> TakenJob:
        taken = await self.holders.take_next(member, TELEGRAM)
        assert taken is not None
        return taken

    async def is_empty_for(self, member: str) -> bool:
        return await self.holders.take_next(member, TELEGRAM) is None


@pytest.fixture
async def queue(postgres: Cluster, postgres_template: str, clock: FakeClock) -> AsyncGenerator[Queue]:
    url = postgres.url(postgres.create(template=postgres_template))
    store = await Store.open(url, clock=clock)
    made = Queue(store, store.job_holders(user_concurrent=RULES.user_concurrent, notify=lambda conn: None), url)
    made.join("A", "B")
    try:
        yield made
    finally:
        await store.close()


async def test_a_user_runs_so_many_jobs_over_all_processes_and_the_next_takes_the_free_place(queue: Queue) -> None:
    running = await queue.accept(starts=True)
    assert (running.state, running.holder, running.attempt) == (State.RUNNING, "A", 1)
    second = await queue.accept()
    third, fourth = await queue.accept(), await queue.accept()
    assert (await queue.take("B")).job.id == second.id
    assert await queue.is_empty_for("A")
    entry = queue.entries[running.id]
    assert entry is not None
    assert await queue.holders.end_entry(entry, "A")
    assert (await queue.take("B")).job.id == third.id
    assert await queue.is_empty_for("B")
    assert await queue.holders.positions([fourth.id, third.id]) == {fourth.id: 1}


async def test_a_job_that_could_start_here_waits_where_its_user_has_no_place_left(queue: Queue) -> None:
    for _ in range(RULES.user_concurrent):
        assert (await queue.accept(starts=True)).holder == "A"
    job = await queue.accept(by="B", starts=True)
    assert (job.state, job.holder, job.attempt, job.started) == (State.WAITING, None, 0, None)
    stored = await queue.store.get_job(job.id)
    assert stored is not None
    assert (stored.state, stored.holder, stored.attempt, stored.started) == (State.WAITING, None, 0, None)


async def test_a_process_that_is_stopped_in_a_transaction_keeps_nothing_from_others_for_long(queue: Queue) -> None:
    limits: list[str] = []

    def enqueue(conn: Connection, job: Job) -> Job:
        limits.append(conn.execute(text("SHOW idle_in_transaction_session_timeout")).scalar_one())
        return job

    await queue.store.accept_job(new_job(), RULES, enqueue=enqueue)
    assert limits == ["10s"]


async def test_a_job_that_cannot_be_queued_is_not_accepted_and_reserves_nothing(queue: Queue) -> None:
    execute(queue.url, "ALTER TABLE procrastinate_jobs RENAME TO gone")
    for starts in (False, True):
        with pytest.raises(StoreFailed):
            await queue.accept(starts=starts)
    execute(queue.url, "ALTER TABLE gone RENAME TO procrastinate_jobs")
    for table in ("job", "ledger", "account", "procrastinate_jobs"):
        assert query(queue.url, f"SELECT count(*) FROM {table}") == [(0,)]  # noqa: S608 - one of the names above
    assert (await queue.accept(starts=True)).holder == "A"


async def test_users_take_turns(queue: Queue) -> None:
    anns = [await queue.accept(ANN) for _ in range(4)]
    bens = [await queue.accept(BEN) for _ in range(2)]
    order = [anns[0].id, bens[0].id, anns[1].id, bens[1].id]
    assert await queue.holders.positions([each.id for each in (*anns, *bens)]) == {
        job_id: position for position, job_id in enumerate((*order, anns[2].id, anns[3].id), start=1)
    }
    assert [(await queue.take("A")).job.id for _ in order] == order


async def test_what_a_process_that_has_gone_held_waits_again_and_its_attempt_is_fenced(queue: Queue) -> None:
    await queue.accept(by="B")
    lost = await queue.take("A")
    assert await queue.holders.recover() == []
    queue.leave("A")
    assert await queue.holders.recover() == [lost.job.id]
    assert await queue.holders.recover() == []
    again = await queue.take("B")
    assert (again.job.id, again.job.attempt, again.job.holder) == (lost.job.id, lost.job.attempt + 1, "B")
    with pytest.raises(Stale):
        await queue.store.save_checkpoint(lost.job, "accepted", {})
    with pytest.raises(Stale):
        await queue.store.begin_attempt(lost.job.id, holder="A")
    assert not await queue.holders.end_entry(lost.entry, "A")  # it is B's now
    await queue.holders.give_back(lost.job.id, "A")
    assert await queue.holders.holder_of(lost.job.id) == (True, "B")
    assert query(queue.url, "SELECT status FROM procrastinate_jobs") == [("doing",)]


async def test_a_job_without_an_entry_is_found_and_an_entry_without_a_job_is_dropped(queue: Queue) -> None:
    job = await queue.accept()
    execute(queue.url, "DELETE FROM procrastinate_jobs")
    assert await queue.holders.recover() == [job.id]
    taken = await queue.take("A")
    assert await queue.store.settle_job(taken.job, State.DONE, charged=1)
    await queue.holders.recover()
    assert query(queue.url, "SELECT count(*) FROM procrastinate_jobs") == [(0,)]


async def test_a_cancelled_job_is_run_by_nobody(queue: Queue) -> None:
    cancelled, dropped = await queue.accept(), await queue.accept()
    await queue.holders.cancel_entry(cancelled.id)
    assert await queue.store.settle_job(dropped, State.CANCELLED, charged=0)  # its entry still waits
    assert await queue.is_empty_for("A")
    assert query(queue.url, "SELECT count(*) FROM procrastinate_jobs") == [(0,)]


async def test_what_is_given_back_goes_on_elsewhere_also_after_its_slot_was_free(queue: Queue) -> None:
    for _ in range(2):
        await queue.accept(starts=True)
    painting, delivering = list(queue.entries)
    entry = queue.entries[delivering]
    assert entry is not None
    await queue.holders.end_entry(entry, "A")
    for job_id in (painting, delivering):
        await queue.holders.give_back(job_id, "A")
    taken = [await queue.take("B") for _ in range(2)]
    assert {each.job.id for each in taken} == {painting, delivering}
    assert {each.job.shown_by for each in taken} == {"B"}


async def test_nobody_takes_a_held_job_before_its_moment(queue: Queue) -> None:
    job = await queue.accept(hold_s=3600)
    assert await queue.is_empty_for("A")
    await queue.holders.move_hold(job.id, 0.0)
    assert (await queue.take("A")).job.id == job.id


async def test_a_message_is_passed_on_by_who_shows_it_and_taken_from_who_has_gone(queue: Queue) -> None:
    job = await queue.accept(by="A")
    await queue.store.set_status_message(job.id, "77")
    assert (await queue.take("B")).job.shown_by == "A"
    assert await queue.holders.claim_message(job.id, "B") == ("A", "77")
    await queue.holders.pass_message(job.id, "A", "B", lambda conn: None)
    assert await queue.holders.claim_message(job.id, "B") == ("B", "77")
    queue.leave("B")
    assert await queue.holders.claim_message(job.id, "A") == ("A", "77")
    assert await queue.holders.claim_message("nobody's", "A") == (None, None)


async def test_the_end_of_a_job_is_shown_by_one_process_when_who_ended_it_has_gone(queue: Queue) -> None:
    job = await queue.accept(by="B")
    assert await queue.store.settle_job(job, State.CANCELLED, charged=0)
    assert await queue.holders.claim_pending("A", TELEGRAM) == []
    queue.leave("B")
    assert await queue.holders.claim_pending("A", ("discord",)) == []
    assert [each.id for each in await queue.holders.claim_pending("A", TELEGRAM)] == [job.id]
    queue.join("C")
    assert await queue.holders.claim_pending("C", TELEGRAM) == []


async def test_jobs_of_platforms_that_a_process_cannot_write_to_are_left_to_others(queue: Queue) -> None:
    await queue.accept()
    assert await queue.holders.take_next("A", ("discord",)) is None
    assert await queue.holders.take_next("A", ("discord", "telegram")) is not None
