"""The queue that processes on PostgreSQL share: procrastinate's entries, one for each job that waits or is painted.

Every function works inside the transaction that it is given, so that a job and its entry are never apart. Entries are
put, fetched, ended and put back by procrastinate's own statements. A lock of procrastinate lets one entry run: a user
with N jobs at once has N locks, each entry the one with the fewest entries, and what waits takes over the lock that
becomes free. Priority falls with the entries that the user has already, so that users take turns.

Rows are locked in the order of all transactions: job, account, entry; who takes an entry first skips those that others
hold.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Connection, RowMapping, text

QUEUE_PREFIX = "easel:"  # of the queues, one for each platform: a process takes jobs of those that it can write to
TASK = "job"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry in progress."""

    id: int
    """Procrastinate's id of it."""
    job: str
    """Id of the job."""
    lock: str
    """What it lets no other entry hold."""

    @property
    def user(self) -> str:
        """Key of the job's user."""
        return self.lock.rpartition("#")[0]


@cache
def _queries() -> Mapping[str, str]:
    from procrastinate.sql import queries  # installed where PostgreSQL is used

    return queries


def _locks(user: str, count: int) -> list[str]:
    """The locks of a user, of whom `count` jobs may run at once."""
    return [f"{user}#{number}" for number in range(count)]


# In the place of three statements, each of which would wait for the database: chooses the lock with the fewest entries,
# and puts the entry, or has it in progress from the start.
PUT = """
    WITH loads AS (
        SELECT each.lock, each.number, count(entry.id) AS entries
        FROM unnest(%(locks)s::text[]) WITH ORDINALITY AS each(lock, number)
        LEFT JOIN procrastinate_jobs AS entry ON entry.lock = each.lock AND entry.status IN ('todo', 'doing')
        GROUP BY each.lock, each.number),
    chosen AS (
        SELECT lock, (SELECT -sum(entries) FROM loads)::int AS priority, %(starts)s AND entries = 0 AS starts
        FROM loads ORDER BY entries, number LIMIT 1),
    started AS (
        INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, queueing_lock, args, status)
        SELECT %(queue)s, %(task)s, priority, lock, %(job)s, jsonb_build_object('job', %(job)s::text), 'doing'
        FROM chosen WHERE starts RETURNING id, lock, queueing_lock),
    put AS MATERIALIZED ({defer_jobs} FROM chosen WHERE NOT starts)
    SELECT started.* FROM (SELECT count(*) FROM put) AS waiting LEFT JOIN started ON true"""
ENTRY = """
    ARRAY[ROW(%(queue)s::text, %(task)s, priority, lock, %(job)s, jsonb_build_object('job', %(job)s::text),
              CASE WHEN %(hold_s)s > 0 THEN now() + make_interval(secs => %(hold_s)s) END)]"""


@cache
def _put_query() -> str:
    """Made of procrastinate's own query, with another one in the place of its parameter."""
    return PUT.format(defer_jobs=_queries()["defer_jobs"].rstrip(";").replace("%(jobs)s", ENTRY))


def put_entry(
    conn: Connection,
    job: str,
    user: str,
    platform: str,
    *,
    user_concurrent: int,
    is_started: bool = False,
    hold_s: float = 0.0,
) -> Entry | None:
    """Puts a job into the queue, its user's account locked. With `is_started` its entry is in progress from the start,
    unless as many of the user's jobs run as may: then None is returned, and it waits as others do. `hold_s`: seconds
    before which nobody takes it."""
    values = {
        "locks": _locks(user, user_concurrent),
        "starts": is_started,
        "queue": f"{QUEUE_PREFIX}{platform}",
        "task": TASK,
        "job": job,
        "hold_s": hold_s,
    }
    found = conn.exec_driver_sql(_put_query(), values).mappings().one()
    return _entry(found)


def _in_seconds(conn: Connection, seconds: float) -> object:
    """A moment by the database's clock."""
    return conn.execute(text("SELECT now() + make_interval(secs => :s)"), {"s": seconds}).scalar_one()


def fetch_entry(conn: Connection, platforms: Collection[str]) -> Entry | None:
    """Takes the entry whose turn it is, in progress from now on; None: none waits whose lock is free."""
    return _fetch(conn, [f"{QUEUE_PREFIX}{each}" for each in platforms])


def _fetch(conn: Connection, queues: list[str]) -> Entry | None:
    found = conn.exec_driver_sql(_queries()["fetch_job"], {"queues": queues, "worker_id": None})
    return _entry(found.mappings().one())


def _entry(row: RowMapping) -> Entry | None:
    return None if row["id"] is None else Entry(id=row["id"], job=row["queueing_lock"], lock=row["lock"])


def end_entry(conn: Connection, entry: Entry, *, user_concurrent: int) -> bool:
    """Deletes an entry in progress; the user's next one takes its lock over, and all others of the user move up.
    Whether one waits for that lock now. No-op for one that is not in progress."""
    conn.execute(text("SELECT 1 FROM account WHERE id = :user FOR UPDATE"), {"user": entry.user})
    if not _is_in_progress(conn, entry.id):
        return False
    drop_entry(conn, entry)
    return _promote(conn, entry, user_concurrent)


def drop_entry(conn: Connection, entry: Entry) -> None:
    """Deletes an entry that was just fetched, for nobody is to run its job."""
    conn.exec_driver_sql(_queries()["finish_job"], {"job_id": entry.id, "status": "succeeded", "delete_job": True})


def _is_in_progress(conn: Connection, entry_id: int) -> bool:
    query = text("SELECT 1 FROM procrastinate_jobs WHERE id = :id AND status = 'doing' FOR UPDATE")
    return conn.execute(query, {"id": entry_id}).first() is not None


def _promote(conn: Connection, ended: Entry, user_concurrent: int) -> bool:
    move_up = text("""
        UPDATE procrastinate_jobs SET priority = least(0, priority + 1) WHERE status = 'todo' AND lock = ANY(:locks)
        RETURNING id, priority""")
    moved = conn.execute(move_up, {"locks": _locks(ended.user, user_concurrent)}).all()
    if not moved:
        return False
    first = min(moved, key=lambda row: (-row.priority, row.id))
    take_over = text("UPDATE procrastinate_jobs SET lock = :lock WHERE id = :id AND status = 'todo'")
    conn.execute(take_over, {"lock": ended.lock, "id": first.id})
    return True


def cancel_entry(conn: Connection, job: str) -> None:
    """Deletes the entry of a job that waits. One that is just being fetched is dropped by who fetches it."""
    find = text(
        "SELECT id FROM procrastinate_jobs WHERE queueing_lock = :job AND status = 'todo' FOR UPDATE SKIP LOCKED"
    )
    for (entry_id,) in conn.execute(find, {"job": job}).all():
        conn.exec_driver_sql(_queries()["cancel_job"], {"job_id": entry_id, "abort": False, "delete_job": True})


def move_hold(conn: Connection, job: str, hold_s: float) -> None:
    """A job that waits until a moment is taken by nobody before `hold_s` seconds from now."""
    move = text("""
        UPDATE procrastinate_jobs SET scheduled_at = now() + make_interval(secs => :s)
        WHERE queueing_lock = :job AND status = 'todo' AND scheduled_at IS NOT NULL""")
    conn.execute(move, {"job": job, "s": hold_s})


def put_back(conn: Connection, entry_id: int, platform: str, hold_s: float = 0.0) -> bool:
    """Has an entry in progress wait again, for any process. False: it is not in progress, or its job waits already."""
    is_doing = text("""
        SELECT 1 FROM procrastinate_jobs AS entry WHERE id = :id AND status = 'doing'
        AND NOT EXISTS (SELECT 1 FROM procrastinate_jobs AS other
                        WHERE other.queueing_lock = entry.queueing_lock AND other.status = 'todo') FOR UPDATE""")
    if conn.execute(is_doing, {"id": entry_id}).first() is None:
        return False
    again = {"job_id": entry_id, "retry_at": _in_seconds(conn, hold_s), "new_queue_name": f"{QUEUE_PREFIX}{platform}"}
    conn.exec_driver_sql(_queries()["retry_job"], again | {"new_priority": None, "new_lock": None})
    return True


def positions(conn: Connection, jobs: Collection[str]) -> dict[str, int]:
    """The positions of jobs among all that wait, 1 for the next; those that do not wait are missing."""
    query = text("""
        SELECT queueing_lock AS job, position FROM (
            SELECT queueing_lock, row_number() OVER (ORDER BY priority DESC, id) AS position FROM procrastinate_jobs
            WHERE status = 'todo' AND task_name = :task) AS line
        WHERE queueing_lock = ANY(:jobs)""")
    return {row.job: row.position for row in conn.execute(query, {"task": TASK, "jobs": list(jobs)})}
