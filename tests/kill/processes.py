"""Several processes of Easel on one PostgreSQL: who receives, who paints, and what a test looks at."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from typing_extensions import override

from tests.kill.world import KillWorld
from tests.support.databases import databases_made_by
from tests.support.easel_process import EaselProcess, run_worker
from tests.support.postgres import Cluster
from tests.support.waiting import wait_until
from tests.support.world import World

LOST_AFTER_S = 4.0  # without a sign of life, after which a process is given up; a busy machine needs some
HEARTBEAT_S = 0.5


@contextmanager
def on_postgres(cluster: Cluster, template: str) -> Generator[None]:
    """Every Easel inside keeps its state in a PostgreSQL, a database for each folder."""
    with databases_made_by(lambda _: cluster.url(cluster.create(template=template))):
        yield


@dataclass(slots=True, kw_only=True)
class ProcessesWorld(KillWorld):
    """A world of several processes."""

    role: dict[str, Any] = field(default_factory=dict[str, Any])
    """Settings of the next process alone."""

    @override
    def values(self, changes: Any = None) -> dict[str, Any]:
        given = super(ProcessesWorld, self).values(changes)
        times = {"heartbeat_s": HEARTBEAT_S, "lost_after_s": LOST_AFTER_S}
        return given | {"processes": times} | self.role

    @asynccontextmanager
    async def receiver(self, *, paints: int = 0) -> AsyncGenerator[EaselProcess]:
        """`easel run`, which runs `paints` jobs at once itself."""
        self.role = {"jobs": {"concurrency": paints}}
        async with self.process() as running:
            yield running

    @asynccontextmanager
    async def worker(self, *, paints: int = 50) -> AsyncGenerator[EaselProcess]:
        """`easel worker`, which runs `paints` jobs at once."""
        self.role = {"jobs": {"concurrency": paints}}
        async with World.process(self, run_worker) as running:
            yield running

    async def wait_for_requests(self, prompt: str, count: int = 1) -> None:
        """Waits until the upstream has received that many requests of a prompt."""
        await wait_until(lambda: self.request_count(prompt) == count)
