"""Amends a job that has asked no upstream yet: what it requests, and with it what it reserves.

Fenced against its start: whoever amends a job that runs already takes the attempt over, so that the older one can ask
nobody any more.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, literal, select

from bot.job import Amendment, Failure, Job, State
from bot.quota import QuotaRules
from bot.runtime.clock import Clock
from bot.store import job_queries, job_rows, ledger, outcomes
from bot.store.database import Database
from bot.store.engine import field_values
from bot.store.schema import checkpoint

MAX_ATTEMPT = 3  # of a running job that may still be taken over: its attempts are counted, and five of them end it


class Amendments:
    """Changes jobs in a database. Every method raises StoreFailed when the database fails."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def amend_job(self, job_id: str, change: Amendment, rules: QuotaRules) -> Job | None:
        """Changes what a job requests and reserves, in one transaction. The job as it is then, with a newer attempt
        where it runs already; None: an upstream may have been asked, or it has ended.

        Raises OutOfCredits, ChatOutOfCredits, Banned; then nothing has changed.
        """
        now = self._clock.now()
        return await self._database.write(lambda conn: _amend_job(conn, job_id, change, rules, now))

    async def withdraw_job(self, job_id: str, failure: Failure) -> Job | None:
        """Ends a job as failed, and releases what it has reserved; the notification of its end is pending from here on.
        The job as it ended; None: an upstream may have been asked, or it had ended."""
        now = self._clock.now()
        return await self._database.write(lambda conn: _withdraw_job(conn, job_id, failure, now))


def _amend_job(conn: Connection, job_id: str, change: Amendment, rules: QuotaRules, now: datetime) -> Job | None:
    if (taken := _take_over(conn, job_id)) is None:
        return None
    job, _ = taken
    if (change.cost, change.is_reserved) != (job.cost, job.is_reserved):
        ledger.change_reservation(conn, job, change.cost, rules, now, is_reserved=change.is_reserved)
    values: dict[str, Any] = {
        "attempt": job.attempt,
        "prompt": change.prompt,
        "options": field_values(change.options),
        "reference_images": [field_values(each) for each in change.references],
        "mask": field_values(change.mask) if change.mask else None,
        "cost": change.cost,
        "is_reserved": change.is_reserved,
        "parts": list(change.parts),
    }
    job_rows.update_job(conn, job_id, values)
    return job_rows.load_job(conn, job_queries.select_by_id(job_id))


def _withdraw_job(conn: Connection, job_id: str, failure: Failure, now: datetime) -> Job | None:
    if (taken := _take_over(conn, job_id)) is None or not ledger.settle(conn, job_id, 0, now):
        return None
    job, locked = taken
    end = job_rows.end_values(State.FAILED, charged=0, failure=failure, delivered=None, trace=None, now=now)
    outcomes.end_job(conn, locked.values, {"attempt": job.attempt, **end})
    return job_rows.load_job(conn, job_queries.select_by_id(job_id))


def _take_over(conn: Connection, job_id: str) -> tuple[Job, job_rows.LockedJob] | None:
    """The job, locked, with the number of the attempt that is to be written; None: it is too late."""
    locked = job_rows.lock_job(conn, job_id)
    if locked is None:
        return None
    state, attempt = locked.state, locked.attempt
    if state is State.RUNNING:
        has_steps = conn.execute(select(literal(1)).where(checkpoint.c.job == job_id).limit(1)).first() is not None
        if has_steps or attempt > MAX_ATTEMPT:
            return None
    elif state is not State.WAITING:
        return None
    job = job_rows.load_job(conn, job_queries.select_by_id(job_id))
    assert job is not None  # it is locked
    return (replace(job, attempt=attempt + 1) if state is State.RUNNING else job), locked
