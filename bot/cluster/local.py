"""The only process there is, as on SQLite: it is always a member, holds every lease, and has nobody to talk to.

No table, no task, nothing to wait for.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from bot.ports import EVENTS, PAINTING, Cluster, Lease, Member, MembershipChange, Transaction


class LocalMembership:
    """Implements `Membership`."""

    def __init__(self) -> None:
        self._member = Member(
            id=uuid4().hex,
            name="this process",
            version="",
            roles=frozenset((EVENTS, PAINTING)),
            started=datetime.now(UTC),
        )

    @property
    def id(self) -> str:
        return self._member.id

    def is_current(self) -> bool:
        return True

    def reaches_database(self) -> bool:
        return True

    async def wait_until_database(self) -> None:
        return

    def alone(self) -> bool:
        return True

    def members(self) -> tuple[Member, ...]:
        return (self._member,)

    def subscribe(self, on_change: Callable[[MembershipChange], None]) -> None:
        """Nothing ever changes."""

    async def wait_until_current(self) -> None:
        return

    def problem(self) -> str | None:
        return None


class LocalLease:
    """Implements `Lease`."""

    fence = 1

    def __init__(self, name: str, rest_s: float) -> None:
        self.name = name
        self.rest_s = rest_s
        self._given_back = asyncio.Event()

    def is_current(self) -> bool:
        return not self._given_back.is_set()

    def is_lost(self) -> bool:
        return self._given_back.is_set()

    async def wait_until_lost(self) -> None:
        await self._given_back.wait()

    def give_back(self) -> None:
        self._given_back.set()


class LocalLeases:
    """Implements `Leases`."""

    def __init__(self, member_id: str) -> None:
        self._member_id = member_id
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._held: dict[str, LocalLease] = {}

    @asynccontextmanager
    async def hold(self, name: str, *, rest_s: float = 0.0) -> AsyncGenerator[Lease]:
        lease = await self._take(name, rest_s)
        try:
            yield lease
        finally:
            await self.release(lease)

    async def try_hold(self, name: str) -> Lease | None:
        return None if self._locks[name].locked() else await self._take(name, 0.0)

    async def release(self, lease: Lease) -> None:
        if self._held.get(lease.name) is lease:
            held = self._held.pop(lease.name)
            held.give_back()
            if held.rest_s:
                asyncio.get_running_loop().call_later(held.rest_s, self._locks[lease.name].release)
            else:
                self._locks[lease.name].release()

    async def holders(self, prefix: str) -> dict[str, str | None]:
        return {name: self._member_id for name in self._held if name.startswith(prefix)}

    async def run_held(self, name: str, work: Callable[[Lease], Coroutine[Any, Any, None]]) -> None:
        async with self.hold(name) as lease:
            await work(lease)

    def problem(self) -> str | None:
        return None

    async def _take(self, name: str, rest_s: float) -> LocalLease:
        await self._locks[name].acquire()
        lease = self._held[name] = LocalLease(name, rest_s)
        return lease


class LocalBus:
    """Implements `Bus`."""

    async def publish(self, topic: str, payload: Any = None) -> None:
        """Nobody listens."""

    def notify(self, conn: Transaction, topic: str, payload: Any = None) -> None:
        """Nobody listens."""

    def subscribe(self, topic: str, handler: Callable[[Any], None]) -> None:
        """Nobody speaks."""

    def on_gap(self, handler: Callable[[], None]) -> None:
        """Nothing is missed."""

    def problem(self) -> str | None:
        return None


def local_cluster() -> Cluster:
    """The cluster of a process that is alone."""
    membership = LocalMembership()
    return Cluster(membership=membership, leases=LocalLeases(membership.id), bus=LocalBus(), is_local=True)
