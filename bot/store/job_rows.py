"""Conversion between job values and their rows, and the statements that write and lock them.

Decides nothing about a job's state or its credits. Works inside the transaction it is given. By what jobs are looked
for stands in `job_queries`.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any

import structlog
from sqlalchemy import (
    ColumnElement,
    Connection,
    Insert,
    RowMapping,
    Select,
    and_,
    bindparam,
    delete,
    func,
    literal,
    literal_column,
    select,
    true,
    update,
)

from bot.chat import Attachment, Chat, Delivered, User
from bot.job import Failure, Job, NewJob, State
from bot.painting import Options
from bot.store.column_types import UtcDateTime, safe_text
from bot.store.engine import LAST, field_values, require_columns, upsert_of
from bot.store.readable_rows import UNREADABLE, is_of_row
from bot.store.schema import (
    IS_UNFINISHED,
    UNFINISHED,
    checkpoint,
    job,
)

# Built once each. An UPDATE writes the columns that its parameters name.
UPDATE_JOB = update(job).where(job.c.id == bindparam("job_id"))
IS_HELD = and_(
    job.c.id == bindparam("job_id"),
    job.c.state == State.RUNNING.value,
    job.c.attempt == bindparam("held_attempt"),
)
UPDATE_HELD = update(job).where(IS_HELD)
UPDATE_ATTEMPT = UPDATE_HELD.returning(job.c.id)
OF_OUTCOME = ("id", "created", "started", "provider", "spent", "user_key", "chat_key")  # columns for its last row
LOCK_JOB = (
    select(job.c.state, job.c.attempt, *(job.c[name] for name in OF_OUTCOME))
    .where(job.c.id == bindparam("job_id"))
    .with_for_update()
)
log = structlog.get_logger()

NO_CHANGES: Mapping[str, Any] = MappingProxyType({})


def readable_chats(conn: Connection, query: Select[Any]) -> list[Chat]:
    """The chats that a query finds, without those that cannot be read; none where a value is no JSON."""
    try:
        values = conn.scalars(query).all()
    except UNREADABLE:
        return []
    found: list[Chat] = []
    for value in values:
        with suppress(*UNREADABLE):
            found.append(Chat(**value))
    return found


# ---------------------------------------------------------------- values to rows


def job_row(
    new: NewJob, now: datetime, *, begun: bool = False, holder: str | None = None, shown_by: str | None = None
) -> dict[str, Any]:
    """The row of a job that was just accepted; `begun`: its first attempt runs already."""
    return {
        "id": new.id,
        "event": new.event,
        "button": new.button,
        "user_key": new.user.key,
        "sender": field_values(new.user),
        "chat_key": new.chat.key,
        "chat": field_values(new.chat),
        "request_id": new.request_id,
        "locale": new.locale,
        "prompt": new.prompt,
        "options": field_values(new.options),
        "reference_images": [field_values(each) for each in new.references],
        "mask": field_values(new.mask) if new.mask else None,
        "state": (State.RUNNING if begun else State.WAITING).value,
        "attempt": int(begun),
        "holder": holder,
        "shown_by": shown_by,
        "started": now if begun else None,
        "cost": new.cost,
        "is_reserved": new.is_reserved,
        "created": now,
        "parent": new.parent,
        "parent_picture": new.parent_picture,
        "is_variation": new.is_variation,
        "parts": list(new.parts),
        "notification_pending": False,
    }


def accepted_job(
    new: NewJob, now: datetime, *, begun: bool = False, holder: str | None = None, shown_by: str | None = None
) -> Job:
    """The job that `job_of` would read from the row of `job_row`: a job that was just accepted is not read back."""
    values: dict[str, Any] = {**field_values(new), "prompt": safe_text(new.prompt)}
    return Job(
        **values,
        state=State.RUNNING if begun else State.WAITING,
        attempt=int(begun),
        holder=holder,
        shown_by=shown_by,
        created=now,
        started=now if begun else None,
        charged=None,
        status_id=None,
        finished=None,
        provider=None,
        model=None,
        price=None,
        spent=None,
        upstream_id=None,
        usage=None,
        trace=None,
        failure=None,
        delivered=(),
        delivered_id=None,
        further_ids=(),
        copy_ids=(),
        deleted=None,
        checkpoints={},
    )


def end_values(
    state: State,
    *,
    charged: int,
    failure: Failure | None,
    delivered: Delivered | None,
    trace: str | None,
    now: datetime,
) -> dict[str, Any]:
    """The columns that are written when a job ends."""
    values: dict[str, Any] = {
        "state": state.value,
        "charged": charged,
        "finished": now,
        "notification_pending": delivered is None,
    }
    if failure is not None:
        values["failure"] = {"key": failure.key, "facts": dict(failure.facts)}
    if delivered is not None:
        values["delivered"] = [field_values(each) for each in delivered.attachments]
        values["delivered_id"] = delivered.ref.message_id
        values["further_ids"] = list(delivered.further_ids) or None
    if trace is not None:
        values["trace"] = trace
    return values


def update_job(conn: Connection, job_id: str, values: Mapping[str, Any]) -> None:
    require_columns(job, values)
    conn.execute(UPDATE_JOB, {"job_id": job_id, **values})


def move_chat(conn: Connection, old: Chat, new: Chat) -> None:
    """Moves all jobs of a chat to another one; each keeps its thread."""
    found = conn.execute(select(job.c.id, job.c.chat).where(job.c.chat_key == old.key))
    for job_id, chat in found.all():
        moved = field_values(new) | {"thread_id": chat["thread_id"]}
        update_job(conn, job_id, {"chat_key": new.key, "chat": moved})


def begin_attempt(
    conn: Connection,
    job_id: str,
    now: datetime,
    *,
    is_held: ColumnElement[bool] | None = None,
    changes: Mapping[str, Any] = NO_CHANGES,
) -> Job | None:
    """Starts a new attempt. None: the job has ended, or does not exist, or is not as the condition `is_held` has it.
    `changes`: what is written with it."""
    started = func.coalesce(job.c.started, literal(now, UtcDateTime()))
    statement = (
        update(job)
        .where(job.c.id == job_id, IS_UNFINISHED, true() if is_held is None else is_held)
        .values(
            state=State.RUNNING.value,
            attempt=job.c.attempt + 1,
            started=started,
            **changes,
        )
        .returning(job)
    )
    row = conn.execute(statement).mappings().first()
    return None if row is None else job_of(row, _checkpoints_of(conn, job_id) if row["attempt"] > 1 else {})


def update_held_job(conn: Connection, holder: Job, values: Mapping[str, Any]) -> bool:
    """Updates and locks a running job. False: `holder` is no longer its attempt, and nothing changes."""
    return conn.execute(UPDATE_ATTEMPT, _held(holder, values)).first() is not None


def _held(holder: Job, values: Mapping[str, Any]) -> dict[str, Any]:
    require_columns(job, values)
    return {"job_id": holder.id, "held_attempt": holder.attempt, "attempt": holder.attempt, **values}


def commit_checkpoint(
    conn: Connection, holder: Job, name: str, value: Any, now: datetime, facts: Mapping[str, Any]
) -> bool:
    """Updates a running job and writes a checkpoint of it, or replaces that of the name; then nothing else is executed
    in the transaction. False: `holder` is no longer its attempt, and nothing changes."""
    conn.execute(UPDATE_HELD, _held(holder, facts))  # locks it
    new = {"new_name": name, "new_value": value, "new_at": now, "job_id": holder.id, "held_attempt": holder.attempt}
    return conn.execute(_upsert_held(conn.dialect.name), new).first() is not None


@cache
def _upsert_held(dialect: str) -> Insert:
    """The checkpoint of a job that is held."""
    columns = [checkpoint.c.name, checkpoint.c.value, checkpoint.c.at]
    row = select(job.c.id, *(bindparam(f"new_{each.name}", type_=each.type) for each in columns)).where(IS_HELD)
    written = upsert_of(dialect, checkpoint, "job,name", ("value", "at")).from_select(
        ["job", *(each.name for each in columns)], row
    )
    return written.returning(checkpoint.c.job).execution_options(**LAST)


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedJob:
    """A job that nobody else changes until the transaction ends."""

    state: State
    attempt: int
    values: Mapping[str, Any]
    """Of the columns OF_OUTCOME."""


def lock_job(conn: Connection, job_id: str) -> LockedJob | None:
    """Locks a job until the transaction ends; None when it does not exist."""
    row = conn.execute(LOCK_JOB, {"job_id": job_id}).mappings().first()
    if row is None:
        return None
    values = {name: row[name] for name in OF_OUTCOME}
    return LockedJob(state=State(row["state"]), attempt=row["attempt"], values=values)


# ---------------------------------------------------------------- rows to values


def load_jobs(conn: Connection, query: Select[Any]) -> list[Job]:
    """The jobs of a `select(job)`, with their checkpoints. One that cannot be read is logged and left out."""
    try:
        return _load_all(conn, query)
    except UNREADABLE as failed:
        if not is_of_row(failed):
            raise
    # on SQLite an id itself may be what cannot be read
    address: ColumnElement[Any] = literal_column("job.rowid") if conn.dialect.name == "sqlite" else job.c.id
    found: list[Job] = []
    for key in conn.execute(query.with_only_columns(address).select_from(job)).scalars().all():
        try:
            found += _load_all(conn, select(job).where(address == key))
        except UNREADABLE as unreadable:
            log.warning("job not read", row=key, failure=type(unreadable).__name__)
    return found


def _load_all(conn: Connection, query: Select[Any]) -> list[Job]:
    rows = conn.execute(query).mappings().all()
    if not rows:
        return []
    chosen = query.with_only_columns(job.c.id)
    found = conn.execute(_select_checkpoints().where(checkpoint.c.job.in_(chosen)))
    checkpoints: dict[str, dict[str, Any]] = {}
    for owner, name, value in found:
        checkpoints.setdefault(owner, {})[name] = value
    return [job_of(row, checkpoints.get(row["id"], {})) for row in rows]


def _select_checkpoints() -> "Select[Any, Any, Any]":
    """Checkpoints in the order they were written."""
    return select(checkpoint.c.job, checkpoint.c.name, checkpoint.c.value).order_by(checkpoint.c.at, checkpoint.c.name)


def _checkpoints_of(conn: Connection, job_id: str) -> dict[str, Any]:
    return {each.name: each.value for each in conn.execute(_select_checkpoints().where(checkpoint.c.job == job_id))}


def load_job(conn: Connection, query: Select[Any]) -> Job | None:
    """The first job of a `select(job)`."""
    row = conn.execute(query.limit(1)).mappings().first()
    if row is None:
        return None
    return job_of(row, _checkpoints_of(conn, row["id"]))


def add_copy(conn: Connection, job_id: str, message_id: str) -> bool:
    """Adds a message to those that show pictures of a job once more. False: the job's result is deleted."""
    lock_job(conn, job_id)
    found = load_job(conn, select(job).where(job.c.id == job_id))
    if found is not None and message_id not in found.copy_ids:
        update_job(conn, job_id, {"copy_ids": [*found.copy_ids, message_id]})
    return found is not None and found.deleted is None


def load_branch(conn: Connection, job_id: str, most: int) -> dict[str, Job]:
    """A job and those that it descends from, by their ids, at most `most`; those that cannot be read are left out."""
    found: dict[str, Job] = {}
    wanted: str | None = job_id
    while wanted is not None and wanted not in found and len(found) < most:
        rows = load_jobs(conn, select(job).where(job.c.id == wanted))
        if not rows:
            break
        found[wanted] = rows[0]
        wanted = rows[0].parent
    return found


def _user(fields: dict[str, Any]) -> User:
    roles: Sequence[str] = fields.pop("roles")
    return User(**fields, roles=tuple(roles))


def job_of(row: RowMapping, checkpoints: Mapping[str, Any]) -> Job:
    """A job made from its row and its checkpoints."""
    same_name = (
        "id event button request_id locale prompt attempt holder shown_by cost is_reserved parent parent_picture "
        "is_variation charged status_id created started finished provider model price spent upstream_id usage trace "
        "delivered_id deleted"
    )
    return Job(
        **{name: row[name] for name in same_name.split()},
        user=_user(row["sender"]),
        chat=Chat(**row["chat"]),
        options=Options(**row["options"]),
        references=tuple(Attachment(**each) for each in row["reference_images"]),
        mask=Attachment(**row["mask"]) if row["mask"] else None,
        parts=tuple(row["parts"]),
        further_ids=tuple(row["further_ids"] or ()),
        copy_ids=tuple(row["copy_ids"] or ()),
        state=State(row["state"]),
        failure=Failure(**row["failure"]) if row["failure"] else None,
        delivered=tuple(Attachment(**each) for each in row["delivered"] or ()),
        checkpoints=checkpoints,
    )


# ---------------------------------------------------------------- beside other jobs


def find_unfinished_sibling(conn: Connection, new: NewJob) -> Job | None:
    """Another unfinished job of the same button."""
    if new.button is None:
        return None
    return load_job(conn, select(job).where(job.c.button == new.button, UNFINISHED, job.c.id != new.id))


def delete_job(conn: Connection, job_id: str) -> None:
    conn.execute(delete(job).where(job.c.id == job_id))
