"""Opens what a process knows of the others: on SQLite there are none, on PostgreSQL it becomes a member.

The one place that knows both.
"""

import asyncio
import os
import socket
from collections.abc import AsyncGenerator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from sqlalchemy.engine import URL

from bot.cluster.local import local_cluster
from bot.cluster.machine import this_machine
from bot.errors import SettingsWrong, StoreFailed
from bot.ports import Cluster, Member
from bot.runtime.clock import Clock
from bot.settings import Settings
from bot.store.control import ControlDatabase
from bot.store.engine import is_sqlite, parse_url

PACKAGE = "easel-bot"


@asynccontextmanager
async def open_cluster(settings: Settings, clock: Clock, *, roles: Collection[str]) -> AsyncGenerator[Cluster]:
    """This process as a member, until the end of the block; the tables exist. `roles`: of EVENTS and PAINTING.

    Raises SettingsWrong where PostgreSQL cannot be reached.
    """
    url = parse_url(settings.database_url)
    if is_sqlite(url):
        yield local_cluster()
        return
    async with AsyncExitStack() as stack:
        try:
            cluster = await _join(settings, url, clock, roles, stack)
        except StoreFailed as failed:
            raise SettingsWrong([f"database_url: {failed.detail}"]) from failed
        yield cluster


async def _join(settings: Settings, url: URL, clock: Clock, roles: Collection[str], stack: AsyncExitStack) -> Cluster:
    # psycopg is there only where PostgreSQL is used
    from bot.cluster.bus import NotifyBus
    from bot.cluster.leases import DatabaseLeases
    from bot.cluster.membership import ProcessMembership

    times = settings.processes
    database = ControlDatabase(url, answer_within_s=times.lost_after_s)
    stack.push_async_callback(database.close)
    listen_url = url if settings.database_listen_url is None else parse_url(settings.database_listen_url)
    bus = NotifyBus(database, listen_url, clock, check_every_s=times.lost_after_s)
    stack.push_async_callback(bus.stop)
    await bus.start()
    identity = await asyncio.to_thread(_identify)
    member = Member(id="", name=identity.name, version=identity.version, roles=frozenset(roles), started=clock.now())
    membership = ProcessMembership(
        database,
        bus,
        member,
        await asyncio.to_thread(this_machine),
        clock,
        heartbeat_s=times.heartbeat_s,
        lost_after_s=times.lost_after_s,
    )
    leases = DatabaseLeases(database, membership, bus, clock, look_every_s=times.heartbeat_s / 2)
    stack.push_async_callback(membership.leave)
    stack.push_async_callback(leases.stop)
    await membership.start()
    return Cluster(membership=membership, leases=leases, bus=bus)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Identity:
    name: str
    version: str


def _identify() -> _Identity:
    """What people call this process."""
    try:
        installed = version(PACKAGE)
    except PackageNotFoundError:  # run from a checkout
        installed = ""
    return _Identity(name=f"{socket.gethostname()}:{os.getpid()}", version=installed)
