"""This process among the others, by a heartbeat in PostgreSQL: who is there, and whether it still counts itself.

A process acts only within `lost_after_s` of a heartbeat that succeeded, which it knows without asking; the others give
it up only after as long without one. So whoever was stopped, or cut off, has lapsed before anybody takes its place.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import uuid4

import structlog

from bot.cluster.machine import is_dead
from bot.errors import StoreFailed
from bot.observability.metrics import CLUSTER_LAPSES, CLUSTER_MEMBERS
from bot.ports import Bus, Member, MembershipChange
from bot.runtime.clock import Clock, wait_for_event
from bot.runtime.supervision import Supervisor
from bot.store import process_rows
from bot.store.control import ControlDatabase
from bot.store.process_rows import Machine, View

log = structlog.get_logger()

TOPIC = "members"  # somebody came or went
LATE_HEARTBEATS = 1  # after which a process on the same machine is looked at


class ProcessMembership:
    """Implements `Membership`."""

    def __init__(
        self,
        database: ControlDatabase,
        bus: Bus,
        member: Member,
        machine: Machine,
        clock: Clock,
        *,
        heartbeat_s: float,
        lost_after_s: float,
    ) -> None:
        """`member`: this process; its id and time are set by `join`."""
        self._database = database
        self._bus = bus
        self._member = replace(member, id=uuid4().hex)
        self._machine = machine
        self._clock = clock
        self._heartbeat_s, self._lost_after_s = heartbeat_s, lost_after_s
        self._supervisor = Supervisor(clock)
        self._members: tuple[Member, ...] = ()
        self._current_until_s = -math.inf
        """Of the clock's `monotonic`."""
        self._is_joined = False
        self._beaten = asyncio.Event()
        """Set by each heartbeat that succeeds."""
        self._wake = asyncio.Event()
        self._subscribers: list[Callable[[MembershipChange], None]] = []
        self._beat_subscribers: list[Callable[[View], Awaitable[None]]] = []
        self._failure: str | None = None
        bus.subscribe(TOPIC, self._look_soon)
        bus.on_gap(partial(self._look_soon, None))

    # ------------------------------------------------------------ as of the port

    @property
    def id(self) -> str:
        return self._member.id

    def is_current(self) -> bool:
        return self._clock.monotonic() < self._current_until_s

    def reaches_database(self) -> bool:
        return self._failure is None and self.is_current()

    async def wait_until_database(self) -> None:
        while not self.reaches_database():
            self._beaten.clear()
            await self._beaten.wait()

    def alone(self) -> bool:
        return len(self._members) <= 1

    def members(self) -> tuple[Member, ...]:
        return self._members

    def subscribe(self, on_change: Callable[[MembershipChange], None]) -> None:
        self._subscribers.append(on_change)

    async def wait_until_current(self) -> None:
        while not self.is_current():
            self._beaten.clear()
            await self._beaten.wait()

    def problem(self) -> str | None:
        if (failed := self._supervisor.problem()) is not None:
            return failed
        return None if self.reaches_database() else f"no heartbeat ({self._failure or 'the process was stopped'})"

    # ------------------------------------------------------------ its life

    def on_beat(self, handler: Callable[[View], Awaitable[None]]) -> None:
        """Has `handler` called after each heartbeat, before the next one."""
        self._beat_subscribers.append(handler)

    async def start(self) -> None:
        """Joins, and stays a member from then on. Raises StoreFailed."""
        await self._join()
        await self._beat()
        self._supervisor.keep_running(
            "membership", self._run_forever, first_pause_s=self._heartbeat_s, max_pause_s=self._lost_after_s
        )

    async def leave(self) -> None:
        """Ends the membership: what this process held is free."""
        await self._supervisor.stop()
        self._current_until_s = -math.inf
        try:
            await self._database.run(partial(process_rows.remove, member_ids=[self.id]))
            await self._bus.publish(TOPIC)
        except StoreFailed as failed:
            log.warning("the others notice by themselves that this process has gone", detail=failed.detail)

    def _look_soon(self, _: Any) -> None:
        self._wake.set()

    async def _run_forever(self) -> None:
        while True:
            await wait_for_event(self._wake, self._heartbeat_s, self._clock)
            self._wake.clear()
            try:
                await self._beat()
            except StoreFailed as failed:
                if self._failure is None:
                    log.warning("no heartbeat", detail=failed.detail)
                self._failure = failed.detail or type(failed).__name__

    async def _join(self) -> None:
        self._member = await self._database.run(partial(process_rows.join, member=self._member, machine=self._machine))
        self._is_joined = True
        neighbours = await self._database.run(
            partial(process_rows.neighbours, member_id=self.id, machine=self._machine)
        )
        await self._remove_dead(neighbours)
        with suppress(StoreFailed):  # they see it with their next heartbeats
            await self._bus.publish(TOPIC)

    async def _beat(self) -> None:
        """One heartbeat. Raises StoreFailed."""
        if not self._is_joined:
            await self._join()
        began_s = self._clock.monotonic()
        view = await self._database.run(
            partial(
                process_rows.beat,
                member_id=self.id,
                machine=self._machine,
                lost_after_s=self._lost_after_s,
                late_after_s=LATE_HEARTBEATS * self._heartbeat_s,
            )
        )
        if view is None:
            self._lapse()
            await self._beat()
            return
        self._failure = None
        self._current_until_s = began_s + self._lost_after_s
        self._beaten.set()
        self._set_members(view.members)
        for handler in self._beat_subscribers:
            await handler(view)
        await self._remove_dead(view.late)

    async def _remove_dead(self, neighbours: tuple[process_rows.Neighbour, ...]) -> None:
        """Gives up processes of this machine that have ended."""
        dead = [each.id for each in neighbours if await asyncio.to_thread(is_dead, each)]
        if dead:
            await self._database.run(partial(process_rows.remove, member_ids=dead))
            self._wake.set()

    def _lapse(self) -> None:
        old = self._member
        log.warning("this process was given up, and begins anew", member=old.id)
        CLUSTER_LAPSES.inc()
        self._current_until_s = -math.inf
        self._is_joined = False
        self._member = replace(old, id=uuid4().hex)
        self._tell(MembershipChange(kind="lapsed", member=old))

    def _set_members(self, members: tuple[Member, ...]) -> None:
        before = {each.id: each for each in self._members}
        after = {each.id: each for each in members}
        self._members = members
        CLUSTER_MEMBERS.set(len(members))
        if not before:  # the first look
            return
        for member_id in before.keys() - after.keys() - {self.id}:
            self._tell(MembershipChange(kind="left", member=before[member_id]))
        for member_id in after.keys() - before.keys() - {self.id}:
            self._tell(MembershipChange(kind="joined", member=after[member_id]))

    def _tell(self, change: MembershipChange) -> None:
        log.info("member " + change.kind, member=change.member.id, process=change.member.name)
        for subscriber in self._subscribers:
            try:
                subscriber(change)
            except Exception:
                log.exception("a change of members was not handled", change=change.kind)
