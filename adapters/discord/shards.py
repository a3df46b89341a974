"""Which shards this process runs, and where their sessions stand: shared out over all processes by leases.

Each takes as many as come to each, and what a dead one leaves; whoever has too many, because another came, gives some
back. Connects nothing itself.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import structlog

from adapters.discord.ids import PLATFORM
from bot.cluster.chat_routing import platform_role
from bot.errors import StoreFailed
from bot.ports import AdapterStorage, Cluster, Lease
from bot.runtime.clock import Clock, wait_for_event

log = structlog.get_logger()

COUNT_LEASE = "discord.shards"  # held while one process settles how many shards there are
SHARD_LEASE = "discord.shard."  # and the number of all shards, a dot, the shard's id
TOPIC = "discord.shards"  # one was given back
LOOK_EVERY_S = 1.0  # for shards that are free, and for sessions that went on
MAX_SESSION_AGE_S = 300.0  # after which Discord has forgotten a session that nobody listens to


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedSession:
    """Where a shard's session stands, for whoever resumes it."""

    session_id: str
    sequence: int
    gateway: str
    """Address to resume it at."""
    at_s: float
    """When that was noted, seconds since 1970."""


class ShardShare:
    """The shards of this process."""

    def __init__(
        self,
        cluster: Cluster,
        storage: AdapterStorage,
        clock: Clock,
        *,
        shard_count: int | None,
        shard_ids: Sequence[int] | None,
    ) -> None:
        """`shard_count` None: what Discord recommends. `shard_ids`: the only ones that this process runs; None: its
        share of all."""
        self.count = shard_count
        """Of all shards; None: not settled yet."""
        self.is_standby = False
        """Whether others run all shards."""
        self._cluster = cluster
        self._storage = storage
        self._clock = clock
        self._given_count = shard_count
        self._only = shard_ids
        self._held: dict[int, Lease] = {}
        self._taken_up: set[int] = set()
        self._saved: dict[int, SavedSession] = {}
        self._news = asyncio.Event()
        cluster.membership.subscribe(lambda _: self._news.set())
        cluster.bus.subscribe(TOPIC, lambda _: self._news.set())

    @property
    def held(self) -> list[int]:
        """The shards of this process, rising."""
        return sorted(self._held)

    def holds(self, shard_id: int) -> bool:
        return shard_id in self._held

    async def settle_count(self, recommended: int) -> int:
        """How many shards there are: what the settings say, what others run already, or what Discord recommends. Takes
        the first ones of this process. Raises StoreFailed."""
        if self._given_count is not None:
            self.count = self._given_count
            return self.count
        async with self._cluster.leases.hold(COUNT_LEASE):
            holders = await self._cluster.leases.holders(SHARD_LEASE)
            others = {holder for holder in holders.values() if holder is not None} - {self._cluster.membership.id}
            counts = [_count_of(name) for name, holder in holders.items() if holder in others]
            self.count = counts[0] if counts else recommended
            await self.take()
        return self.count

    def lost(self) -> list[int]:
        """Shards that are this process's no more: it was given up. Forgets them."""
        gone = [shard_id for shard_id, lease in self._held.items() if lease.is_lost()]
        for shard_id in gone:
            del self._held[shard_id]
            self._taken_up.discard(shard_id)
        return gone

    def take_up(self, shard_id: int) -> bool:
        """Whether this process has just got a shard, and not yet asked what the one before has left."""
        is_new = shard_id not in self._taken_up
        self._taken_up.add(shard_id)
        return is_new

    async def take(self) -> None:
        """Takes free shards, as many as are still this process's part. Raises StoreFailed."""
        assert self.count is not None
        wanted = range(self.count) if self._only is None else self._only
        holders = await self._cluster.leases.holders(f"{SHARD_LEASE}{self.count}.")
        for shard_id in wanted:
            if len(self._held) >= self._part():
                break
            name = f"{SHARD_LEASE}{self.count}.{shard_id}"
            if shard_id in self._held or holders.get(name) is not None:
                continue
            if (lease := await self._cluster.leases.try_hold(name)) is not None:
                self._held[shard_id] = lease
                log.info("discord shard taken", shard=shard_id, shards=self.count)
        self.is_standby = not self._held

    def surplus(self) -> list[int]:
        """Shards that another process should run, because one came."""
        return [] if self._only is not None else self.held[self._part() :]

    async def give_back(self, shard_id: int) -> None:
        """Lets another process have a shard that is connected no more."""
        if (lease := self._held.pop(shard_id, None)) is None:
            return
        self._taken_up.discard(shard_id)
        await self._cluster.leases.release(lease)
        log.info("discord shard given back", shard=shard_id)
        try:
            await self._cluster.bus.publish(TOPIC)
        except StoreFailed as failed:
            log.warning("the others see by themselves that a shard is free", detail=failed.detail)

    async def wait_for_news(self) -> None:
        """Returns when members have changed, a shard was given back, or after LOOK_EVERY_S."""
        await wait_for_event(self._news, None if self._cluster.is_local else LOOK_EVERY_S, self._clock)
        self._news.clear()

    def _part(self) -> int:
        """How many shards come to each process."""
        assert self.count is not None
        if self._only is not None:
            return len(self._only)
        processes = sum(platform_role(PLATFORM) in each.roles for each in self._cluster.membership.members())
        return -(-self.count // max(1, processes))

    # ------------------------------------------------------------ sessions

    async def load_session(self, shard_id: int) -> SavedSession | None:
        """The session of whoever ran a shard before, if Discord may still know it. Raises StoreFailed."""
        if self._cluster.is_local or (text := await self._storage.get_value(self._session_key(shard_id))) is None:
            return None
        try:
            saved = SavedSession(**json.loads(text))
            return saved if abs(self._clock.now().timestamp() - saved.at_s) < MAX_SESSION_AGE_S else None
        except (ValueError, TypeError):
            log.warning("saved discord session not read", shard=shard_id)
            return None

    async def save_session(self, shard_id: int, session_id: str, sequence: int, gateway: str) -> None:
        """Notes where a session stands, where that has changed. Raises StoreFailed."""
        before = self._saved.get(shard_id)
        if self._cluster.is_local or (
            before is not None and (before.session_id, before.sequence) == (session_id, sequence)
        ):
            return
        saved = SavedSession(
            session_id=session_id, sequence=sequence, gateway=gateway, at_s=self._clock.now().timestamp()
        )
        await self._storage.set_value(self._session_key(shard_id), json.dumps(asdict(saved)))
        self._saved[shard_id] = saved

    def _session_key(self, shard_id: int) -> str:
        return f"discord:session:{self.count}.{shard_id}"


def _count_of(lease_name: str) -> int:
    return int(lease_name.removeprefix(SHARD_LEASE).partition(".")[0])
