"""Which process holds a job, and which one shows its message: taken by one at a time, and taken from who has gone.

A process has gone once it is no member any more (no row in `process`). On PostgreSQL alone. Each method is one
transaction and raises StoreFailed.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, exists, func, or_, select, text, update

from bot.job import TRANSITIONS, Job, State
from bot.runtime.clock import Clock
from bot.store import job_queue, job_rows
from bot.store.database import Database
from bot.store.job_queue import Entry
from bot.store.schema import IS_UNFINISHED, NOTIFICATION_PENDING, job, process

RECOVERY_LOCK = 0x4541_5345_4C51  # "EASELQ": one process at a time looks for what was left behind
YOUNG_S = 30  # age of a job that may still grow, seconds: what belongs to it may not be read yet
GROW_S = 3.0  # that such a job waits when its process has gone
MAX_PENDING = 100  # ended jobs whose messages are taken over at once

Notify = Callable[[Connection], None]
"""Tells other processes, within a transaction, that a job waits for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenJob:
    """A job that this process has begun to run, and its entry in the queue."""

    job: Job
    entry: Entry


def _is_live(member: ColumnElement[Any]) -> ColumnElement[bool]:
    return exists(select(process.c.id).where(process.c.id == member))


IS_FREE = or_(job.c.holder.is_(None), ~_is_live(job.c.holder))
IS_UNSHOWN = or_(job.c.shown_by.is_(None), ~_is_live(job.c.shown_by))


class JobHolders:
    """The holders of jobs in one database."""

    def __init__(self, database: Database, clock: Clock, *, user_concurrent: int, notify: Notify) -> None:
        """`user_concurrent`: jobs of one user that run at once."""
        self._database = database
        self._clock = clock
        self.user_concurrent = user_concurrent
        """May be changed; it holds for whoever starts from then on."""
        self._notify = notify

    # ------------------------------------------------------------ within the acceptance

    def enqueue(self, conn: Connection, accepted: Job, hold_s: float) -> tuple[Job, Entry | None]:
        """As `Dispatch.enqueue`; also its entry where it is in progress."""
        entry = job_queue.put_entry(
            conn,
            accepted.id,
            accepted.user.key,
            accepted.chat.platform,
            user_concurrent=self.user_concurrent,
            is_started=accepted.holder is not None,
            hold_s=hold_s,
        )
        if entry is not None:
            return accepted, entry
        self._notify(conn)
        if accepted.holder is None:
            return accepted, None
        waits = {"holder": None, "state": State.WAITING.value, "attempt": 0, "started": None}
        job_rows.update_job(conn, accepted.id, waits)
        return replace(accepted, holder=None, state=State.WAITING, attempt=0, started=None), None

    # ------------------------------------------------------------ running

    async def take_next(self, member: str, platforms: Collection[str]) -> TakenJob | None:
        """Begins an attempt at the job whose turn it is. Its message is this process's as well, unless another one that
        lives shows it. None: none waits."""

        def work(conn: Connection) -> TakenJob | None:
            while (entry := job_queue.fetch_entry(conn, platforms)) is not None:
                taken = job_rows.begin_attempt(
                    conn,
                    entry.job,
                    self._clock.now(),
                    is_held=or_(job.c.holder == member, IS_FREE),
                    changes={"holder": member, "shown_by": case((IS_UNSHOWN, member), else_=job.c.shown_by)},
                )
                if taken is not None:
                    return TakenJob(job=taken, entry=entry)
                job_queue.drop_entry(conn, entry)  # the job has ended, or another process runs it
            return None

        return await self._database.write(work)

    async def end_entry(self, entry: Entry, member: str) -> bool:
        """A job needs its slot no more. Whether another of its user waits for that. No-op where `member` does not hold
        the job any more."""

        def work(conn: Connection) -> bool:
            held = select(job.c.id).where(job.c.id == entry.job, job.c.holder == member).with_for_update()
            if conn.execute(held).first() is None:
                return False
            waits = job_queue.end_entry(conn, entry, user_concurrent=self.user_concurrent)
            if waits:
                self._notify(conn)
            return waits

        return await self._database.write(work)

    async def held_by(self, member: str) -> list[str]:
        """The ids of unfinished jobs that a process holds."""
        query = select(job.c.id).where(IS_UNFINISHED, job.c.holder == member)
        return await self._database.read(lambda conn: list(conn.execute(query).scalars()))

    async def give_back(self, job_id: str, member: str) -> None:
        """Has an unfinished job wait for any process, also to be shown. No-op where `member` does not hold it."""

        def work(conn: Connection) -> None:
            free = (
                update(job)
                .where(job.c.id == job_id, job.c.holder == member, IS_UNFINISHED)
                .values(holder=None, shown_by=None)
                .returning(job.c.user_key, job.c.chat_key)
            )
            row = conn.execute(free).first()
            if row is None:
                return
            entry = conn.execute(text(ENTRY_OF_JOB), {"job": job_id}).scalar_one_or_none()
            self._wait_again(conn, job_id, row.user_key, row.chat_key, entry, 0.0)
            self._notify(conn)

        await self._database.write(work)

    async def holder_of(self, job_id: str) -> tuple[bool, str | None]:
        """Whether a job is unfinished, and which live process holds it; None: none does."""

        def work(conn: Connection) -> tuple[bool, str | None]:
            query = select(job.c.state, case((IS_FREE, None), else_=job.c.holder)).where(job.c.id == job_id)
            row = conn.execute(query).first()
            return (False, None) if row is None else (bool(TRANSITIONS[State(row[0])]), row[1])

        return await self._database.read(work)

    async def cancel_entry(self, job_id: str) -> None:
        """Takes a job that waits out of the queue."""
        await self._database.write(lambda conn: job_queue.cancel_entry(conn, job_id))

    async def move_hold(self, job_id: str, hold_s: float) -> None:
        """As `Dispatch.move_hold`, of a job that waits in the queue."""
        await self._database.write(lambda conn: job_queue.move_hold(conn, job_id, hold_s))

    async def positions(self, jobs: Collection[str]) -> dict[str, int]:
        """As of `job_queue.positions`."""
        return await self._database.read(lambda conn: job_queue.positions(conn, jobs))

    # ------------------------------------------------------------ messages

    async def claim_message(self, job_id: str, member: str) -> tuple[str | None, str | None]:
        """Has a process show a job's message if no other one that lives does. Who shows it then (None: there is no such
        job), and the message's id."""

        def work(conn: Connection) -> tuple[str | None, str | None]:
            claim = update(job).where(job.c.id == job_id, or_(IS_UNSHOWN, job.c.shown_by == member))
            conn.execute(claim.values(shown_by=member))
            row = conn.execute(select(job.c.shown_by, job.c.status_id).where(job.c.id == job_id)).first()
            return (None, None) if row is None else (row.shown_by, row.status_id)

        return await self._database.write(work)

    async def pass_message(self, job_id: str, member: str, other: str, notify: Notify) -> None:
        """Has another process show the message of a job that `member` has shown until now."""

        def work(conn: Connection) -> None:
            conn.execute(update(job).where(job.c.id == job_id, job.c.shown_by == member).values(shown_by=other))
            notify(conn)

        await self._database.write(work)

    async def claim_pending(self, member: str, platforms: Collection[str]) -> list[Job]:
        """Ended jobs whose message may not say so, and that no live process shows: this one does from now on."""

        def work(conn: Connection) -> list[Job]:
            mine = func.split_part(job.c.chat_key, ":", 1).in_(list(platforms))
            unshown = select(job.c.id).where(NOTIFICATION_PENDING, IS_UNSHOWN, mine).limit(MAX_PENDING)
            ids = list(conn.execute(unshown.with_for_update(skip_locked=True)).scalars())
            if not ids:
                return []
            conn.execute(update(job).where(job.c.id.in_(ids)).values(shown_by=member))
            return job_rows.load_jobs(conn, select(job).where(job.c.id.in_(ids)).order_by(job.c.created, job.c.id))

        return await self._database.write(work)

    # ------------------------------------------------------------ what was left behind

    async def recover(self) -> list[str]:
        """Has every unfinished job wait that no live process holds and that does not wait; ends the entries of jobs
        that have ended. The ids of the jobs."""
        return await self._database.write(self._recover)

    def _recover(self, conn: Connection) -> list[str]:
        if not conn.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": RECOVERY_LOCK}).scalar_one():
            return []  # another process is at it
        lost = conn.execute(LOST_JOBS, {"young": YOUNG_S}).all()
        ended = [Entry(id=row.id, job=row.job or "", lock=row.lock) for row in conn.execute(ENDED_ENTRIES)]
        users = sorted({row.user_key for row in lost} | {entry.user for entry in ended})
        if not users:
            return []
        conn.execute(text("SELECT 1 FROM account WHERE id = ANY(:users) ORDER BY id FOR UPDATE"), {"users": users})
        for row in lost:
            self._wait_again(conn, row.id, row.user_key, row.chat_key, row.entry, GROW_S if row.may_grow else 0.0)
        conn.execute(update(job).where(job.c.id.in_([row.id for row in lost])).values(holder=None))
        for entry in ended:
            job_queue.end_entry(conn, entry, user_concurrent=self.user_concurrent)
        self._notify(conn)
        return [row.id for row in lost]

    def _wait_again(
        self, conn: Connection, job_id: str, user_key: str, chat_key: str, entry: int | None, hold_s: float
    ) -> None:
        platform = chat_key.partition(":")[0]
        if entry is None or not job_queue.put_back(conn, entry, platform, hold_s):
            conn.execute(text("SELECT 1 FROM account WHERE id = :user FOR UPDATE"), {"user": user_key})
            job_queue.put_entry(conn, job_id, user_key, platform, user_concurrent=self.user_concurrent, hold_s=hold_s)


ENTRY_OF_JOB = "SELECT id FROM procrastinate_jobs WHERE queueing_lock = :job AND status = 'doing' LIMIT 1"
# A job that somebody is just changing is looked at next time.
LOST_JOBS = text("""
    SELECT job.id, job.user_key, job.chat_key,
        (SELECT entry.id FROM procrastinate_jobs AS entry WHERE entry.queueing_lock = job.id AND entry.status = 'doing'
         LIMIT 1) AS entry,
        job.attempt = 0 AND job.button IS NULL AND job.created > now() - make_interval(secs => :young) AS may_grow
    FROM job
    WHERE job.state IN ('running', 'waiting')
        AND (job.holder IS NULL OR NOT EXISTS (SELECT 1 FROM process WHERE process.id = job.holder))
        AND NOT EXISTS (SELECT 1 FROM procrastinate_jobs AS waiting
                        WHERE waiting.queueing_lock = job.id AND waiting.status = 'todo')
    ORDER BY job.created, job.id FOR UPDATE OF job SKIP LOCKED""")
ENDED_ENTRIES = text("""
    SELECT entry.id, entry.queueing_lock AS job, entry.lock FROM procrastinate_jobs AS entry
    LEFT JOIN job ON job.id = entry.queueing_lock
    WHERE entry.status = 'doing' AND (job.id IS NULL OR job.finished IS NOT NULL)""")
