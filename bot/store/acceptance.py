"""The acceptance of a job: its row, its reservation and its entry in the queue, inside the transaction it is given.

What returns nothing is executed before anything is read: PostgreSQL is waited for once until the rules decide, and once
more for the entry.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, exists, func, select

from bot.errors import TooManyWaiting
from bot.job import Job, NewJob
from bot.quota import QuotaRules
from bot.store import job_queries, job_rows, ledger
from bot.store.adapter_store import save_post_intent
from bot.store.engine import insert_unless_known
from bot.store.schema import IS_UNFINISHED, account, job
from bot.store.schema import ledger as ledger_entry

# A job that was accepted before has its reservation.
RESERVATION = exists().where(ledger_entry.c.job == job.c.id, ledger_entry.c.kind == "reserve")
IS_NEW = select(func.count()).where(job.c.id == bindparam("new_job"), ~RESERVATION).scalar_subquery()
UNFINISHED = select(func.count()).where(job.c.user_key == bindparam("owner"), IS_UNFINISHED).scalar_subquery()
SELECT_OWNER = select(account, IS_NEW.label("is_new"), UNFINISHED.label("unfinished")).where(
    account.c.id == bindparam("owner")
)


def accept(
    conn: Connection,
    new: NewJob,
    rules: QuotaRules,
    now: datetime,
    *,
    begun: bool,
    first_post: Mapping[str, Any] | None,
    holder: str | None,
    shown_by: str | None,
    enqueue: Callable[[Connection, Job], Job] | None,
) -> tuple[Job, bool]:
    """As `Store.accept_job`."""
    insert_unless_known(
        conn, job, job_rows.job_row(new, now, begun=begun, holder=holder, shown_by=shown_by), key="event"
    )
    ledger.lock_owner(conn, new.user.key)  # two presses at once take turns here
    found = conn.execute(SELECT_OWNER, {"owner": new.user.key, "new_job": new.id}).mappings().one()
    if not found["is_new"]:
        known = job_rows.load_job(conn, job_queries.select_by_event(new.event))
        assert known is not None
        return known, False
    user = ledger.check_refused(found, now)
    if (pressed_before := job_rows.find_unfinished_sibling(conn, new)) is not None:
        job_rows.delete_job(conn, new.id)
        return pressed_before, False
    if found["unfinished"] > rules.unfinished:
        raise TooManyWaiting(limit=rules.user_waiting)
    ledger.reserve(conn, new, user, rules, now)
    if first_post is not None:
        save_post_intent(conn, new.chat.platform, new.id, first_post, now)
    accepted = job_rows.accepted_job(new, now, begun=begun, holder=holder, shown_by=shown_by)
    return (accepted if enqueue is None else enqueue(conn, accepted)), True
