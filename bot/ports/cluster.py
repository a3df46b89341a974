"""What the processes of one Easel know of each other, as Protocols with their promises: members, leases, a bus.

Nothing here does anything. On SQLite there is one process, and each of these costs nothing; on
PostgreSQL they stand in its tables. Times that processes compare are the database's own; whether this process may still
act is measured on its own clock, without asking anybody.
"""

from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

Transaction = Any  # a `sqlalchemy.Connection`, which modules without I/O may not import
EVENTS, PAINTING = "events", "painting"  # roles: handles what users do; runs jobs
MAX_PAYLOAD_BYTES = 7000  # of a message on the bus, as JSON in ASCII; PostgreSQL takes 8,000 with what stands around it


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One process of this Easel."""

    id: str
    """New for each incarnation: a process that was given up and goes on has another one."""
    name: str
    """For people: host and process number."""
    version: str
    """Of the program."""
    roles: frozenset[str]
    """Of EVENTS and PAINTING."""
    started: datetime
    """When it joined, by the database's clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipChange:
    """What became of a member."""

    kind: Literal["joined", "left", "lapsed"]
    """`joined` and `left`: another process came, or went: it stopped, or was given up. `lapsed`: this process was given
    up by the others; what it held is theirs now. It has a new id already, and is current once it has joined with it."""
    member: Member
    """Who; with `lapsed`, who this process was until now."""


class Membership(Protocol):
    """This process among the processes of one Easel."""

    @property
    def id(self) -> str:
        """This incarnation's id; never empty."""
        ...

    def is_current(self) -> bool:
        """Whether the others still count on this process: it has reached the database within `lost_after_s`. Local and
        free; to be asked right before anything that only one process may do, such as a call to a platform. False does
        not mean that it was given up: the database may be away for everybody."""
        ...

    def reaches_database(self) -> bool:
        """Whether the last heartbeat has succeeded. Local and free; to be asked before anything new is taken in that is
        told again later."""
        ...

    async def wait_until_database(self) -> None:
        """Returns at once while the database is reached, else once it is again."""
        ...

    def alone(self) -> bool:
        """Whether no other process is a member. One that stopped without a word counts until it is given up."""
        ...

    def members(self) -> tuple[Member, ...]:
        """The members as of the last heartbeat, this one included, by id."""
        ...

    def subscribe(self, on_change: Callable[[MembershipChange], None]) -> None:
        """Has `on_change` called, in the event loop, for every change from now on. It starts work rather than does it;
        what it raises is logged."""
        ...

    async def wait_until_current(self) -> None:
        """Returns at once while the process is current, else once it is again."""
        ...

    def problem(self) -> str | None:
        """Why the process is no current member; None while it is."""
        ...


class Lease(Protocol):
    """Something that one process at a time does, held by this one."""

    @property
    def name(self) -> str: ...

    @property
    def fence(self) -> int:
        """1 for the first holder, and rises with each new one: a fence for what outlives the lease."""
        ...

    def is_current(self) -> bool:
        """Whether this process still holds it and is a current member. Local and free; to be asked before each act."""
        ...

    def is_lost(self) -> bool:
        """Whether it is held no more: given back, or this process was given up. While the database is away that is not
        known, and the lease only is not current."""
        ...

    async def wait_until_lost(self) -> None:
        """Returns once it is lost."""
        ...


class Leases(Protocol):
    """Leases by their names, such as `telegram.polling`. The holder renews its own with its heartbeat. Those of a
    process that stops are free at once, those of one that is given up with it."""

    def hold(self, name: str, *, rest_s: float = 0.0) -> AbstractAsyncContextManager[Lease]:
        """Waits until the lease is this process's, and gives it back at the end of the block. Within the process one
        block at a time holds it, in the order of asking. `rest_s`: seconds, from its taking and again from its giving
        back, in which nobody takes it anew, whatever becomes of this process."""
        ...

    async def try_hold(self, name: str) -> Lease | None:
        """Takes the lease if it is free now; to be given back with `release`.

        Raises StoreFailed.
        """
        ...

    async def release(self, lease: Lease) -> None:
        """Gives the lease back; no-op for one that is lost. Raises nothing: the database frees it at the latest when
        this process stops."""
        ...

    async def holders(self, prefix: str) -> dict[str, str | None]:
        """Who holds the leases whose names begin with `prefix`: ids of members by names, None where it is free. Only
        names that somebody has asked for once are known.

        Raises StoreFailed.
        """
        ...

    async def run_held(self, name: str, work: Callable[[Lease], Coroutine[Any, Any, None]]) -> None:
        """Runs `work` whenever this process holds the lease: cancels it when the lease is not current any more, runs it
        again when it is had again. Returns when `work` does, and gives the lease back. Raises what `work` raises."""
        ...

    def problem(self) -> str | None:
        """Why no lease is taken right now; None while all is well."""
        ...


class Bus(Protocol):
    """Short messages to all other processes, at most once each: whoever relies on one looks into the tables as well,
    after a gap and now and then. A process does not hear itself. On SQLite nobody listens.

    A payload is what JSON can say, at most MAX_PAYLOAD_BYTES: rather the key of a row than its content.
    """

    async def publish(self, topic: str, payload: Any = None) -> None:
        """Tells all other processes.

        Raises StoreFailed, ValueError for a payload that is too long.
        """
        ...

    def notify(self, conn: Transaction, topic: str, payload: Any = None) -> None:
        """As `publish`, within a transaction: they are published when it is committed, or never."""
        ...

    def subscribe(self, topic: str, handler: Callable[[Any], None]) -> None:
        """Has `handler` called with each payload of a topic, in the event loop, in the order of the commits. It starts
        work rather than does it; what it raises is logged."""
        ...

    def on_gap(self, handler: Callable[[], None]) -> None:
        """Has `handler` called whenever messages may have been missed, once they are heard again."""
        ...

    def problem(self) -> str | None:
        """Why nothing is heard right now; None while all is well."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """What this process knows of the others."""

    membership: Membership
    leases: Leases
    bus: Bus
    is_local: bool = False
    """Whether there can be no other process."""

    def problem(self) -> str | None:
        """Why this process does not work with the others right now, for `/readyz`; None while it does."""
        problems = (self.membership.problem(), self.leases.problem(), self.bus.problem())
        return "; ".join(each for each in problems if each is not None) or None
