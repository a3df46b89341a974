"""How each job ended, in one short row, written in the transaction that ends it: figures and lists are read from these.

A job's own row is wide, and its indexes are paid for at every acceptance; these rows are written once. Works inside the
transaction it is given.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, update

from bot.job import State
from bot.store.engine import insert_once, require_columns
from bot.store.schema import job, outcome

MAX_IDS = 500  # in one statement; SQLite takes 32,766 parameters
MILLISECOND = timedelta(milliseconds=1)


def outcome_row(ended: Mapping[str, Any]) -> dict[str, Any]:
    """The row of a job that has ended, by the values of its own row."""
    created, started, finished = ended["created"], ended["started"], ended["finished"]
    failure, delivered = ended.get("failure"), ended.get("delivered")
    return {
        "job": ended["id"],
        "finished": finished,
        "created": created,
        "whole_ms": _milliseconds(created, finished),
        "waited_ms": None if started is None else _milliseconds(created, started),
        "state": ended["state"],
        "provider": ended["provider"],
        "failure": failure["key"] if failure and ended["state"] == State.FAILED.value else None,
        "pictures": len(delivered or ()),
        "charged": ended["charged"],
        "spent": ended["spent"],
        "user_key": ended["user_key"],
        "chat_key": ended["chat_key"],
    }


def _milliseconds(begin: datetime, end: datetime) -> int:
    """>= 0, also where the clock was set back."""
    return max(0, (end - begin) // MILLISECOND)


_INSERT = insert(outcome).values(
    {column.name: bindparam(f"outcome_{column.name}", type_=column.type) for column in outcome.c}
)
_END_JOB = update(job).where(job.c.id == bindparam("job_id"))


def end_job(conn: Connection, ended: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Writes the end of a job, and its outcome. `ended`: the values of its row that do not change with it; `values`:
    those that do."""
    require_columns(job, values)
    row = {f"outcome_{name}": value for name, value in outcome_row({**ended, **values}).items()}
    if conn.dialect.name != "postgresql":
        conn.execute(_END_JOB, {"job_id": ended["id"], **values})
        conn.execute(_INSERT, row)
        return
    new = {name: bindparam(f"job_{name}", type_=job.c[name].type) for name in values}
    both = _INSERT.add_cte(_END_JOB.values(new).cte("ended"))  # one way to the database and back instead of two
    conn.execute(both, {"job_id": ended["id"], **{f"job_{name}": value for name, value in values.items()}, **row})


def add_outcome(conn: Connection, ended: Mapping[str, Any]) -> None:
    """Notes the end of a job whose row says so already. No-op for one that was noted."""
    insert_once(conn, outcome, outcome_row(ended), key="job")


def forget_members(conn: Connection, jobs: Sequence[str]) -> None:
    """Says no more whose the jobs were, and in which chat; they are counted as before."""
    for start in range(0, len(jobs), MAX_IDS):
        theirs = outcome.c.job.in_(jobs[start : start + MAX_IDS])
        conn.execute(update(outcome).where(theirs).values(user_key="", chat_key=""))


def move_chat(conn: Connection, old: str, new: str) -> None:
    """Gives a chat another key."""
    conn.execute(update(outcome).where(outcome.c.chat_key == old).values(chat_key=new))


def delete_outcomes(conn: Connection, *, ended_before: datetime) -> None:
    """Deletes what ended before a moment, as the jobs themselves are deleted."""
    conn.execute(delete(outcome).where(outcome.c.finished < ended_before))
