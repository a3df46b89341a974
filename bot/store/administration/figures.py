"""Figures over many jobs that have ended: days, failures, durations. Reads alone, from the rows of `outcome`.

Works inside the transaction it is given.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from math import ceil
from typing import Any

from sqlalchemy import ColumnElement, Connection, Date, case, cast, func, or_, select

from bot.job import State
from bot.ports.admin_figures import MAX_SAMPLES, DayFigures, FailureCount, Latencies, Percentiles
from bot.store.readable_rows import as_tuple, float_sum, read_rows
from bot.store.schema import checkpoint, outcome

MAX_FAILURES = 200  # pairs of class and provider, the most frequent


def daily(conn: Connection, days: int, today: date) -> tuple[DayFigures, ...]:
    """As of `AdminReads.daily`."""
    first = today - timedelta(days=days - 1)
    day = _day(conn)
    sums = (float_sum(outcome.c.pictures), float_sum(outcome.c.charged))
    query = (
        select(day, outcome.c.state, func.count(), *sums)
        .where(outcome.c.finished >= datetime.combine(first, time(), tzinfo=UTC))
        .group_by(day, outcome.c.state)
    )
    found: dict[str, dict[str, Sequence[int]]] = {}
    for on, state, jobs, pictures, charged in read_rows(conn, query, as_tuple):
        found.setdefault(str(on), {})[state] = (int(jobs), int(pictures), int(charged))
    return tuple(_figures_of(first + timedelta(days=number), found) for number in range(days))


def _figures_of(day: date, found: dict[str, dict[str, Sequence[int]]]) -> DayFigures:
    states = found.get(day.isoformat(), {})
    ended = {state: states.get(state.value, (0, 0, 0)) for state in (State.DONE, State.FAILED, State.CANCELLED)}
    return DayFigures(
        day=day,
        pictures=sum(each[1] for each in ended.values()),
        charged=sum(each[2] for each in ended.values()),
        done=ended[State.DONE][0],
        failed=ended[State.FAILED][0],
        cancelled=ended[State.CANCELLED][0],
    )


def _day(conn: Connection) -> ColumnElement[Any]:
    """The day (UTC) on which a job ended: SQLite keeps moments as text, PostgreSQL answers in UTC."""
    if conn.dialect.name == "sqlite":
        return func.substr(outcome.c.finished, 1, 10)
    return cast(outcome.c.finished, Date)


def failures(conn: Connection, since: datetime) -> tuple[FailureCount, ...]:
    """As of `AdminReads.failures`."""
    table = outcome.c
    count = func.count().label("jobs")
    query = (
        select(table.failure, table.provider, count)
        .where(table.finished >= since, table.state == State.FAILED.value, table.failure.is_not(None))
        .group_by(table.failure, table.provider)
        .order_by(count.desc(), table.failure, table.provider)
    )
    return tuple(read_rows(conn, query, lambda row: FailureCount(**row), most=MAX_FAILURES))


def latencies(conn: Connection, since: datetime) -> Latencies:
    """As of `AdminReads.latencies`."""
    table = outcome.c
    latest = (
        select(table.job, table.whole_ms, table.waited_ms)
        .where(table.finished >= since, table.state == State.DONE.value)
        .order_by(table.finished.desc())
    )
    rows = read_rows(conn, latest, lambda row: row, most=MAX_SAMPLES)
    return Latencies(
        whole=percentiles(row["whole_ms"] for row in rows),
        waiting=percentiles(row["waited_ms"] for row in rows if row["waited_ms"] is not None),
        painting=percentiles(_painting_ms(conn, latest.limit(MAX_SAMPLES).subquery())),
        jobs=len(rows),
    )


def _painting_ms(conn: Connection, latest: Any) -> list[int]:
    """From the last request to a provider until its answer was saved, of each job whose checkpoints are kept."""
    steps = checkpoint.c
    asked = func.max(case((steps.name != "generated", steps.at)))
    saved = func.max(case((steps.name == "generated", steps.at)))
    query = (
        select(asked.label("asked"), saved.label("saved"))
        .select_from(checkpoint.join(latest, latest.c.job == steps.job))
        .where(or_(steps.name == "generated", steps.name.startswith("attempt-started:")))
        .group_by(steps.job)
    )
    spans = read_rows(conn, query, lambda row: (row["asked"], row["saved"]))
    return [
        max(0, (end - begin) // timedelta(milliseconds=1))
        for begin, end in spans
        if begin is not None and end is not None
    ]


def percentiles(milliseconds: Iterable[int]) -> Percentiles:
    """By nearest rank: of each, a duration that a job really had."""
    ranked = sorted(milliseconds)

    def at(share: float) -> float | None:
        return ranked[max(0, ceil(share * len(ranked)) - 1)] / 1000 if ranked else None

    return Percentiles(p50=at(0.5), p90=at(0.9), p99=at(0.99))
