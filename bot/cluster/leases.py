"""Leases in PostgreSQL: what one process at a time does, held as long as its holder is a member.

Taken by one statement, renewed by the holder's heartbeat, free with the row of the holder: a lease has no time of its
own that could run out under a holder that lives.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import structlog

from bot.cluster.membership import ProcessMembership
from bot.errors import StoreFailed
from bot.observability.metrics import LEASES_HELD
from bot.ports import Bus, Lease, MembershipChange
from bot.runtime.background import cancel_and_wait
from bot.runtime.clock import Clock
from bot.runtime.supervision import Supervisor
from bot.store import process_rows
from bot.store.control import ControlDatabase
from bot.store.process_rows import View

log = structlog.get_logger()

TOPIC = "leases"  # one is free


class HeldLease:
    """Implements `Lease`."""

    def __init__(self, name: str, fence: int, membership: ProcessMembership, rest_s: float = 0.0) -> None:
        self.name = name
        self.fence = fence
        self.rest_s = rest_s
        self.holder = membership.id
        self._membership = membership
        self._lost = asyncio.Event()

    def is_current(self) -> bool:
        return not self._lost.is_set() and self.holder == self._membership.id and self._membership.is_current()

    def is_lost(self) -> bool:
        return self._lost.is_set()

    async def wait_until_lost(self) -> None:
        await self._lost.wait()

    def lose(self) -> None:
        self._lost.set()


class DatabaseLeases:
    """Implements `Leases`."""

    def __init__(
        self, database: ControlDatabase, membership: ProcessMembership, bus: Bus, clock: Clock, *, look_every_s: float
    ) -> None:
        """`look_every_s`: between two looks whether a lease is still current, seconds."""
        self._database = database
        self._membership = membership
        self._bus = bus
        self._clock = clock
        self._look_every_s = look_every_s
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._held: dict[str, HeldLease] = {}
        self._wanted: dict[str, asyncio.Future[HeldLease]] = {}
        self._rests: dict[str, float] = {}
        """Seconds, of those that are wanted."""
        self._known: set[str] = set()
        """Names that have a row."""
        self._supervisor = Supervisor(clock)
        self._taker = self._supervisor.add_worker("leases", self._take_wanted)
        membership.subscribe(self._lose_all)
        membership.on_beat(self._compare)
        bus.subscribe(TOPIC, lambda _: self._start_taking())
        bus.on_gap(self._start_taking)

    # ------------------------------------------------------------ as of the port

    @asynccontextmanager
    async def hold(self, name: str, *, rest_s: float = 0.0) -> AsyncGenerator[Lease]:
        await self._locks[name].acquire()
        try:
            lease = await self._wait_for(name, rest_s)
        except BaseException:
            self._locks[name].release()
            raise
        try:
            yield lease
        finally:
            await self.release(lease)

    async def try_hold(self, name: str) -> Lease | None:
        if self._locks[name].locked():
            return None
        await self._locks[name].acquire()
        lease = None
        try:
            lease = (await self._take({name: 0.0})).get(name)
        finally:
            if lease is None:
                self._locks[name].release()
        return lease

    async def release(self, lease: Lease) -> None:
        if self._held.get(lease.name) is not lease:
            return
        held = self._held.pop(lease.name)
        held.lose()
        LEASES_HELD.set(len(self._held))
        try:
            await self._give_back(held)
        finally:
            self._locks[lease.name].release()

    async def holders(self, prefix: str) -> dict[str, str | None]:
        return await self._database.run(partial(process_rows.lease_holders, prefix=prefix))

    async def run_held(self, name: str, work: Callable[[Lease], Coroutine[Any, Any, None]]) -> None:
        while True:
            async with self.hold(name) as lease:
                if await self._run_while_current(lease, work(lease)):
                    return

    # ------------------------------------------------------------ its life

    def problem(self) -> str | None:
        """Why no lease is taken right now; None while all is well."""
        return self._supervisor.problem()

    async def stop(self) -> None:
        """Takes none any more. Those that are held are free when the process leaves."""
        await self._supervisor.stop()

    async def _run_while_current(self, lease: Lease, work: Coroutine[Any, Any, None]) -> bool:
        """Whether the work has ended by itself."""
        working = asyncio.create_task(work, name=f"work under lease {lease.name}")
        watching = asyncio.create_task(self._watch(lease), name=f"watch of lease {lease.name}")
        try:
            await asyncio.wait((working, watching), return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                working.result()
                return True
            log.warning("a lease is not current any more", lease=lease.name)
            return False
        finally:
            await cancel_and_wait((working, watching))

    async def _watch(self, lease: Lease) -> None:
        while lease.is_current():
            await self._clock.sleep(self._look_every_s)

    # ------------------------------------------------------------ taking and losing

    async def _wait_for(self, name: str, rest_s: float) -> HeldLease:
        self._rests[name] = rest_s
        wanted = self._wanted[name] = asyncio.get_running_loop().create_future()
        self._start_taking()
        try:
            return await wanted
        except asyncio.CancelledError:
            if (lease := self._held.pop(name, None)) is not None:  # it came at the same moment
                lease.lose()
                await self._give_back(lease)
            raise
        finally:
            self._wanted.pop(name, None)
            self._rests.pop(name, None)

    def _start_taking(self) -> None:
        if self._wanted:
            self._taker.start()

    async def _take_wanted(self) -> None:
        names = {name: self._rests[name] for name, wanted in self._wanted.items() if not wanted.done()}
        if not names:
            return
        try:
            taken = await self._take(names)
        except StoreFailed as failed:  # again with the next heartbeat
            log.warning("leases not taken", detail=failed.detail)
            return
        for name, lease in taken.items():
            wanted = self._wanted.get(name)
            if wanted is not None and not wanted.done():
                wanted.set_result(lease)
            else:  # whoever waited for it has gone
                self._held.pop(name).lose()
                await self._give_back(lease)

    async def _take(self, names: dict[str, float]) -> dict[str, HeldLease]:
        """Takes those that are free. `names`: with the seconds for which each rests. Raises StoreFailed."""
        if new := names.keys() - self._known:
            await self._database.run(partial(process_rows.make_leases, names=new))
            self._known |= new
        member_id = self._membership.id
        fences = await self._database.run(partial(process_rows.take_leases, member_id=member_id, wanted=names))
        if member_id != self._membership.id:
            return {}
        taken = {name: HeldLease(name, fence, self._membership, names[name]) for name, fence in fences.items()}
        self._held |= taken
        LEASES_HELD.set(len(self._held))
        return taken

    async def _give_back(self, lease: HeldLease) -> None:
        with suppress(StoreFailed):  # it is seen with a later heartbeat that nobody here holds it
            give_back = partial(
                process_rows.give_back_lease,
                member_id=lease.holder,
                name=lease.name,
                fence=lease.fence,
                rest_s=lease.rest_s,
            )
            await self._database.run(give_back)
            await self._bus.publish(TOPIC)

    async def _compare(self, view: View) -> None:
        """After a heartbeat: what the database says that this process holds, and does not, is given back."""
        for name, fence in view.held.items():
            lease = self._held.get(name)
            if lease is None and name not in self._wanted and not self._locks[name].locked():
                stale = HeldLease(name, fence, self._membership)
                await self._give_back(stale)
        self._start_taking()

    def _lose_all(self, change: MembershipChange) -> None:
        if change.kind != "lapsed":
            return
        for lease in self._held.values():
            lease.lose()
            self._locks[lease.name].release()
        self._held.clear()
        LEASES_HELD.set(0)
