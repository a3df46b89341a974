"""Sets rows and updates aside that cannot be read, so that none stops a start or others: kept for the operator.

What is put right: an unreadable job ends as failed and its credits come back, once; an account is computed anew from
the ledger; any other row is taken out of its table. An update of a chat platform is kept whole, as it came. Works
inside the transaction it is given. How a row is read whatever is in it stands in `raw_rows`, what a sound job is in
`job_audit`.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Connection, Table, delete, exists, insert, select

from bot.errors import StoreFailed
from bot.job import new_id
from bot.observability.metrics import ROWS_SET_ASIDE, UPDATES_SET_ASIDE
from bot.runtime.clock import Clock
from bot.store import job_audit, ledger, schema
from bot.store.database import Database
from bot.store.engine import field_values
from bot.store.raw_rows import RawRow, delete_row, misfit_condition, read_raw_rows, replace_row

log = structlog.get_logger()

SECRET_COLUMNS = {("interaction_token", "body")}  # not kept: a token is a secret
MAX_UPDATES = 500  # updates that are kept, the newest: somebody may send one after the other
MAX_UPDATE_CHARS = 65_536  # of one update's JSON; a long message with all its entities is far below
# A field of an update whose value lets others answer in the bot's place; also within a text that is JSON itself.
_SECRET_FIELD = re.compile(r'(\\*"(?:token|session_id)\\*"\s*:\s*\\*")[^"\\]*')
OWN_RULES = {schema.account, schema.ledger, schema.job, schema.checkpoint, schema.result}
"""Tables whose rows belong together; a row of any other stands for itself."""
LONG = {schema.outcome, schema.audit_entry}
"""Tables that grow for ever, and that no job needs: the database itself looks through them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """A row that was set aside, or an update."""

    table: str
    """Name of the table that it stood in."""
    key: str
    """Its primary key, as far as it can be read."""
    reason: str
    """What could not be read."""

    @property
    def is_update(self) -> bool:
        """Whether it is an event of a chat platform; its key begins with the adapter's name."""
        return self.table == schema.incoming_update.name


class Quarantine:
    """The rows that cannot be read, and those that were set aside. Every method is one transaction and raises
    StoreFailed, except `clear_before_start`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def set_aside_unreadable(self, allowance: int) -> list[SetAside]:
        """Sets the rows aside that a start would read and cannot: each is kept for the operator; the job that it
        belonged to ends, and its credits come back. `allowance`: credits a day of most users."""
        now = self._clock.now()
        return _logged(await self._database.write(lambda conn: set_aside_unreadable(conn, allowance, now)))

    async def clear_before_start(self, allowance: int) -> None:
        """As `set_aside_unreadable`, before anything is read. Whatever goes wrong with it must not stop a start
        either: it is logged."""
        try:
            await self.set_aside_unreadable(allowance)
        except StoreFailed as failed:
            log.warning("unreadable rows not looked for", detail=failed.detail)
        except Exception:
            log.exception("unreadable rows not set aside")

    async def set_aside_job(self, job_id: str, reason: str) -> bool:
        """Ends an unfinished job that breaks whoever runs it, as `set_aside_unreadable` does. False: it had ended."""
        now = self._clock.now()
        found = await self._database.write(lambda conn: set_aside_job(conn, job_id, reason, now))
        return bool(_logged([] if found is None else [found]))

    async def set_aside(self, table: str, key: Sequence[Any], reason: str) -> None:
        """Takes a row out of a table whose rows stand for themselves, for the caller could not make sense of it.

        `key`: the values of its primary key."""
        now = self._clock.now()
        found = await self._database.write(
            lambda conn: set_aside_row(conn, schema.metadata.tables[table], key, reason, now)
        )
        _logged(found)

    async def set_aside_update(self, adapter: str, number: int | None, body: object, reason: str) -> None:
        """Keeps an update that cannot be read or handled, and deletes it where it waits to be handled. No-op for one
        that is kept already: platforms repeat updates.

        `number`: the platform's own; None: it cannot be read. `body`: its JSON; None: what was saved of it. The
        values of fields that are secret are left out."""
        now = self._clock.now()
        found = await self._database.write(lambda conn: set_aside_update(conn, adapter, number, body, reason, now))
        if found is not None:
            UPDATES_SET_ASIDE.labels(adapter.partition(":")[0]).inc()
            log.error("update set aside", adapter=adapter, key=found.key, reason=reason)

    async def find_unreadable(self) -> list[SetAside]:
        """What `set_aside_unreadable` would set aside."""
        return await self._database.read(find_unreadable)

    async def find_unbalanced(self) -> list[SetAside]:
        """The accounts that reserve other than their jobs under way do. Raises StoreFailed."""
        return await self._database.read(find_unbalanced)

    async def list_rows(self) -> list[SetAside]:
        """The rows that were set aside within the last month, oldest first."""
        return await self._database.read(list_quarantine)


def _logged(found: list[SetAside]) -> list[SetAside]:
    for each in found:
        ROWS_SET_ASIDE.labels(each.table).inc()
        log.error("row set aside", table=each.table, key=each.key, reason=each.reason)
    return found


# ---------------------------------------------------------------- inside a transaction


def set_aside_unreadable(conn: Connection, allowance: int, now: datetime) -> list[SetAside]:
    """Sets every unreadable row aside that a start or a job under way would read. `allowance`: credits a day, for
    accounts that are computed anew."""
    found = [each for table in _independent_tables() for each in _take_out(conn, _unreadable(conn, table), now)]
    found += _rebuild_accounts(conn, allowance, now)
    for suspect in job_audit.unsound_jobs(conn):
        if (audited := job_audit.audit_again(conn, suspect, locks=True)) is None:
            continue
        try:
            with conn.begin_nested():
                job_audit.end_unreadable(conn, audited, now)
        except Exception:  # of this job alone: it stays out of every list of jobs, and others are put right
            log.exception("unreadable job not ended", job=audited.row.key)
        found.append(keep(conn, audited.row, audited.reason, now))
    found += _take_out(conn, job_audit.unreadable_parts(conn), now)
    _release_orphans(conn, now)
    return found


def set_aside_job(conn: Connection, job_id: str, reason: str, now: datetime) -> SetAside | None:
    """Ends a job under way that breaks whoever runs it. None: it has ended, or there is none."""
    for row in read_raw_rows(conn, schema.job, "id = :id AND finished IS NULL", id=job_id):
        job_audit.end_unreadable(conn, job_audit.AuditedJob(row=row, reason=reason), now)
        return keep(conn, row, reason, now)
    return None


def set_aside_row(conn: Connection, table: Table, key: Sequence[Any], reason: str, now: datetime) -> list[SetAside]:
    """Takes the row with a primary key out of its table."""
    names = [column.name for column in table.primary_key]
    where = " AND ".join(f'"{name}" = :{name}' for name in names)
    rows = read_raw_rows(conn, table, where, **dict(zip(names, key, strict=True)))
    for row in rows:
        delete_row(conn, row)
    return [keep(conn, row, reason, now) for row in rows]


def set_aside_update(
    conn: Connection, adapter: str, number: int | None, body: object, reason: str, now: datetime
) -> SetAside | None:
    """Keeps an update and takes it out of the inbox. None: it was kept before."""
    inbox, table = schema.incoming_update, schema.quarantine
    if body is None and number is not None:
        body = conn.execute(
            select(inbox.c.body).where(inbox.c.adapter == adapter, inbox.c.id == number)
        ).scalar_one_or_none()
    content = _as_json(body)
    key = f"{adapter} {hashlib.sha256(content.encode(errors='replace')).hexdigest()[:16] if number is None else number}"
    if number is not None:
        conn.execute(delete(inbox).where(inbox.c.adapter == adapter, inbox.c.id == number))
    known = exists().where(table.c.source == inbox.name, table.c.key == key)
    if conn.execute(select(known)).scalar_one():
        return None
    values = {"id": new_id(), "source": inbox.name, "key": key, "reason": reason, "at": now}
    conn.execute(insert(table), values | {"content": content[:MAX_UPDATE_CHARS]})
    newest = (
        select(table.c.id)
        .where(table.c.source == inbox.name)
        .order_by(table.c.at.desc(), table.c.id.desc())
        .limit(MAX_UPDATES)
    )
    conn.execute(delete(table).where(table.c.source == inbox.name, table.c.id.not_in(newest)))
    return SetAside(table=inbox.name, key=key, reason=reason)


def _as_json(body: object) -> str:
    """An update as text, without the values of secret fields."""
    try:
        return _SECRET_FIELD.sub(r"\1…", json.dumps(body, ensure_ascii=False, default=str))
    except RecursionError:  # nested too deeply to be written again
        return json.dumps(f"{type(body).__name__} nested too deeply")


def find_unreadable(conn: Connection) -> list[SetAside]:
    """What `set_aside_unreadable` would set aside; changes nothing."""
    rows = [row for table in _independent_tables() for row in _unreadable(conn, table)]
    rows += [row for row in _accounts(conn) if row.problems]
    found = [_describe(row, _reason(row)) for row in (*rows, *job_audit.unreadable_parts(conn))]
    unsound = [job_audit.audit_again(conn, each, locks=False) for each in job_audit.unsound_jobs(conn)]
    return [*found, *(_describe(each.row, each.reason) for each in unsound if each is not None)]


def find_unbalanced(conn: Connection) -> list[SetAside]:
    """The accounts whose reserved credits are not those of their jobs under way; changes nothing."""
    found: list[SetAside] = []
    for row in [row for row in _accounts(conn) if not row.problems]:
        due = ledger.reserved_by_jobs(conn, row.values["id"])
        if row.values["reserved"] != due:
            found.append(_describe(row, f"reserves {row.values['reserved']} credits, its jobs under way {due}"))
    return found


def list_quarantine(conn: Connection) -> list[SetAside]:
    """The rows that were set aside, oldest first."""
    table = schema.quarantine
    query = select(table.c.source, table.c.key, table.c.reason).order_by(table.c.at, table.c.id)
    return [SetAside(table=row.source, key=row.key, reason=row.reason) for row in conn.execute(query)]


def delete_quarantine(conn: Connection, *, before: datetime | None = None, mentioning: str | None = None) -> None:
    """Forgets the rows that were set aside before a moment, or in which a text stands."""
    table = schema.quarantine
    if before is not None:
        conn.execute(delete(table).where(table.c.at < before))
    if mentioning is not None:
        conn.execute(delete(table).where(table.c.content.contains(mentioning, autoescape=True)))


def keep(conn: Connection, row: RawRow, reason: str, now: datetime) -> SetAside:
    """Keeps what can be shown of a row for the operator; the row itself stays."""
    described = _describe(row, reason)
    shown = {name: text for name, text in row.shown.items() if (row.table.name, name) not in SECRET_COLUMNS}
    values = {"id": new_id(), "source": described.table, "key": described.key, "reason": described.reason}
    conn.execute(insert(schema.quarantine), values | {"content": json.dumps(shown, ensure_ascii=False), "at": now})
    return described


# ---------------------------------------------------------------- rows that stand for themselves


def _independent_tables() -> Sequence[Table]:
    return [table for table in schema.metadata.sorted_tables if table not in OWN_RULES]


def _unreadable(conn: Connection, table: Table) -> Iterator[RawRow]:
    where = misfit_condition(conn, table) if table in LONG else "1 = 1"
    return (row for row in read_raw_rows(conn, table, where) if row.problems)


def _take_out(conn: Connection, rows: Iterator[RawRow] | Sequence[RawRow], now: datetime) -> list[SetAside]:
    taken: list[SetAside] = []
    for row in rows:
        delete_row(conn, row)
        taken.append(keep(conn, row, _reason(row), now))
    return taken


def _describe(row: RawRow, reason: str) -> SetAside:
    return SetAside(table=row.table.name, key=row.key, reason=reason)


def _reason(row: RawRow) -> str:
    return "; ".join(f"{name}: {problem}" for name, problem in row.problems.items())


# ---------------------------------------------------------------- accounts


def _accounts(conn: Connection) -> list[RawRow]:
    """The accounts that do not fit their table, and those with reserved credits."""
    table = schema.account
    rows = read_raw_rows(conn, table, f"({misfit_condition(conn, table)}) OR reserved > 0")
    for row in rows:
        if not row.problems and not _is_sound(row):
            row.problems["daily"] = "numbers that do not fit together"
    return rows


def _is_sound(row: RawRow) -> bool:
    values = row.values
    return 0 <= values["daily"] <= values["allowance"] and values["reserved"] >= 0 and values["granted"] >= 0


def _rebuild_accounts(conn: Connection, allowance: int, now: datetime) -> list[SetAside]:
    """Computes unreadable accounts anew. Where the id is what cannot be read, that of each account whose row is
    missing."""
    found: list[SetAside] = []
    lost_ids = False
    for row in [row for row in _accounts(conn) if row.problems]:
        found.append(keep(conn, row, _reason(row), now))
        if "id" in row.problems:
            delete_row(conn, row)
            lost_ids = True
        else:
            rebuilt = ledger.replay(conn, row.values["id"], allowance, now)
            replace_row(conn, row, {**field_values(rebuilt), **of_member(row)})
    for account_id in users_without_account(conn, everybody=lost_ids):
        rebuilt = ledger.replay(conn, account_id, allowance, now)
        conn.execute(insert(schema.account), {**field_values(rebuilt), "banned": False})
    return found


def of_member(row: RawRow) -> dict[str, Any]:
    """What an unreadable account's row says of its member, as far as it can be read."""
    return {"banned": bool(row.values.get("banned")), "paused_until": row.values.get("paused_until")}


def users_without_account(conn: Connection, *, everybody: bool) -> set[str]:
    """The users who have ledger entries and no account; without `everybody`, of those with a job under way."""
    where = "NOT EXISTS (SELECT 1 FROM account WHERE account.id = ledger.account)"
    if not everybody:
        where += " AND job IN (SELECT id FROM job WHERE finished IS NULL)"
    rows = read_raw_rows(conn, schema.ledger, where)
    return {row.values["account"] for row in rows if "account" not in row.problems}


def _release_orphans(conn: Connection, now: datetime) -> None:
    """Gives reserved credits back that belong to no job under way: their job is gone, or its ledger entry, and then the
    account is computed anew."""
    for row in [row for row in _accounts(conn) if not row.problems]:
        owner, _ = ledger.lock_account(conn, row.values["id"])
        if owner.reserved > ledger.reserved_by_jobs(conn, owner.id):
            for job_id in _orphaned_reservations(conn, owner.id):
                job_audit.release(conn, job_id, now)
        if ledger.get_account(conn, owner.id).reserved != ledger.reserved_by_jobs(conn, owner.id):
            ledger.store_account(conn, ledger.replay(conn, owner.id, owner.allowance, now))


def _orphaned_reservations(conn: Connection, account_id: str) -> list[str]:
    """The jobs of a user's open reservations that are not under way."""
    where = (
        "account = :account AND kind = 'reserve'"
        " AND NOT EXISTS (SELECT 1 FROM ledger AS other WHERE other.job = ledger.job AND other.kind = 'settle')"
        " AND NOT EXISTS (SELECT 1 FROM job WHERE job.id = ledger.job AND job.finished IS NULL)"
    )
    rows = read_raw_rows(conn, schema.ledger, where, account=account_id)
    return [row.values["job"] for row in rows if "job" not in row.problems]
