"""Everything the database knows of one job: its steps with their times, its entries in the ledger, its lineage.

Reads alone, inside the transaction it is given.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from bot.job import Job
from bot.ports.admin_views import MAX_ANCESTORS, JobStep, LedgerRow
from bot.store import job_audit, job_queries, job_rows
from bot.store.administration.members import read_entries
from bot.store.readable_rows import read_rows
from bot.store.schema import HAS_PARENT, checkpoint, job, ledger

STEP_NAMES = {"accepted": "upstream-accepted", "generated": "painted"}  # of checkpoints, where theirs mislead
SHOWN_FACTS = frozenset(
    {"provider", "model", "price", "spent", "upstream_id", "usage", "reason", "attempt", "count", "due", "missing"}
    | {"moved", "scaled", "masked", "shape", "quality"}
)  # of a checkpoint; the others may hold an address or words of a member


@dataclass(frozen=True, slots=True, kw_only=True)
class JobHistory:
    """What is stored of a job."""

    job: Job
    steps: tuple[JobStep, ...]
    ledger: tuple[LedgerRow, ...]
    ancestors: tuple[str, ...]
    children: tuple[str, ...]


def load_history(conn: Connection, job_id: str) -> JobHistory | None:
    """None: there is no such job, or it cannot be read."""
    rows = read_rows(conn, job_queries.select_by_id(job_id), _sound_job)
    if not rows:
        return None
    written = _checkpoints(conn, job_id)
    found = replace(rows[0], checkpoints={row["name"]: row["value"] for row in written})
    entries = tuple(read_entries(conn, select(ledger).where(ledger.c.job == job_id).order_by(ledger.c.at)))
    children = select(job.c.id).where(HAS_PARENT, job.c.parent == job_id).order_by(job.c.created)
    return JobHistory(
        job=found,
        steps=tuple(sorted(_steps(found, written), key=lambda step: step.at)),
        ledger=entries,
        ancestors=tuple(_ancestors(conn, found.parent)),
        children=tuple(read_rows(conn, children, lambda row: row["id"], most=MAX_ANCESTORS)),
    )


def _sound_job(row: RowMapping) -> Job:
    """Without checkpoints. Raises ValueError for JSON of another shape."""
    for name, shape in job_audit.SHAPES.items():
        shape.read(row[name])
    return job_rows.job_of(row, {})


def _checkpoints(conn: Connection, job_id: str) -> list[RowMapping]:
    """In the order they were written."""
    steps = checkpoint.c
    query = select(steps.name, steps.value, steps.at).where(steps.job == job_id).order_by(steps.at, steps.name)
    return read_rows(conn, query, lambda row: row)


def _steps(of: Job, written: Sequence[RowMapping]) -> Iterator[JobStep]:
    yield JobStep(at=of.created, name="accepted", facts={"cost": of.cost})
    if of.started is not None:
        yield JobStep(at=of.started, name="started", facts={})
    for row in written:
        kind, _, number = str(row["name"]).partition(":")
        facts = {"number": int(number)} if number.isdecimal() else {}
        value = row["value"]
        known: Mapping[str, Any] = value if isinstance(value, Mapping) else {}  # type: ignore[reportUnknownVariableType]  # JSON
        facts |= {key: each for key, each in known.items() if key in SHOWN_FACTS}
        yield JobStep(at=row["at"], name=STEP_NAMES.get(kind, kind), facts=facts)
    if of.finished is not None:
        end: dict[str, Any] = {"state": of.state.value, "charged": of.charged}
        if of.failure is not None:
            end["failure"] = of.failure.key
        yield JobStep(at=of.finished, name="settled", facts=end)
    if of.deleted is not None:
        yield JobStep(at=of.deleted, name="deleted", facts={})


def _ancestors(conn: Connection, parent: str | None) -> Iterator[str]:
    known = set[str]()
    while parent is not None and parent not in known and len(known) < MAX_ANCESTORS:
        rows = read_rows(conn, select(job.c.id, job.c.parent).where(job.c.id == parent), lambda row: row)
        if not rows:
            return
        known.add(parent)
        yield parent
        parent = rows[0]["parent"]
