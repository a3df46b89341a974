"""Lists of jobs by state, provider, failure, member, chat, time: a page at a time, in one of several orders.

Those that have ended are read from `outcome`, the few others from `job`. Works inside the transaction it is given.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, literal, null, or_, select

from bot.job import FINAL_STATES, State
from bot.ports.admin_views import JobFilter, JobRow, JobSort, Page
from bot.store.administration.pages import decode_position, encode_position, make_page
from bot.store.readable_rows import read_rows
from bot.store.schema import IS_UNFINISHED, job, outcome

Query = Select[*tuple[Any, ...]]
ENDED, OPEN = 0, 1  # the parts of a list: jobs that have ended, then the others


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sort:
    """An order of jobs that have ended."""

    column: ColumnElement[Any]
    value: Callable[[JobRow], Any]
    """Of a row, as the column has it."""


_SORTS: Mapping[JobSort, _Sort] = {
    "created": _Sort(column=outcome.c.created, value=lambda row: row.created),
    "finished": _Sort(column=outcome.c.finished, value=lambda row: row.finished),
    "seconds": _Sort(column=outcome.c.whole_ms, value=lambda row: row.milliseconds),
    "charged": _Sort(column=outcome.c.charged, value=lambda row: row.charged),
    "pictures": _Sort(column=outcome.c.pictures, value=lambda row: row.pictures),
}
_ENDED_ROW = select(
    outcome.c.job.label("id"),
    outcome.c.created,
    outcome.c.finished,
    outcome.c.whole_ms.label("milliseconds"),
    outcome.c.state,
    outcome.c.user_key,
    outcome.c.chat_key,
    outcome.c.provider,
    outcome.c.failure,
    outcome.c.pictures,
    outcome.c.charged,
)
_OPEN_ROW = select(
    job.c.id,
    job.c.created,
    null().label("finished"),
    null().label("milliseconds"),
    job.c.state,
    job.c.user_key,
    job.c.chat_key,
    job.c.provider,
    null().label("failure"),
    literal(0).label("pictures"),
    null().label("charged"),
).where(IS_UNFINISHED)


def list_jobs(
    conn: Connection, where: JobFilter, *, sort: JobSort, descending: bool, after: str | None, limit: int
) -> Page[JobRow]:
    """As of `AdminReads.jobs`."""
    order = f"jobs {sort} {descending}"
    values = decode_position(order, after, (int, int if _is_number(sort) else str, str))
    part = ENDED if values is None else values[0]
    if values is not None and part == ENDED and not _is_number(sort):
        values[1] = datetime.fromisoformat(values[1])

    def position(row: JobRow) -> str:
        if row.finished is None and sort != "created":
            return encode_position(order, (OPEN, 0 if _is_number(sort) else "", row.id))
        value = _SORTS[sort].value(row)
        return encode_position(order, (ENDED, value if _is_number(sort) else value.isoformat(), row.id))

    last = None if values is None else (values[1], values[2])
    if sort == "created":
        rows = _ended(conn, where, sort, descending, last, limit) + _open(conn, where, descending, last, limit)
        rows.sort(key=lambda row: (row.created, row.id), reverse=descending)
        return make_page(rows[: limit + 1], limit, position)
    rows = _ended(conn, where, sort, descending, last, limit) if part == ENDED else []
    if len(rows) <= limit:
        since = None if part == ENDED or last is None else last[1]
        rows += _open_by_id(conn, where, since, limit + 1 - len(rows))
    return make_page(rows, limit, position)


def similar_ids(conn: Connection, text: str, limit: int) -> list[str]:
    """Ids of jobs that begin as a text does, newest first."""
    query = select(job.c.id).where(job.c.id.startswith(text.lower(), autoescape=True))
    return read_rows(conn, query.order_by(job.c.created.desc()), lambda row: row["id"], most=limit)


def _is_number(sort: JobSort) -> bool:
    return sort in ("seconds", "charged", "pictures")


def _ended(
    conn: Connection, where: JobFilter, sort: JobSort, descending: bool, last: tuple[Any, str] | None, limit: int
) -> list[JobRow]:
    if where.state is not None and where.state not in FINAL_STATES:
        return []
    query = _ENDED_ROW.where(*_conditions(where, outcome.c, outcome.c.job))
    if where.failure is not None:
        query = query.where(outcome.c.failure == where.failure)
    if where.since is not None:
        query = query.where(outcome.c.finished >= where.since)  # no job ends before it was accepted: an index serves it
    return _read(conn, _in_order(query, _SORTS[sort].column, outcome.c.job, descending, last), limit + 1)


def _open(
    conn: Connection, where: JobFilter, descending: bool, last: tuple[Any, str] | None, limit: int
) -> list[JobRow]:
    if _excludes_open(where):
        return []
    query = _OPEN_ROW.where(*_conditions(where, job.c, job.c.id))
    return _read(conn, _in_order(query, job.c.created, job.c.id, descending, last), limit + 1)


def _open_by_id(conn: Connection, where: JobFilter, last_id: str | None, count: int) -> list[JobRow]:
    """Those that have no value of the order, by their ids."""
    if _excludes_open(where):
        return []
    query = _OPEN_ROW.where(*_conditions(where, job.c, job.c.id)).order_by(job.c.id)
    return _read(conn, query if last_id is None else query.where(job.c.id > last_id), count)


def _excludes_open(where: JobFilter) -> bool:
    return where.failure is not None or (where.state is not None and where.state in FINAL_STATES)


def _conditions(where: JobFilter, table: Any, job_id: ColumnElement[str]) -> list[ColumnElement[bool]]:
    """Those of columns that both tables have."""
    equal = {"provider": where.provider, "user_key": where.user_key, "chat_key": where.chat_key}
    found = [table[name] == value for name, value in equal.items() if value is not None]
    if where.state is not None:
        found.append(table.state == where.state.value)
    if where.id_text:
        found.append(job_id.contains(where.id_text.lower(), autoescape=True))
    if where.since is not None:
        found.append(table.created >= where.since)
    if where.until is not None:
        found.append(table.created < where.until)
    return found


def _in_order(
    query: Query,
    column: ColumnElement[Any],
    job_id: ColumnElement[str],
    descending: bool,
    last: tuple[Any, str] | None,
) -> Query:
    query = query.order_by(*((column.desc(), job_id.desc()) if descending else (column, job_id)))
    if last is None:
        return query
    value, last_id = last
    if descending:
        return query.where(column <= value, or_(column < value, and_(column == value, job_id < last_id)))
    return query.where(column >= value, or_(column > value, and_(column == value, job_id > last_id)))


def _read(conn: Connection, query: Query, most: int) -> list[JobRow]:
    return read_rows(conn, query, job_row, most=most)


def job_row(row: RowMapping) -> JobRow:
    """The row of a list by its columns."""
    values: dict[str, Any] = {**row, "state": State(row["state"]), "pictures": row["pictures"] or 0}
    return JobRow(**values)
