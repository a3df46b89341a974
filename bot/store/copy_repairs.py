"""What becomes of rows of a source that cannot be read: as at a start, none is lost in silence.

An unreadable job ends and its credits come back; an account is computed anew from the ledger; every such row is kept in
the target's quarantine. Works inside the transaction it is given.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from bot.job import FINAL_STATES
from bot.store import job_audit, ledger, schema
from bot.store.column_types import safe_text
from bot.store.engine import field_values
from bot.store.outcomes import add_outcome
from bot.store.quarantine import SetAside, keep, of_member, users_without_account
from bot.store.raw_rows import RawRow


def keep_unreadable(target: Connection, rows: Sequence[RawRow], allowance: int, now: datetime) -> list[SetAside]:
    """Keeps rows of the source that were not copied. `allowance`: credits a day, for accounts computed anew."""
    lost_ids = False
    for row in rows:
        for name, value in row.values.items():
            row.values[name] = safe_text(value) if isinstance(value, str) else value
        if row.table is schema.account:
            lost_ids = not _rebuild_account(target, row, allowance, now) or lost_ids
        elif row.table is schema.job:
            _end_job(target, row, now)
    if lost_ids:
        for account_id in users_without_account(target, everybody=True):
            _insert_account(target, account_id, allowance, now, {"banned": False})
    return [
        keep(target, row, "; ".join(f"{name}: {problem}" for name, problem in row.problems.items()), now)
        for row in rows
    ]


def _rebuild_account(target: Connection, row: RawRow, allowance: int, now: datetime) -> bool:
    """False: nobody can read whose account it is."""
    account_id = row.values.get("id")
    if account_id is not None:
        _insert_account(target, account_id, allowance, now, of_member(row))
    return account_id is not None


def _insert_account(
    target: Connection, account_id: str, allowance: int, now: datetime, of_member: Mapping[str, Any]
) -> None:
    rebuilt = ledger.replay(target, account_id, allowance, now)
    target.execute(insert(schema.account), {**field_values(rebuilt), **of_member})


def _end_job(target: Connection, row: RawRow, now: datetime) -> None:
    """Writes the job as one that has ended; its user is notified, unless it had ended before."""
    job_id = row.values.get("id")
    charged = 0
    if job_id is not None:
        job_audit.release(target, job_id, now)
        charged = ledger.settled_credits(target, job_id)
    values = job_audit.ended_values(row, charged, now)
    if row.values.get("state") in FINAL_STATES and not row.values.get("notification_pending"):
        values["notification_pending"] = False
    target.execute(insert(schema.job), values)
    add_outcome(target, values)
