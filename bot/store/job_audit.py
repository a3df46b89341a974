"""What a sound job is: its values, checkpoints, saved images and reservation. And the end of one that is not.

A job whose rows do not fit together is not run: nobody knows what it has done, and a second painting could cost twice.
It ends as failed, in a row that can be read again. Works inside the transaction it is given.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, delete, select

from bot.chat import Attachment, Chat, User
from bot.errors import Unreadable
from bot.job import FINAL_STATES, UNFINISHED_STATES, Failure, State, new_id
from bot.painting import Options
from bot.store import job_rows, ledger, schema
from bot.store.engine import field_values
from bot.store.outcomes import add_outcome
from bot.store.raw_rows import RawRow, at, delete_row, read_raw_rows, replace_row
from bot.store.stored_values import StoredReader

UNKNOWN = "unknown"  # platform and id of a user or a chat that cannot be read
SHAPES: Mapping[str, StoredReader[Any]] = {
    "sender": StoredReader(User),
    "chat": StoredReader(Chat),
    "options": StoredReader(Options),
    "reference_images": StoredReader(list[Attachment]),
    "mask": StoredReader(Attachment | None),
    "parts": StoredReader(list[str]),
    "delivered": StoredReader(list[Attachment] | None),
    "further_ids": StoredReader(list[str] | None),
    "copy_ids": StoredReader(list[str] | None),
    "usage": StoredReader(dict[str, Any] | None),
    "failure": StoredReader(Failure | None),
}
"""The shapes of the JSON columns of a job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedJob:
    """A job that is not sound."""

    row: RawRow
    reason: str
    """What is wrong with it."""


def unsound_jobs(conn: Connection) -> list[AuditedJob]:
    """The jobs that a start would run or tell of, and that are not sound."""
    rows = {
        tuple(row.address.values()): row for where in _conditions() for row in read_raw_rows(conn, schema.job, where)
    }
    return [AuditedJob(row=row, reason=reason) for row in rows.values() if (reason := _problem(conn, row))]


def audit_again(conn: Connection, audited: AuditedJob, *, locks: bool) -> AuditedJob | None:
    """A job that did not look sound, as it is once nobody else can change it (`locks`), or a moment later.

    On PostgreSQL another process may have ended it, or gone on with it, between two reads of its rows. None: it is
    sound.
    """
    if "id" not in audited.row.address:
        return audited  # SQLite has shown all of it as of one moment
    if locks:
        conn.execute(select(schema.job.c.id).where(at(audited.row)).with_for_update())
    for row in read_raw_rows(conn, schema.job, "id = :id", id=audited.row.address["id"]):
        if reason := _problem(conn, row):
            return AuditedJob(row=row, reason=reason)
    return None


def unreadable_parts(conn: Connection) -> list[RawRow]:
    """Unreadable saved images; those of sound jobs are readable, so that nobody waits for these."""
    return [row for row in read_raw_rows(conn, schema.result) if row.problems]


def end_unreadable(conn: Connection, audited: AuditedJob, now: datetime) -> None:
    """Ends a job in a row of readable values, releasing what is still reserved. Its user is notified at the next look
    at pending notifications, where its chat can still be read."""
    row = audited.row
    job_id = row.values.get("id")
    charged = 0
    if job_id is not None:
        release(conn, job_id, now)
        charged = ledger.settled_credits(conn, job_id)
    stored_id = select(schema.job.c.id).where(at(row)).scalar_subquery()  # as it is, maybe unreadable
    for table in (schema.checkpoint, schema.result):
        conn.execute(delete(table).where(table.c.job == stored_id))
    values = ended_values(row, charged, now)
    replace_row(conn, row, values)
    add_outcome(conn, values)


def release(conn: Connection, job_id: str, now: datetime) -> None:
    """Releases the reservation of a job, unless it is settled. One that cannot be read, or does not fit its account, is
    deleted; what it held is found when reserved credits are compared with the jobs under way."""
    try:
        with conn.begin_nested():
            if _sound_reservation(conn, job_id) is not None:
                ledger.settle(conn, job_id, 0, now)
                return
    except ValueError:  # more than its account has reserved
        pass
    if not ledger.settled_credits(conn, job_id):
        for row in _entries(conn, job_id):
            delete_row(conn, row)


# ---------------------------------------------------------------- what is wrong


def _conditions() -> Iterator[str]:
    """Conditions for the jobs to audit, each served by an index: under way, not notified of yet, of no known state."""
    known = sorted(state.value for state in State)
    yield f"state IN ({', '.join(repr(state.value) for state in sorted(UNFINISHED_STATES))})"
    yield "finished IS NULL"
    yield "notification_pending"
    yield " OR ".join(
        [f"state < {known[0]!r}", f"state > {known[-1]!r}"]
        + [f"(state > {low!r} AND state < {high!r})" for low, high in pairwise(known)]
    )


def _problem(conn: Connection, row: RawRow) -> str | None:
    """Why a job is not sound; None when it is."""
    if row.problems:
        return "; ".join(f"{name}: {problem}" for name, problem in row.problems.items())
    values = row.values
    problems = [f"{name}: of no known shape" for name, shape in SHAPES.items() if not _has_shape(values[name], shape)]
    if problems:
        return "; ".join(problems)
    try:
        job = job_rows.job_of(deepcopy(values), {})  # type: ignore[arg-type]  # a mapping by the columns' names
    except (ValueError, TypeError, KeyError) as broken:
        return f"{type(broken).__name__}: {broken}"
    if job.user.key != values["user_key"] or job.chat.key != values["chat_key"]:
        return "sender, chat: not those of user_key and chat_key"
    if (job.state in FINAL_STATES) != (job.finished is not None) or (job.charged is None) != (job.finished is None):
        return "state, finished, charged: do not fit together"
    if job.attempt < 0 or job.cost < 0:
        return "attempt, cost: less than nothing"
    return None if job.finished is not None else _problem_under_way(conn, values)


def _problem_under_way(conn: Connection, values: Mapping[str, Any]) -> str | None:
    """Why a job under way cannot go on."""
    reservation = _sound_reservation(conn, values["id"])
    expected = (values["user_key"], values["cost"] if values["is_reserved"] else 0)
    if reservation is None or (reservation["account"], reservation["credits"]) != expected:
        return "ledger: no reservation that fits"
    checkpoints = read_raw_rows(conn, schema.checkpoint, "job = :job", job=values["id"])
    for row in checkpoints:
        if row.problems:
            return "checkpoint: " + "; ".join(f"{name}: {problem}" for name, problem in row.problems.items())
    reached = {row.values["name"]: row.values["value"] for row in checkpoints}
    asked = any(name.startswith("attempt-started:") for name in reached)
    if values["provider"] is not None and not asked and "generated" not in reached:  # what is finished is delivered
        return "checkpoint: none of the request to its provider"
    results = read_raw_rows(conn, schema.result, "job = :job", job=values["id"])
    generated = reached.get("generated")
    if any(row.problems for row in results):
        return "result: unreadable"
    if isinstance(generated, Mapping) and generated.get("count") != len(results):  # type: ignore[reportUnknownMemberType]  # JSON
        return "result: not as many as were saved"
    return None


def _sound_reservation(conn: Connection, job_id: str) -> Mapping[str, Any] | None:
    """The values of a job's open reservation; None when it is settled, missing or unreadable."""
    entries = _entries(conn, job_id)
    if len(entries) != 1 or entries[0].problems or entries[0].values["kind"] != "reserve":
        return None
    values = entries[0].values
    parts = (values["from_granted"], values["chat_from_granted"])
    fits = all(0 <= part <= values["credits"] for part in parts)
    return values if fits and (values["chat_account"] is None) == (values["chat_day"] is None) else None


def _entries(conn: Connection, job_id: str) -> list[RawRow]:
    return read_raw_rows(conn, schema.ledger, "job = :job", job=job_id)


def _has_shape(value: object, shape: StoredReader[Any]) -> bool:
    try:
        shape.read(value)
    except ValueError:
        return False
    return True


# ---------------------------------------------------------------- the end of a job that is not sound


def ended_values(row: RawRow, charged: int, now: datetime) -> dict[str, Any]:
    """Values for each column of a job that has ended: what can be read of it, and nothing in the place of the rest."""
    values = row.values
    job_id = values.get("id") or new_id()
    user, chat = _user(values), _chat(values)
    state = State.DONE if charged else State.FAILED
    kept = {
        name: values.get(name) for name in ("request_id", "status_id", "started", "parent", "parent_picture", "trace")
    }
    return kept | {
        "id": job_id,
        "event": values.get("event") or f"unreadable:{job_id}",
        "button": None,
        "user_key": user.key,
        "sender": field_values(user),
        "chat_key": chat.key,
        "chat": field_values(chat),
        "locale": values.get("locale") or "en",
        "prompt": "",  # as of an erased job: nothing can be repeated
        "options": field_values(Options()),
        "reference_images": [],
        "mask": None,
        "parts": [],
        "is_variation": bool(values.get("is_variation")),
        "state": state.value,
        "attempt": max(0, values.get("attempt") or 0),
        "holder": None,
        "shown_by": None,
        "cost": max(charged, values.get("cost") or 0),
        "is_reserved": True,
        "charged": charged,
        "created": values.get("created") or now,
        "finished": values.get("finished") or now,
        "provider": None,
        "model": None,
        "price": None,
        "spent": None,
        "upstream_id": None,
        "usage": None,
        "failure": None if charged else {"key": Unreadable.key, "facts": {}},
        "delivered": None,
        "delivered_id": None,
        "further_ids": None,
        "copy_ids": None,
        "deleted": None,
        "notification_pending": state is State.FAILED and chat.platform != UNKNOWN,
    }


def _user(values: Mapping[str, Any]) -> User:
    key = values.get("user_key")
    try:
        user = SHAPES["sender"].read(values.get("sender"))
    except ValueError:
        user = None
    if user is not None and key in (None, user.key):
        return user
    platform, _, identity = (key or f"{UNKNOWN}:{UNKNOWN}").partition(":")
    return User(platform=platform, id=identity, name="")


def _chat(values: Mapping[str, Any]) -> Chat:
    key = values.get("chat_key")
    try:
        chat = SHAPES["chat"].read(values.get("chat"))
    except ValueError:
        chat = None
    if chat is not None and key in (None, chat.key):
        return chat
    platform, _, identity = (key or f"{UNKNOWN}:{UNKNOWN}").partition(":")
    return Chat(platform=platform, id=identity, kind="direct")
