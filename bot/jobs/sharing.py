"""What jobs need besides where several processes share one database: wired together here.

Without other processes a scheduler and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.jobs.fair_queue import FairQueue
from bot.jobs.message_handover import MessageHandover, NoHandover, SharedHandover
from bot.jobs.runner import JobRunner
from bot.jobs.scheduler import Scheduler
from bot.jobs.shared_dispatch import TOPIC, SharedDispatch
from bot.ports import ChatPort, Cluster, Dispatch, Membership
from bot.runtime.clock import Clock
from bot.status.messages import StatusMessages
from bot.store.job_holders import JobHolders
from bot.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSharing:
    """How jobs are divided among processes."""

    cluster: Cluster
    clock: Clock
    user_concurrent: int
    """Jobs of one user that run at once."""
    holders: JobHolders | None
    """None: there is one process."""
    queues: list[FairQueue] = field(default_factory=list[FairQueue])
    """The one of this process, where there is no other."""

    def limit_user(self, user_concurrent: int) -> None:
        """Another limit from now on; what runs goes on."""
        for each in (*self.queues, *filter(None, [self.holders])):
            each.user_concurrent = user_concurrent

    @property
    def membership(self) -> Membership | None:
        """This process's; None: there is no other."""
        return None if self.cluster.is_local else self.cluster.membership

    def handover(self, status_messages: StatusMessages, ports: Mapping[str, ChatPort]) -> MessageHandover:
        """Who makes the calls about a message."""
        if self.holders is None:
            return NoHandover()
        return SharedHandover(self.holders, status_messages, ports, self.cluster, self.clock)

    def dispatch(
        self,
        runner: JobRunner,
        handover: MessageHandover,
        *,
        concurrency: int,
        platforms: Mapping[str, ChatPort],
        recover_every_s: float,
    ) -> Dispatch:
        """Which process runs a job, and when. `concurrency`: jobs at once in this one; `recover_every_s`: as of
        SharedDispatch."""
        if self.holders is None or not isinstance(handover, SharedHandover):
            queue = FairQueue(concurrency=concurrency, user_concurrent=self.user_concurrent)
            self.queues.append(queue)
            return Scheduler(queue, runner, self.clock)
        dispatch = SharedDispatch(
            self.holders,
            runner,
            self.cluster,
            self.clock,
            concurrency=concurrency,
            platforms=platforms,
            recover_every_s=recover_every_s,
        )
        handover.on_passed = dispatch.forget
        return dispatch


def share_jobs(store: Store, cluster: Cluster, clock: Clock, *, user_concurrent: int) -> JobSharing:
    """Among the processes of a cluster, by the tables of their database."""
    holders = None
    if not cluster.is_local:
        holders = store.job_holders(
            user_concurrent=user_concurrent, notify=lambda conn: cluster.bus.notify(conn, TOPIC)
        )
    return JobSharing(cluster=cluster, clock=clock, user_concurrent=user_concurrent, holders=holders)
