"""Members and leases as rows of PostgreSQL: what one process knows of the others, by the database's own clock.

Every statement is a transaction of its own: a process that is stopped between two of them holds no lock that the others
wait for. Who holds what hangs on one thing, the row of its process: whoever deletes that has freed it all.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Double, Text

from bot.ports import Member


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where a process runs, as far as others on the same machine can look at it."""

    name: str
    """The same for all processes that see each other's numbers; empty where that is not known."""
    pid: int
    """The process's number."""
    pid_started: int
    """When it began, in the machine's own measure: tells it from a later one with the same number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A member on the same machine whose heartbeat is late."""

    id: str
    pid: int
    pid_started: int


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a heartbeat has shown."""

    members: tuple[Member, ...]
    """This process included, by id."""
    late: tuple[Neighbour, ...]
    """Who may have died on this machine."""
    held: dict[str, int]
    """Fences of the leases that this process holds, by name."""


def _list(name: str) -> Any:
    return bindparam(name, type_=ARRAY(Text))


_JOIN = text(
    """INSERT INTO process (id, name, version, roles, machine, pid, pid_started, started, heartbeat, steady_since)
       VALUES (:id, :name, :version, to_json(:roles), :machine, :pid, :pid_started, now(), now(), now())
       ON CONFLICT (id) DO UPDATE SET heartbeat = now() RETURNING started"""
).bindparams(_list("roles"))
# A heartbeat that came late: this process, or the database, was away; nobody is judged by that time.
_BEAT = text(
    """UPDATE process SET heartbeat = now(),
           steady_since = CASE WHEN heartbeat < now() - :lost_after THEN now() ELSE steady_since END
       WHERE id = :id RETURNING steady_since < now() - :lost_after"""
)
_GIVE_UP = text("DELETE FROM process WHERE heartbeat < now() - :lost_after AND id <> :id")
_MEMBERS = text(
    """SELECT id, name, version, roles, started,
           machine = :machine AND id <> :id AND heartbeat < now() - :late_after, pid, pid_started
       FROM process ORDER BY id"""
)
_ALIVE = text("SELECT name FROM process WHERE heartbeat > clock_timestamp() - :lost_after ORDER BY name")
_LOCK_OUT = text("LOCK TABLE process IN SHARE MODE")
_HELD = text("SELECT name, fence FROM lease WHERE holder = :id")
_LEAVE = text("DELETE FROM process WHERE id = ANY(:ids)").bindparams(_list("ids"))
_MAKE_LEASES = text(
    "INSERT INTO lease (name, fence, rest_until) SELECT unnest(:names), 0, now() ON CONFLICT (name) DO NOTHING"
).bindparams(_list("names"))
# In the order of their names, and past those that somebody else is taking: no two processes wait for each other.
_TAKE = text(
    """UPDATE lease SET holder = :id, fence = fence + 1, rest_until = now() + wanted.rest_s * interval '1 second'
       FROM unnest(:names, :rests) AS wanted(name, rest_s)
       WHERE lease.name = wanted.name AND lease.name IN (
           SELECT name FROM lease WHERE name = ANY(:names) AND (holder IS NULL OR holder = :id) AND rest_until <= now()
           ORDER BY name FOR UPDATE SKIP LOCKED)
       RETURNING lease.name, lease.fence"""
).bindparams(_list("names"), bindparam("rests", type_=ARRAY(Double)))
_GIVE_BACK = text(
    """UPDATE lease SET holder = NULL, rest_until = now() + :rest
       WHERE name = :name AND holder = :id AND fence = :fence"""
)
_HOLDERS = text("SELECT name, holder FROM lease WHERE starts_with(name, :prefix)")


def join(conn: Connection, member: Member, machine: Machine) -> Member:
    """Adds a member; returns it with its time by the database's clock. May be repeated."""
    values = {
        "id": member.id,
        "name": member.name,
        "version": member.version,
        "roles": sorted(member.roles),
        "machine": machine.name,
        "pid": machine.pid,
        "pid_started": machine.pid_started,
    }
    started = conn.execute(_JOIN, values).scalar_one()
    return Member(id=member.id, name=member.name, version=member.version, roles=member.roles, started=started)


def beat(
    conn: Connection, member_id: str, machine: Machine, *, lost_after_s: float, late_after_s: float
) -> View | None:
    """A heartbeat, with a look at the others; gives up those whose heartbeat is older than `lost_after_s`, unless this
    process's own were late within that time. None: this process was given up."""
    lost_after = timedelta(seconds=lost_after_s)
    is_steady = conn.execute(_BEAT, {"id": member_id, "lost_after": lost_after}).scalar_one_or_none()
    if is_steady is None:
        return None
    if is_steady:
        conn.execute(_GIVE_UP, {"id": member_id, "lost_after": lost_after})
    late_after = timedelta(seconds=late_after_s)
    rows = conn.execute(_MEMBERS, {"id": member_id, "machine": machine.name, "late_after": late_after}).all()
    held = conn.execute(_HELD, {"id": member_id}).all()
    return View(
        members=tuple(
            Member(id=row[0], name=row[1], version=row[2], roles=frozenset(row[3]), started=row[4]) for row in rows
        ),
        late=tuple(Neighbour(id=row[0], pid=row[6], pid_started=row[7]) for row in rows if row[5] and machine.name),
        held={row.name: row.fence for row in held},
    )


def neighbours(conn: Connection, member_id: str, machine: Machine) -> tuple[Neighbour, ...]:
    """All other members on the same machine."""
    rows = conn.execute(_MEMBERS, {"id": member_id, "machine": machine.name, "late_after": timedelta()}).all()
    return tuple(Neighbour(id=row[0], pid=row[6], pid_started=row[7]) for row in rows if row[5] and machine.name)


def lock_out(conn: Connection, lost_after_s: float) -> tuple[str, ...]:
    """Keeps processes from joining until the transaction ends; returns the names of those that are there."""
    conn.execute(_LOCK_OUT)
    return tuple(conn.scalars(_ALIVE, {"lost_after": timedelta(seconds=lost_after_s)}))


def remove(conn: Connection, member_ids: Sequence[str]) -> None:
    """Deletes members: they left, or are known to be dead. What they held is free."""
    conn.execute(_LEAVE, {"ids": list(member_ids)})


def make_leases(conn: Connection, names: Collection[str]) -> None:
    """Makes leases, free; no-op for those that exist."""
    conn.execute(_MAKE_LEASES, {"names": sorted(names)})


def take_leases(conn: Connection, member_id: str, wanted: Mapping[str, float]) -> dict[str, int]:
    """Takes those that are free; returns their fences by name. `wanted`: seconds in which nobody else takes them, by
    name. Raises when the member was given up."""
    values = {"id": member_id, "names": list(wanted), "rests": list(wanted.values())}
    return {row.name: row.fence for row in conn.execute(_TAKE, values).all()}


def give_back_lease(conn: Connection, member_id: str, name: str, fence: int, rest_s: float) -> None:
    """Frees a lease, and has it rest; no-op where another holds it."""
    values = {"id": member_id, "name": name, "fence": fence, "rest": timedelta(seconds=rest_s)}
    conn.execute(_GIVE_BACK, values)


def lease_holders(conn: Connection, prefix: str) -> dict[str, str | None]:
    """Ids of members by the names of leases; None: free."""
    return {row.name: row.holder for row in conn.execute(_HOLDERS, {"prefix": prefix}).all()}
