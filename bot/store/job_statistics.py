"""Numbers over many jobs: how long they take, how many there are, what they cost.

Reads only, inside the transaction it is given; makes no job of any row.
"""

from datetime import datetime
from math import isfinite
from statistics import median

import structlog
from sqlalchemy import Connection, func, select

from bot.job import State
from bot.store.readable_rows import as_tuple, float_sum, read_rows
from bot.store.schema import IS_UNFINISHED, job, outcome

log = structlog.get_logger()

MIN_SAMPLES = 3  # jobs below which a median duration says nothing


def median_duration_s(conn: Connection, provider: str | None, limit: int) -> float | None:
    """The median run of the latest jobs that were done at the first attempt; None below MIN_SAMPLES of them, and where
    one of them cannot be read."""
    query = select(job.c.started, job.c.finished).where(job.c.state == State.DONE.value, job.c.attempt == 1)
    if provider is not None:
        query = query.where(job.c.provider == provider)
    try:
        rows = conn.execute(query.order_by(job.c.finished.desc()).limit(limit)).all()
        spans = [(finished - started).total_seconds() for started, finished in rows]
    except (ValueError, TypeError) as unreadable:  # on PostgreSQL a DataError, which becomes StoreFailed
        log.warning("duration of jobs not read", failure=type(unreadable).__name__)
        return None
    return max(0.0, median(spans)) if len(spans) >= MIN_SAMPLES else None


def stats(conn: Connection, since: datetime) -> dict[str, int]:
    """Since a moment: jobs accepted by `state`, `charged` credits of those that ended and what their upstreams
    took (`spent`, as far as they say), `users` who sent one, without those who are forgotten."""
    open_jobs = select(job.c.user_key, job.c.state).where(IS_UNFINISHED, job.c.created >= since)
    ended = select(outcome.c.user_key, outcome.c.state).where(outcome.c.finished >= since, outcome.c.created >= since)
    counts = {state.value: 0 for state in State}
    users = set[str]()
    for query in (open_jobs, ended):  # of each user and state one row
        of_user = query.add_columns(func.count()).group_by(*query.selected_columns)
        for user_key, state, jobs in read_rows(conn, of_user, as_tuple):
            if state in counts:  # a damaged row is nobody's state, and hides no other
                counts[state] += jobs
            users.add(user_key)
    sums = select(float_sum(outcome.c.charged), float_sum(outcome.c.spent)).where(outcome.c.finished >= since)
    charged, spent = (round(each) if isfinite(each) else 0 for each in conn.execute(sums).one())
    return {**counts, "charged": charged, "spent": spent, "users": len(users - {""})}
