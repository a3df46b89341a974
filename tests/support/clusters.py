"""Processes of one Easel in one test: each a member with leases and a bus of its own, on one PostgreSQL."""

from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import text

from bot.cluster.opening import open_cluster
from bot.ports import EVENTS, PAINTING, Cluster
from bot.runtime.clock import Clock, SystemClock
from bot.settings import Settings
from tests.support.databases import connected

HEARTBEAT_S = 0.1  # the shortest that the settings allow: nobody waits long, and nobody is given up meanwhile
LOST_AFTER_S = 60.0  # of a machine that may be busy


def give_up(database_url: str, cluster: Cluster) -> None:
    """Deletes a member, as by another one that found its heartbeat too old."""
    with connected(database_url) as connection:
        connection.execute(text("DELETE FROM process WHERE id = :id"), {"id": cluster.membership.id})


@asynccontextmanager
async def member(
    database_url: str, clock: Clock | None = None, roles: Collection[str] = (EVENTS, PAINTING), **processes: Any
) -> AsyncGenerator[Cluster]:
    """One process. `processes`: settings of the table of that name; by default nobody is ever given up."""
    times = {"heartbeat_s": HEARTBEAT_S, "lost_after_s": LOST_AFTER_S} | processes
    settings = Settings(database_url=database_url, processes=times)  # type: ignore[reportArgumentType]  # as of a file
    async with open_cluster(settings, clock or SystemClock(), roles=roles) as cluster:
        yield cluster
