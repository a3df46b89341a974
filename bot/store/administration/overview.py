"""What runs and what waits at this moment, and today's numbers. Reads alone, inside the transaction it is given."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select

from bot.job import State
from bot.store import job_statistics
from bot.store.readable_rows import as_tuple, read_rows
from bot.store.schema import job, quarantine


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfinishedRow:
    """A job that has not ended."""

    id: str
    user_key: str
    user_name: str
    chat_key: str
    created: datetime
    started: datetime | None
    provider: str | None
    model: str | None
    holder: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOverview:
    """What is stored of this moment."""

    running: tuple[UnfinishedRow, ...]
    """Oldest first."""
    waiting: tuple[UnfinishedRow, ...]
    """All of them up to a limit, oldest first."""
    running_count: int
    waiting_count: int
    set_aside: int
    today: dict[str, int]


def load_overview(conn: Connection, midnight: datetime, *, most_running: int, most_waiting: int) -> StoredOverview:
    """`most_running`, `most_waiting`: rows that are read."""
    running, waiting = (State.RUNNING, most_running), (State.WAITING, most_waiting)
    counts = select(job.c.state, func.count()).where(job.c.state.in_([running[0].value, waiting[0].value]))
    found: dict[str, int] = dict(read_rows(conn, counts.group_by(job.c.state), as_tuple))
    return StoredOverview(
        running=_read(conn, *running),
        waiting=_read(conn, *waiting),
        running_count=found.get(State.RUNNING.value, 0),
        waiting_count=found.get(State.WAITING.value, 0),
        set_aside=int(conn.execute(select(func.count()).select_from(quarantine)).scalar_one()),
        today=job_statistics.stats(conn, midnight),
    )


def _read(conn: Connection, state: State, limit: int) -> tuple[UnfinishedRow, ...]:
    columns = (job.c.id, job.c.user_key, job.c.sender, job.c.chat_key, job.c.created, job.c.started)
    query = select(*columns, job.c.provider, job.c.model, job.c.holder).where(job.c.state == state.value)
    return tuple(read_rows(conn, query.order_by(job.c.created, job.c.id), _unfinished_row, most=limit))


def _unfinished_row(row: RowMapping) -> UnfinishedRow:
    values: dict[str, Any] = {name: value for name, value in row.items() if name != "sender"}
    return UnfinishedRow(user_name=str(row["sender"].get("name", "")), **values)
